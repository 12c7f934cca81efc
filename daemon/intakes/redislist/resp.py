"""A connection to a Redis, as far as lists need it: commands sent together, answers read with a limit of time and size.

A library of its own would cost more (docs/decisions/0042-redis-lists.md), and the way there, with names looked up and
certificates believed as everywhere else, is that of the probes. Answers are not read as the Redis probe reads them: a
probe hears a few lines within one look, lists need megabytes, nested, on a connection that lasts.
"""

import socket
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import TypeAlias

import gevent

from daemon.clock import Clock
from daemon.config.redislists import RedisList
from daemon.fitting import cut, line
from daemon.probes.network.dial import Missed, Watch, dialled, said, secured
from daemon.probes.network.resp import command
from daemon.probes.network.trust import Trust
from daemon.secret import HIDDEN

CHUNK = 256 * 1024
MOST_ANSWER = 16 * 1024**2  # bytes of what is said to commands that were sent together
MOST_ITEMS = 100_000  # of all lists in it
DEEPEST = 4  # lists within lists
MOST_SAID = 200  # characters of what the server says that people are shown

Word = bytes | str | int
Answer: TypeAlias = "int | bytes | Refused | list[Answer] | None"


class Lost(Exception):
    """The server cannot be reached, or the connection broke: everything begins anew."""


class Refused(Exception):
    """The server's no to one command."""

    @property
    def kind(self) -> str:
        """The word with which it begins, such as WRONGTYPE."""
        return str(self).partition(" ")[0]


class Connection:
    """One connection. Whatever fails on the way raises Lost, and closes it."""

    def __init__(self, given: RedisList, clock: Clock) -> None:
        self._given = given
        self._clock = clock
        self._stack = ExitStack()
        self._sock: socket.socket | None = None
        self._heard = bytearray()
        self._at = 0  # how much of it is read
        self._items = 0  # of the lists in it

    def open(self) -> None:
        """Connect, log in, and choose the database. Raises Lost, or Refused."""
        self.close()
        given, server = self._given, self._given.server
        try:
            with gevent.Timeout(given.timeout, Lost(f"no answer within {given.timeout:g}s")):
                self._sock = self._dialled()
        except Missed as missed:
            self.close()
            raise Lost(str(missed)) from missed
        except OSError as error:
            self.close()
            raise Lost(said(error)) from error
        except BaseException:
            self.close()
            raise
        commands: list[Sequence[Word]] = []
        if given.password is not None:
            commands.append(("AUTH", *([given.user] if given.user else []), given.password.reveal()))
        if server.database:
            commands.append(("SELECT", server.database))
        for answer in self.ask(*commands, ("PING",)):
            if isinstance(answer, Refused):
                self.close()
                raise answer

    def close(self) -> None:
        """Hang up."""
        self._sock = None
        self._heard.clear()
        self._at = 0
        with suppress(OSError):
            self._stack.close()
        self._stack = ExitStack()

    def ask(self, *commands: Sequence[Word]) -> list[Answer]:
        """Send commands together, and hear what becomes of each. Raises Lost."""
        try:
            with gevent.Timeout(self._given.timeout, Lost(f"no answer within {self._given.timeout:g}s")):
                if self._sock is None:
                    raise Lost("there is no connection")
                self._sock.sendall(b"".join(map(_written, commands)))
                self._items = 0
                answers = [self._answer() for _ in commands]
                if self._at != len(self._heard):
                    raise Lost("it says more than it was asked")
                self._heard.clear()
                self._at = 0
                return answers
        except OSError as error:
            self.close()
            raise Lost(said(error)) from error
        except BaseException:  # also what ends us from outside: half an answer would be taken for the next one's
            self.close()
            raise

    def one(self, *command: Word) -> Answer:
        """Send a command; raises Refused for a no."""
        (answer,) = self.ask(command)
        if isinstance(answer, Refused):
            raise answer
        return answer

    def _dialled(self) -> socket.socket:
        given, server = self._given, self._given.server
        if server.path:
            sock = self._stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            sock.connect(server.path)
            return sock
        watch = Watch(given.timeout, self._clock)
        sock = self._stack.enter_context(dialled(server.host, server.port, watch))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not server.is_tls:
            return sock
        trust = Trust(ca_file=given.ca_file, cert_file=given.cert_file, key_file=given.key_file, verify=given.verify)
        return self._stack.enter_context(secured(sock, server.host, trust, watch))

    def _answer(self, depth: int = 0) -> Answer:
        kind, rest = (words := self._line())[:1], words[1:]
        if kind == b"+":
            return bytes(rest)
        if kind == b"-":
            return Refused(self._shown(rest))
        number = _number(rest)
        if number is not None:
            if kind == b":":
                return number
            if kind == b"$" and number <= MOST_ANSWER:
                return None if number < 0 else self._take(number)
            self._items += max(number, 0)
            if kind == b"*" and self._items <= MOST_ITEMS and depth < DEEPEST:
                return None if number < 0 else [self._answer(depth + 1) for _ in range(number)]
        raise Lost(f"it does not speak as Redis does: {self._shown(words)}")

    def _line(self) -> bytes:
        while (end := self._heard.find(b"\r\n", self._at)) < 0:
            if len(self._heard) - self._at > CHUNK:
                raise Lost("it says a line without an end")
            self._hear()
        found = bytes(self._heard[self._at : end])
        self._at = end + 2
        return found

    def _take(self, size: int) -> bytes:
        end = self._at + size
        while len(self._heard) < end + 2:
            self._hear()
        found = bytes(self._heard[self._at : end])
        self._at = end + 2
        return found

    def _hear(self) -> None:
        if self._sock is None:
            raise Lost("there is no connection")
        data = self._sock.recv(CHUNK)
        if not data:
            raise Lost("the connection was closed")
        self._heard += data
        if len(self._heard) > MOST_ANSWER:
            raise Lost("it says far more than it was asked")

    def _shown(self, words: bytes) -> str:
        """What it said, without our own secret: some servers repeat what they are told."""
        text = cut(line(words.decode("utf-8", "replace")), MOST_SAID)
        if self._given.password is not None and self._given.password.reveal() in text:
            return HIDDEN
        return text


def whole(answer: Answer) -> int:
    """An answer that must be a number of something; raises what it is instead."""
    if isinstance(answer, Refused):
        raise answer
    if not isinstance(answer, int) or answer < 0:
        raise Lost("it does not speak as Redis does")
    return answer


def _written(words: Sequence[Word]) -> bytes:
    return command(*(one if isinstance(one, bytes) else str(one).encode("utf-8", "surrogateescape") for one in words))


def _number(text: bytes) -> int | None:
    return int(text) if text.lstrip(b"-").isdigit() and len(text) < 20 else None  # noqa: PLR2004 - 64 bits
