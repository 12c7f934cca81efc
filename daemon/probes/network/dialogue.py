"""What is said to and fro over a port: bounded reading, what is waited for, and what of it people are shown."""

import re
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from daemon import fitting
from daemon.probes.network.certificate import noted
from daemon.probes.network.dial import Missed, Watch, dialled, leave, measured, secured
from daemon.probes.network.host import Networked, bare
from daemon.probes.network.starttls import Protocol, upgrade
from daemon.probes.network.trusting import Trusting
from daemon.reading import Fact, Health, Reading
from daemon.secret import HIDDEN

MOST_HEARD = 16 * 1024  # bytes that a server may say in one look
MOST_SEARCHED = 1024**2  # bytes searched in one look: who sends single bytes has everything searched again for each
MOST_LINE = 4 * 1024
MOST_QUOTED = 160  # characters of what a server said, in a reading's detail and evidence
CHUNK = 4 * 1024

ADDRESS = {"ip": Fact("the address that answered", "text")}
CERTIFICATE = {
    "cert.days": Fact("days for which the server's certificate is valid still", "days"),
    "cert.chain_days": Fact("the same of the one in its chain that expires first", "days"),
}

_TLS_ALERT = b"\x15\x03"  # how a server that wants TLS answers those who speak in the clear
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(.?))", re.DOTALL)
_ESCAPED = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


class HalfWell(Exception):
    """What the look saw works, and not as it should. It never leaves `looked`, which makes it the reading's detail."""


def looked(limit: float, look: Callable[[Watch], str]) -> Reading:
    """Run a look that returns its detail, or raises HalfWell with it."""
    half: list[str] = []

    def whole(watch: Watch) -> str:
        with watch.phase("total"):
            try:
                return look(watch)
            except HalfWell as so_so:
                half.append(str(so_so))
                return half[0]

    reading = measured(limit, whole)
    return msgspec.structs.replace(reading, health=Health.DEGRADED) if half and reading.is_well else reading


@dataclass(frozen=True, kw_only=True)
class Spoken(Trusting, Networked):
    """A way to look at a port by talking to it, in the clear or through TLS."""

    tls: bool = field(default=False, metadata={"doc": "whether to speak through TLS from the start"})

    @contextmanager
    def secured(self, sock: socket.socket, watch: Watch) -> Iterator[socket.socket]:
        """Go on through TLS."""
        shown = partial(noted, trust=self.trust, watch=watch)
        # The dot of a name that is whole stands in no certificate.
        with secured(sock, bare(self.host).rstrip("."), self.trust, watch, shown) as tunnel:
            yield tunnel
            leave(tunnel)

    def before_tls(self) -> Protocol | None:
        """By whose words TLS is begun before anything else is said; None where it begins at once, later, or never."""
        return None

    @contextmanager
    def reached(self, watch: Watch) -> Iterator[socket.socket]:
        """Connect, and shake hands where TLS comes first."""
        words = self.before_tls()
        with connected(self, watch) as plain:
            if not (self.tls or words):
                yield plain
                return
            if words:
                upgrade(plain, words, bare(self.host), watch)
            with self.secured(plain, watch) as tunnel:
                yield tunnel


@contextmanager
def connected(probe: Networked, watch: Watch) -> Iterator[socket.socket]:
    """Connect, and keep which address it was that answered."""
    with dialled(bare(probe.host), probe.port, watch, probe.family) as sock:
        watch.values["ip"] = sock.getpeername()[0]
        yield sock


class Talk:
    """One conversation. What comes is kept up to a limit, and read in the pieces that the protocol has.

    `secrets` are what we say and nobody is shown: many a server repeats what it was told.
    """

    def __init__(self, sock: socket.socket, watch: Watch, most: int = MOST_HEARD, secrets: Iterable[str] = ()) -> None:
        self.heard = b""  # all that came
        self._sock = sock
        self._watch = watch
        self._most = most
        self._secrets = sorted({one.strip() for one in secrets} - {""}, key=len, reverse=True)
        self._read = 0  # bytes of it that have been read
        self._searched = 0

    @property
    def rest(self) -> bytes:
        """What came and was not read yet."""
        return self.heard[self._read :]

    def say(self, words: bytes) -> None:
        """Send."""
        self._sock.sendall(words)

    def line(self, most: int = MOST_LINE) -> bytes:
        """The next line, without its end."""
        while (end := self.heard.find(b"\n", self._read)) < 0 and len(self.rest) <= most:
            self._hear()
        if not 0 <= end - self._read <= most:
            raise Missed(f"it says more than {most} bytes without the end of a line: {self.quoted()}")
        return self._taken(end + 1 - self._read).rstrip(b"\r\n")

    def take(self, count: int) -> bytes:
        """So many bytes."""
        if count > self._most:
            raise Missed(f"it announces {count} bytes, which is not what was expected: {self.quoted()}")
        while len(self.rest) < count:
            self._hear()
        return self._taken(count)

    def expect(self, regex: Any) -> None:
        """Read up to where this pattern is found."""
        while (found := self._search(regex)) is None:
            self._hear(f"a match of {regex.pattern}")
        self._taken(found.end())

    def shown(self, words: bytes) -> str:
        """What was said, without our own secrets."""
        text = words.decode("utf-8", "replace")
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def quoted(self, words: bytes | None = None) -> str:
        """What was said, all of it or these words, as far as it can be shown on one line."""
        words = self.heard if words is None else words
        return "a TLS alert" if words[:2] == _TLS_ALERT else quoted(self.shown(words))

    def _search(self, regex: Any) -> Any:
        rest = self.rest
        self._searched += len(rest)
        if self._searched > MOST_SEARCHED:
            raise Missed(f"what it says comes in too many small pieces: {self.quoted()}")
        return regex.search(rest)

    def _taken(self, count: int) -> bytes:
        taken = self.heard[self._read : self._read + count]
        self._read += count
        return taken

    def _hear(self, awaited: str = "") -> None:
        """Wait for more; `awaited` says for what, for people."""
        without = f" without {awaited}" if awaited else ""
        if len(self.heard) >= self._most:
            raise Missed(f"it says more than {self._most} bytes{without}: {self.quoted()}")
        data = self._more() if "first_byte" in self._watch.phases else self._first()
        if not data:
            raise Missed(f"the connection was closed{without or ' too early'}, after: {self.quoted()}")
        self.heard += data

    def _more(self) -> bytes:
        if self.heard:
            # A server that says more before we have understood it would never make us wait, and nobody else would run.
            self._watch.clock.breathe()
        return self._sock.recv(CHUNK)

    def _first(self) -> bytes:
        doing = self._watch.doing
        with self._watch.phase("first_byte"):
            data = self._sock.recv(CHUNK)
            if not data:
                raise Missed("the connection was closed without an answer")
        self._watch.doing = doing
        return data


def quoted(text: str) -> str:
    """What was said, as far as it can be shown on one line."""
    return fitting.cut(fitting.line(text), MOST_QUOTED) or "nothing that can be shown"


def unescaped(text: str) -> bytes:
    r"""Bytes to send: `\r`, `\n`, `\t`, `\0`, `\\` and `\x1b` stand for what they do elsewhere. Raises ValueError."""
    said, done = b"", 0
    for found in _ESCAPE.finditer(text):
        code, letter = found.groups()
        if code is None and letter not in _ESCAPED:
            raise ValueError(r"behind a \ there must be r, n, t, 0, another \, or x and two hexadecimal digits")
        said += text[done : found.start()].encode() + (bytes.fromhex(code) if code else _ESCAPED[letter])
        done = found.end()
    return said + text[done:].encode()
