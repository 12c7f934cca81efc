"""Does a mail server take calls on this port?"""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from daemon.probes.base import Fact, Reading, probe
from daemon.probes.network.dial import Missed, Watch
from daemon.probes.network.dialogue import ADDRESS, CERTIFICATE, Spoken, Talk, looked, quoted
from daemon.probes.network.host import HIGHEST_PORT
from daemon.probes.network.starttls import own_name

MOST_LINES = 100  # of one reply
MOST_LINE = 2_048  # RFC 5321 has 512

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9.:\[\]-]+")
_READY, _DONE, _NO = 220, 250, 400


class Reply(msgspec.Struct, frozen=True):
    """One reply of the server, however many lines it has."""

    code: int
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return quoted(f"{self.code} {' '.join(self.lines)}")


@probe("smtp")
@dataclass(frozen=True, kw_only=True)
class Smtp(Spoken):
    """Hear the greeting, say EHLO, begin TLS where that is wanted, say goodbye. No mail is sent."""

    PHASES: ClassVar = ("resolve", "connect", "tls", "first_byte", "starttls", "total")
    GIVES: ClassVar = {
        **ADDRESS,
        **CERTIFICATE,
        "code": Fact("the reply code with which the look ended: 250, or the code of the server's no", ideal=_DONE),
        "banner": Fact("the greeting without its code", "text"),
        "extensions": Fact("what the server offers after EHLO, each in capitals, such as `STARTTLS`", "list"),
    }

    port: int = field(default=25, metadata={"doc": "port number", "least": 1, "most": HIGHEST_PORT})
    starttls: bool = field(default=False, metadata={"doc": "whether to begin TLS by STARTTLS"})
    helo: str = field(default="", metadata={"doc": "the name to introduce ourselves by; empty for our address"})

    def __post_init__(self) -> None:
        """Refuse what can never be looked at."""
        super().__post_init__()
        if self.tls and self.starttls:
            raise ValueError("tls and starttls exclude each other: the one begins at once, the other after some words")
        if self.helo and not _NAME.fullmatch(self.helo):
            raise ValueError(f"helo {self.helo!r} is not a host name")

    def look(self) -> Reading:
        """Look once."""
        return looked(self.timeout, self._look)

    def _look(self, watch: Watch) -> str:
        with self.reached(watch) as sock:
            talk = Talk(sock, watch)
            greeting = _reply(talk, watch, "greeting", _READY)
            watch.values["banner"] = " ".join(greeting.lines)
            watch.evidence["banner"] = str(greeting)
            hello = f"EHLO {self.helo or own_name(sock)}\r\n".encode()
            extensions = _introduced(talk, watch, hello)
            if not self.starttls:
                _leave(talk)
                return str(greeting)
            with self._upgraded(sock, talk, extensions, watch) as tunnel:
                talk = Talk(tunnel, watch)
                _introduced(talk, watch, hello)
                _leave(talk)
        return str(greeting)

    @contextmanager
    def _upgraded(
        self, sock: socket.socket, talk: Talk, extensions: list[str], watch: Watch
    ) -> Iterator[socket.socket]:
        if "STARTTLS" not in extensions:
            raise Missed("the server does not offer STARTTLS")
        with watch.phase("starttls"):
            talk.say(b"STARTTLS\r\n")
            _reply(talk, watch, "answer to STARTTLS", _READY)
            # What came in the clear and is read as if it had come through TLS is a way to put words in.
            if talk.rest:
                raise Missed(f"the server went on in the clear after it agreed to TLS: {talk.quoted(talk.rest)}")
        with self.secured(sock, watch) as tunnel:
            yield tunnel


def _introduced(talk: Talk, watch: Watch, hello: bytes) -> list[str]:
    """Say who we are; return what the server offers."""
    talk.say(hello)
    reply = _reply(talk, watch, "answer to EHLO", _DONE)
    extensions = [line.upper() for line in reply.lines[1:]]
    watch.values["extensions"] = extensions
    if extensions:
        watch.evidence["extensions"] = quoted(", ".join(extensions))
    return extensions


def _leave(talk: Talk) -> None:
    """Say goodbye; whether the server minds does not matter any more."""
    with suppress(OSError):
        talk.say(b"QUIT\r\n")


def _reply(talk: Talk, watch: Watch, doing: str, wanted: int) -> Reply:
    """Hear one reply, which must have the code `wanted`."""
    watch.doing = doing
    lines: list[str] = []
    while len(lines) < MOST_LINES:
        line = talk.line(MOST_LINE)
        found = _LINE.fullmatch(line)
        if not found or (lines and int(found[1]) != watch.values["code"]):
            raise Missed(f"it does not speak SMTP: {talk.quoted(line)}")
        watch.values["code"] = int(found[1])
        lines.append(talk.shown(found[3] or b"").strip())
        if found[2] != b"-":
            return _checked(Reply(int(found[1]), tuple(lines)), doing, wanted)
    raise Missed(f"its {doing} has more than {MOST_LINES} lines")


def _checked(reply: Reply, doing: str, wanted: int) -> Reply:
    if reply.code == wanted:
        return reply
    if reply.code >= _NO:
        raise Missed(f"{reply} ({doing})")
    raise Missed(f"its {doing} is out of turn: {reply}")
