"""The three doors of statsd: UDP, datagrams over a socket in the file system, and a stream of packets over one.

Datagrams are taken in bursts. A greenlet that took each one by itself would be woken two hundred thousand times a
second; it takes whatever is there, and when that was much, it leaves the next burst a moment to gather.
"""

import ipaddress
import logging
import os
import socket
import struct
from collections.abc import Callable, Sequence

import gevent
from gevent import monkey
from gevent.hub import get_hub
from gevent.pool import Pool
from gevent.server import StreamServer

from daemon import telemetry
from daemon.clock import A_LOOK, Clock
from daemon.intakes import sockets
from daemon.intakes.statsd.grammar import Reason

log = logging.getLogger("tocsin.statsd")

LARGEST = 65_535  # bytes of a packet
BURST = 128 * 1024  # bytes that are taken before they are read
EACH = 32  # bytes as which each datagram counts beside its own: to take it takes time, too
PIECE = 64 * 1024  # bytes that are taken from a stream at once
MUCH = 64  # datagrams: as many in one burst, and the next one may gather
MUCH_PACKED = 8 * 1024  # bytes of fewer: much, too, for they hold many values each
GATHER = 0.001  # seconds: at a rate that can be read, far less than fills the least room that Linux gives
GATHER_LONG = 0.004  # where there is room for more
ROOMY = 2 * 1024**2  # bytes
TROUBLE = 1.0  # seconds after an error of the socket
MOST_STREAMS = 256  # connections of programs
MOST_SENDERS = 10_000  # of which it is known whether they may send

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Take = Callable[[Sequence[bytes]], None]

_LENGTH = struct.Struct("<I")


class Datagrams:
    """Takes what comes to a socket that does not wait. `networks` are those that may send; empty for everybody."""

    def __init__(self, bound: socket.socket, take: Take, clock: Clock, networks: Sequence[Network] = ()) -> None:
        self.bound = bound
        self.address = sockets.address_of(bound)
        self._bare = monkey.get_original("socket", "socket")(fileno=os.dup(bound.fileno()))  # asked far too often
        self._take = take
        self._clock = clock
        self._networks = tuple(networks)
        self._allowed: dict[str, bool] = {}
        # Somebody who sends over the file system waits while its short queue is full: nothing gathers there.
        self._gather = A_LOOK
        if bound.family != socket.AF_UNIX:
            self._gather = GATHER_LONG if sockets.room(bound) >= ROOMY else GATHER
        self._loop: gevent.Greenlet[[], None] | None = None

    def start(self) -> None:
        """Begin to take."""
        self._loop = gevent.spawn(self._run)

    def let(self, networks: Sequence[Network]) -> None:
        """Others may send now."""
        self._networks = tuple(networks)
        self._allowed.clear()

    def stop(self) -> None:
        """Take no more."""
        if self._loop is not None:
            self._loop.kill()
        self._bare.close()
        if self.bound.family == socket.AF_UNIX:
            sockets.remove(self.address, self.bound)
        else:
            self.bound.close()

    def _run(self) -> None:
        hub = get_hub()
        watcher = hub.loop.io(self.bound.fileno(), 1)
        try:
            while True:
                hub.wait(watcher)
                is_much = True
                while is_much:
                    burst, is_all = self._burst()
                    self._hand_over(burst)
                    is_much = len(burst) >= MUCH or sum(map(len, burst)) >= MUCH_PACKED
                    if is_much:
                        self._clock.sleep(self._gather if is_all else A_LOOK)
        finally:
            watcher.close()

    def _hand_over(self, burst: list[bytes]) -> None:
        try:
            self._take(burst)
        except Exception:  # a loop of the process's own: it must go on
            log.exception("%d datagrams at %s were lost", len(burst), self.address)

    def _burst(self) -> tuple[list[bytes], bool]:
        """Take what is there, up to a bound; say whether that was all."""
        burst: list[bytes] = []
        try:
            if self._networks:
                self._from_friends(burst)
            else:
                self._from_all(burst)
        except BlockingIOError:
            return burst, True
        except OSError:
            log.exception("datagrams at %s cannot be taken", self.address)
            self._clock.sleep(TROUBLE)
        return burst, False

    def _from_all(self, burst: list[bytes]) -> None:
        keep, receive, room = burst.append, self._bare.recv, BURST
        while room > 0:
            packet = receive(LARGEST)
            keep(packet)
            room -= len(packet) + EACH

    def _from_friends(self, burst: list[bytes]) -> None:
        """The same, where not everybody may send."""
        room = BURST
        while room > 0:
            packet, (sender, *_) = self._bare.recvfrom(LARGEST)
            room -= len(packet) + EACH
            may = self._allowed.get(sender)
            if may is None:
                may = self._may(sender)
            if may:
                burst.append(packet)
            else:
                telemetry.statsd_refused.labels(Reason.SENDER.value).inc()

    def _may(self, sender: str) -> bool:
        address = ipaddress.ip_address(sender.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        may = address.is_loopback or any(address in network for network in self._networks)
        if len(self._allowed) >= MOST_SENDERS:
            self._allowed.clear()
        self._allowed[sender] = may
        return may


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
