"""Does a MySQL or MariaDB server take connections on this port?"""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from daemon.probes.base import Fact, Reading, probe
from daemon.probes.network.dial import Missed, Watch
from daemon.probes.network.dialogue import ADDRESS, CERTIFICATE, HalfWell, Spoken, Talk, connected, looked, quoted
from daemon.probes.network.host import HIGHEST_PORT

MOST_PACKET = 4 * 1024
MOST_TURNS = 5  # of the login

_VERSION = 10  # of the protocol
_OK, _MORE, _SWITCH, _ERROR = 0x00, 0x01, 0xFE, 0xFF
_SSL = 0x0800
_ABLE = 0x0001 | 0x0200 | 0x2000 | 0x8000 | 0x08_0000  # long password, protocol 4.1, transactions, secure, plug-ins
_UTF8 = 33
_QUIT = b"\x01\0\0\0\x01"
_TOO_MANY = 1040
_SERVES = (1044, 1045, 1130, 1251, 1698, 3159)  # it knows neither us nor our password: so it is there
_OLD = "5.5.5-"  # MariaDB before 11 says so first, for clients that cannot count to ten


class Greeting(msgspec.Struct, frozen=True):
    """What the server says first."""

    version: str
    able: int
    plugin: bytes


class SaidNo(Exception):
    """The server's no."""

    def __init__(self, code: int, words: str) -> None:
        self.code = code
        super().__init__(f"{words} ({code})")


@probe("mysql")
@dataclass(frozen=True, kw_only=True)
class Mysql(Spoken):
    """Hear the greeting, begin to log in without a password, and take the no as a proof that it serves."""

    PHASES: ClassVar = ("resolve", "connect", "first_byte", "starttls", "tls", "total")
    GIVES: ClassVar = {
        **ADDRESS,
        **CERTIFICATE,
        "version": Fact("the server's version", "text"),
        "code": Fact("the code of the server's no, such as 1040"),
    }

    port: int = field(default=3306, metadata={"doc": "port number", "least": 1, "most": HIGHEST_PORT})
    user: str = field(default="tocsin", metadata={"doc": "whom to try to log in as; it need not exist"})

    def __post_init__(self) -> None:
        """Refuse what can never be looked at."""
        super().__post_init__()
        if not self.user or "\0" in self.user:
            raise ValueError("user is empty or holds a zero byte; it need not exist, but it needs a name")

    def look(self) -> Reading:
        """Look once."""
        return looked(self.timeout, self._look)

    def _look(self, watch: Watch) -> str:
        with connected(self, watch) as sock:
            talk = Talk(sock, watch)
            watch.doing = "greeting"
            try:
                greeting = _greeting(talk)
                watch.values["version"] = watch.evidence["version"] = greeting.version
                self._log_in(sock, talk, greeting, watch)
            except SaidNo as no:
                return _weighed(no, watch)
        return f"takes connections, version {greeting.version}"

    def _log_in(self, sock: socket.socket, talk: Talk, greeting: Greeting, watch: Watch) -> None:
        """Say who we are. Whoever leaves before that too often is shut out (`max_connect_errors`)."""
        able, number = _ABLE | (_SSL if self.tls else 0), 1
        head = struct.pack("<IIB23x", able, MOST_PACKET, _UTF8)
        with self._upgraded(sock, talk, greeting, head, watch) as inner:
            if self.tls:
                talk, number = Talk(inner, watch), 2
            watch.doing = "answer to the login"
            talk.say(_packet(number, head + self.user.encode() + b"\0\0" + greeting.plugin + b"\0"))
            for _ in range(MOST_TURNS):
                number, body = _heard(talk)
                if body[0] == _OK:
                    with suppress(OSError):
                        talk.say(_QUIT)
                    return
                if body[0] not in (_SWITCH, _MORE):
                    raise Missed(f"it does not speak as MySQL does: {talk.quoted(body)}")
                talk.say(_packet(number + 1, b""))  # whatever it asks for, we have no password
        raise Missed(f"it asks {MOST_TURNS} times for more, and lets us neither in nor go")

    @contextmanager
    def _upgraded(
        self, sock: socket.socket, talk: Talk, greeting: Greeting, head: bytes, watch: Watch
    ) -> Iterator[socket.socket]:
        """Begin TLS in the protocol's own way where it is wanted."""
        if not self.tls:
            yield sock
            return
        with watch.phase("starttls"):
            if not greeting.able & _SSL:
                raise Missed("the server does not offer TLS")
            if talk.rest:
                raise Missed(f"the server went on in the clear before TLS: {talk.quoted(talk.rest)}")
            talk.say(_packet(1, head))
        with self.secured(sock, watch) as tunnel:
            yield tunnel


def _packet(number: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + bytes([number & 0xFF]) + body


def _heard(talk: Talk) -> tuple[int, bytes]:
    """One packet, its number and its content; an error is raised."""
    head = talk.take(4)
    size = int.from_bytes(head[:3], "little")
    if not 0 < size <= MOST_PACKET:
        raise Missed(f"it does not speak as MySQL does: {talk.quoted()}")
    body = talk.take(size)
    if body[0] == _ERROR:
        # Its SQLSTATE comes after a #, and not before both sides have agreed on one.
        words = body[9:] if body[3:4] == b"#" else body[3:]
        raise SaidNo(int.from_bytes(body[1:3], "little"), talk.quoted(words))
    return head[3], body


def _greeting(talk: Talk) -> Greeting:
    """The server's first packet, protocol version 10."""
    _, body = _heard(talk)
    version, end, rest = body[1:].partition(b"\0")
    if body[0] != _VERSION or not end or len(rest) < 15:  # noqa: PLR2004 - up to the lower half of what it is able to
        raise Missed(f"it does not speak as MySQL does: {talk.quoted(body)}")
    salt = max(13, rest[20] - 8) if len(rest) > 20 else 0  # noqa: PLR2004 - the rest of it; eight bytes came before
    plugin = rest[31 + salt :].partition(b"\0")[0]
    return Greeting(
        version=quoted(version.decode("utf-8", "replace")).removeprefix(_OLD),
        able=int.from_bytes(rest[13:15], "little"),
        plugin=plugin or b"mysql_native_password",
    )


def _weighed(no: SaidNo, watch: Watch) -> str:
    """Weigh a no: some are proof enough that it serves."""
    watch.values["code"] = no.code
    watch.evidence["answer"] = str(no)
    if no.code in _SERVES:
        version = watch.values.get("version")
        return f"takes connections, version {version}" if version else f"takes connections: {no}"
    if no.code != _TOO_MANY:
        raise Missed(str(no))
    raise HalfWell(str(no))
