"""The third door of statsd: packets over a stream, each behind its length."""

import socket
import struct
from collections.abc import Callable, Sequence

from gevent.pool import Pool
from gevent.server import StreamServer

from daemon import telemetry
from daemon.clock import Clock
from daemon.intakes import sockets
from daemon.intakes.doors import LARGEST
from daemon.intakes.statsd.grammar import Reason

PIECE = 64 * 1024  # bytes that are taken from a stream at once
MOST_STREAMS = 256  # connections of programs

Take = Callable[[Sequence[bytes]], None]

_LENGTH = struct.Struct("<I")


class Stream:
    """Takes packets from connections, each packet behind its length."""

    def __init__(self, bound: socket.socket, take: Take, clock: Clock) -> None:
        self.address = sockets.address_of(bound)
        self._bound = bound
        self._take = take
        self._clock = clock
        self._server = StreamServer(bound, self._serve, spawn=Pool(MOST_STREAMS))

    def start(self) -> None:
        """Let programs in."""
        self._server.start()

    def stop(self) -> None:
        """Let nobody in, and hang up."""
        self._server.stop(timeout=0)
        sockets.remove(self.address, self._bound)

    def _serve(self, connection: socket.socket, _: object) -> None:
        rest = b""
        try:
            while piece := connection.recv(PIECE):
                packets, rest = cut(rest + piece)
                self._take(packets)
                if len(piece) == PIECE:  # there is more: others have a turn before
                    self._clock.breathe()
        except FrameTooLong:
            telemetry.statsd_refused.labels(Reason.FRAME.value).inc()
        except OSError:
            pass  # it hung up, as programs do
        finally:
            connection.close()


class FrameTooLong(Exception):
    """Somebody announces a packet that is none."""


def cut(stream: bytes) -> tuple[list[bytes], bytes]:
    """Cut whole packets from a stream; what is left waits for more. Raises FrameTooLong."""
    packets, begin = [], 0
    while len(stream) - begin >= _LENGTH.size:
        (length,) = _LENGTH.unpack_from(stream, begin)
        if length > LARGEST:
            raise FrameTooLong
        end = begin + _LENGTH.size + length
        if len(stream) < end:
            break
        packets.append(stream[begin + _LENGTH.size : end])
        begin = end
    return packets, stream[begin:]
