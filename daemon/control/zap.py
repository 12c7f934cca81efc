"""Who is let in: libzmq asks about every CURVE client's key (ZAP, rfc.zeromq.org/spec/27), the settings answer."""

import logging
from collections.abc import Callable, Sequence

import gevent
import zmq.green as zmq
from zmq.utils import z85

from daemon.config.settings import Curve, CurveClient, Settings

log = logging.getLogger("tocsin.control")

DOMAIN = b"tocsin"
ENDPOINT = "inproc://zeromq.zap.01"
_VERSION = b"1.0"


def client_of(public: str, curve: Curve | None) -> CurveClient | None:
    """Find the client with this public key."""
    return next((client for client in curve.clients if client.public == public), None) if curve else None


def verdict(frames: Sequence[bytes], curve: Curve | None) -> list[bytes]:
    """Answer one ZAP request. The user id we hand back is the client's public key: it names it in later messages."""
    number = frames[1] if len(frames) > 1 else b""
    if len(frames) != 7 or frames[0] != _VERSION or frames[5] != b"CURVE" or len(frames[6]) != 32:  # noqa: PLR2004
        return [_VERSION, number, b"400", b"CURVE is required", b"", b""]
    public = z85.encode(frames[6])
    if client_of(public.decode(), curve) is None:
        return [_VERSION, number, b"400", b"this key is not let in", b"", b""]
    return [_VERSION, number, b"200", b"OK", public, b""]


class Gatekeeper:
    """Answers libzmq's questions in a greenlet; a changed list of keys is in force at once."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", settings: Callable[[], Settings]) -> None:
        """Bind; must be done before the guarded socket binds."""
        self._settings = settings
        self._socket = context.socket(zmq.REP)
        self._socket.linger = 0
        self._socket.bind(ENDPOINT)
        self._loop: gevent.Greenlet[[], None] = gevent.spawn(self._answer_all)

    def _answer_all(self) -> None:
        while True:
            frames = self._socket.recv_multipart()
            said = verdict(frames, self._settings().auth.curve)
            if said[2] != b"200":
                remote = frames[3].decode("ascii", "replace") if len(frames) > 3 else "?"  # noqa: PLR2004
                log.warning("ZeroMQ client from %s turned away: %s", remote, said[3].decode())
            self._socket.send_multipart(said)

    def stop(self) -> None:
        """Answer nobody any more."""
        self._loop.kill()
        self._socket.close()
