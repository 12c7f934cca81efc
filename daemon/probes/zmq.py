"""Does another service answer over ZeroMQ?"""

import functools
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import gevent
import zmq.green as zmq
from zmq.utils import z85

from daemon.matcher import check_pattern, pattern
from daemon.probes.base import Fact, Reading, probe
from daemon.probes.network.dial import Missed, Watch
from daemon.probes.network.dialogue import ADDRESS, connected, looked, quoted
from daemon.probes.network.host import Networked
from daemon.probes.network.relay import Relay
from daemon.secret import Secret

MOST_HEARD = 128 * 1024  # bytes of everything that the service says, its handshake among it
MOST_ANSWER = 16 * 1024  # bytes of a reply that are searched and kept
MOST_FRAMES = 64
SOON = 0.25  # seconds that libzmq may take with what came before the other side hung up

PING = '{"jsonrpc":"2.0","method":"ping","id":1}'

_GREETING = 64  # bytes by which ZMTP 3 begins: a signature, the version, the mechanism
_SIGNATURE = {0: 0xFF, 9: 0x7F, 10: 3}  # what stands where in it
_MECHANISM = slice(12, 32)
_VERSION = 12  # bytes of ours that it must have heard before it says its own
_KEY = 40
_ADVICE = {"NULL": "give server_key if that is CURVE", "CURVE": "leave server_key out if that is NULL"}
_OPTIONS = {
    zmq.LINGER: 0,
    zmq.MAXMSGSIZE: MOST_HEARD,
    # One look is one connection. -1 would say so as well, but then what came just before the end is thrown away.
    zmq.RECONNECT_IVL: 3_600_000,
    zmq.RCVHWM: 10,
    zmq.SNDHWM: 10,
}

Client = zmq.Socket


@probe("zmq")
@dataclass(frozen=True, kw_only=True)
class Zmq(Networked):
    """Send one request as a REQ or DEALER socket does, and wait for the reply."""

    PHASES: ClassVar = ("resolve", "connect", "first_byte", "reply", "total")
    GIVES: ClassVar = {
        **ADDRESS,
        "answer": Fact("the reply; each of its frames, if there are several, on a line", "text"),
        "body": Fact("the reply's last frame, for conditions about its JSON", "text"),
        "mechanism": Fact("how the service wants to be spoken to: `NULL`, `PLAIN` or `CURVE`", "text"),
    }

    send: tuple[str, ...] = field(default=(PING,), metadata={"doc": "the frames of the request"})
    style: Literal["req", "dealer"] = field(
        default="req", metadata={"doc": "`req` puts an empty frame first, as REP and most ROUTER services want it"}
    )
    expect: str = field(default="", metadata={"doc": "RE2 pattern that must be found in the reply; empty for any"})
    server_key: str = field(default="", metadata={"doc": "the service's public CURVE key, 40 characters"})
    public_key: str = field(default="", metadata={"doc": "our public key; empty: worked out from the secret one"})
    secret_key: Secret | None = field(
        default=None, metadata={"doc": "our secret key; none: a new pair at each look, for services that let all in"}
    )

    def __post_init__(self) -> None:
        """Refuse what can never be looked at; no message shows a key."""
        super().__post_init__()
        check_pattern("expect", self.expect)
        if not 1 <= len(self.send) <= MOST_FRAMES:
            raise ValueError(f"send has {len(self.send)} frames; a request has 1 to {MOST_FRAMES}")
        if not self.server_key:
            if self.secret_key or self.public_key:
                raise ValueError("server_key is missing: CURVE needs the service's public key as well")
            return
        _check_key("server_key", self.server_key)
        if self.secret_key:
            _check_key("secret_key", self.secret_key.reveal())
        elif self.public_key:
            raise ValueError("public_key is of no use without secret_key")
        if self.public_key and self.public_key.encode() != self._keys()[0]:
            raise ValueError("public_key does not belong to secret_key; leave it out, and it is worked out")

    def look(self) -> Reading:
        """Look once."""
        return looked(self.timeout, self._look)

    def _look(self, watch: Watch) -> str:
        with (
            connected(self, watch) as sock,
            self._client() as (client, near),
            closing(Relay(sock, near, hold=_VERSION, head=_GREETING, most=MOST_HEARD)) as way,
        ):
            with watch.phase("first_byte"):
                way.first.get()
            watch.doing = "greeting"
            self._greeted(way, watch)
            with watch.phase("reply"):
                frames = self._asked(client, way)
        answer = b"\n".join(frames)[:MOST_ANSWER]
        watch.body = frames[-1]
        watch.values["answer"] = _text(answer)
        watch.evidence["answer"] = quoted(_text(answer))
        if self.expect and pattern(self.expect).search(answer) is None:
            raise Missed(f"the reply has no match of {self.expect}: {quoted(_text(answer))}")
        return quoted(_text(answer))

    def _greeted(self, way: Relay, watch: Watch) -> None:
        """See how the service wants to be spoken to; libzmq would say nothing of it, and wait."""
        greeting = way.head.get()
        if not greeting:
            raise Missed(f"{way.ended.get()} without an answer")
        if len(greeting) < _GREETING or any(greeting[place] != byte for place, byte in _SIGNATURE.items()):
            raise Missed(f"it does not speak ZeroMQ (ZMTP 3): {quoted(_text(greeting))}")
        mechanism = quoted(_text(greeting[_MECHANISM].rstrip(b"\0")))
        watch.values["mechanism"] = watch.evidence["mechanism"] = mechanism
        ours = "CURVE" if self.server_key else "NULL"
        if mechanism != ours:
            raise Missed(f"it speaks {mechanism} and we speak {ours}: {_ADVICE[ours]}")

    def _asked(self, client: "Client[bytes]", way: Relay) -> list[bytes]:
        """Ask, and wait for the reply, or for the end of the connection without one."""
        envelope = [b""] if self.style == "req" else []
        try:
            client.send_multipart([*envelope, *(frame.encode() for frame in self.send)], zmq.NOBLOCK)
        except zmq.Again:  # a handshake that broke the rules: libzmq has forgotten the connection
            raise Missed(f"{way.ended.get()} in the middle of the handshake") from None
        hearing: gevent.Greenlet[..., list[bytes]] = gevent.spawn(_frames, client)
        both: list[Any] = [hearing, way.ended]
        try:
            gevent.wait(both, count=1)
            hearing.join(SOON)
            frames = hearing.value
        finally:
            hearing.kill()
        if frames is None:
            keys = "; does it know our key, and is server_key its own?" if self.server_key else ""
            raise Missed(f"{way.ended.get()} without a reply{keys}")
        if len(frames) > MOST_FRAMES:
            raise Missed(f"its reply has more than {MOST_FRAMES} frames")
        if frames[: len(envelope)] != envelope or len(frames) == len(envelope):
            raise Missed(f"its reply is none to a REQ socket: {quoted(_text(frames[0]))}")
        return frames[len(envelope) :]

    @contextmanager
    def _client(self) -> "Iterator[tuple[Client[bytes], socket.socket]]":
        """A socket of libzmq's, and the other end of its connection."""
        with socket.socket(socket.AF_UNIX) as door, _context().socket(zmq.DEALER) as client:
            door.bind("")  # the kernel finds a name that nobody has, and that is no file
            door.listen(1)
            for option, value in _OPTIONS.items():
                client.setsockopt(option, value)
            if self.server_key:
                public, secret = self._keys()
                client.setsockopt(zmq.CURVE_PUBLICKEY, public)
                client.setsockopt(zmq.CURVE_SECRETKEY, secret)
                client.setsockopt(zmq.CURVE_SERVERKEY, self.server_key.encode())
            client.connect(f"ipc://@{door.getsockname()[1:].decode()}")
            near, _ = door.accept()
            with near:
                if _caller(near) != os.getpid():
                    raise Missed("another program of this machine took the connection that was meant for ourselves")
                yield client, near

    def _keys(self) -> tuple[bytes, bytes]:
        """Our public and our secret key."""
        if self.secret_key is None:
            return zmq.curve_keypair()
        secret = self.secret_key.reveal().encode()
        return zmq.curve_public(secret), secret


@functools.cache
def _context() -> "zmq.Context[Client[bytes]]":
    """One for all looks: each has a thread of its own."""
    return zmq.Context()


def _frames(client: "Client[bytes]") -> list[bytes]:
    """One message; of one with too many frames, one more than there may be."""
    frame = client.recv(copy=False)
    frames = [frame.bytes]
    while frame.more and len(frames) <= MOST_FRAMES:
        frame = client.recv(copy=False)
        frames.append(frame.bytes)
    return frames


def _caller(near: socket.socket) -> int:
    """The process at the other end."""
    return int(struct.unpack("3i", near.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])


def _check_key(name: str, key: str) -> None:
    try:
        usable = len(key) == _KEY and bool(z85.decode(key))
    except (ValueError, KeyError, struct.error):
        usable = False
    if not usable:
        raise ValueError(f"{name} is not a CURVE key of {_KEY} characters; `tocsinctl keygen` makes one")


def _text(words: bytes) -> str:
    return words.decode("utf-8", "replace")
