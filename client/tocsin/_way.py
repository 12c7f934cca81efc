"""The way out: one socket that never waits, and what becomes of what cannot be sent.

There is no lock here, so that nothing can be held while a signal, another thread or a greenlet comes in between: a
value is one call of `send`, and what is gathered lies in a deque, whose ends are safe to take from in every thread.
"""

from __future__ import annotations

import atexit
import logging
import os
import socket  # looked into when it is used: gevent may put its own functions there
import threading

# Not `socket.socket`, which gevent replaces by one of an event loop: this one never waits, so it needs none.
from _socket import socket as _native
from collections import deque
from errno import EBADF, ENOTSOCK
from socket import AF_UNIX, SOCK_DGRAM
from time import monotonic

from tocsin import _clean
from tocsin._address import PORT, Target, target
from tocsin._clean import Tags

_log = logging.getLogger("tocsin")

GATHERED = 0.1  # seconds that a value waits at most for the next call, when values are gathered
MOST_LINES = 64  # that wait
INTERNET, LOCAL = 1_432, 8_192  # bytes of a datagram
AGAIN = 1.0  # seconds between two tries to connect
RENEW, SOONER = 60.0, 5.0  # seconds between two look-ups of a host's name, and after one that found nothing
_NOT_OURS = (EBADF, ENOTSOCK)  # somebody closed our file; its number may be another one's, which stays open
_KNOWN = 1_000  # endings of lines that are remembered


class _Lost:
    """How much could not be sent. Two threads that lose something at the very same instant may count once."""

    number = 0


lost = _Lost()


class _Socket(_native):
    """Closed when nobody uses it any more, and not before: another thread may be in the middle of `send`."""

    def __del__(self) -> None:
        try:
            self.close()
        except OSError:  # somebody closed all files of the process
            self.detach()


class Way:
    """Where everything goes, and the tags of everything; replaced as a whole by `configure`."""

    def __init__(self, to: Target | None, app: str, tags: dict[str, str], *, gathers: bool) -> None:
        self.target = to
        self.is_on = to is not None
        self.app = app
        self.tags = tags
        self.gathers = gathers
        self._endings: dict[object, str] = {}
        self._family = to.family if to else 0
        self._place = to.place if to else None
        self._is_named = to is not None and to.place is None
        self._look_at = 0.0
        self._looks = False
        self._socket: _Socket | None = None
        self._connect_at = 0.0
        self._waiting: deque[str] = deque()
        self._flush_at = 0.0
        self._room = LOCAL if self._family == AF_UNIX else INTERNET
        if self._is_named:
            self._look()

    def ending(self, kind: str, own: Tags = None) -> str:
        """What follows the value: the type and all tags. May raise what the program's own tags raise."""
        all_tags = {"app": self.app} if self.app else {}
        all_tags.update(self.tags)
        all_tags.update(_clean.tags(own))
        written = ",".join(f"{key}:{value}" if value else key for key, value in all_tags.items())
        return f"|{kind}|#{written}" if written else f"|{kind}"

    def known(self, key: tuple[object, ...], kind: str, own: dict[str, str], more: Tags = None) -> str:
        """The same, remembered under `key`."""
        found = self._endings.get(key)
        if found is None:
            found = self.ending(kind, {**own, **_clean.tags(more)})
            if len(self._endings) >= _KNOWN:
                self._endings.clear()
            self._endings[key] = found
        return found

    def tell(self, line: str) -> None:
        """Send one line, or keep it for a moment. Never raises, never waits."""
        if not self.is_on:
            return
        if not self.gathers:
            self._send(line.encode("utf-8", "replace"))
            return
        self._waiting.append(line)
        now = monotonic()
        if now >= self._flush_at or len(self._waiting) >= MOST_LINES:
            self._flush_at = now + GATHERED
            self.flush()

    def flush(self) -> None:
        """Send what was gathered. Two threads that do so at once each send a part of it."""
        packet: list[bytes] = []
        size = 0
        while True:
            try:
                line = self._waiting.popleft().encode("utf-8", "replace")
            except IndexError:
                break
            if packet and size + len(line) + 1 > self._room:
                self._send(b"\n".join(packet), len(packet))
                packet, size = [], 0
            packet.append(line)
            size += len(line) + 1
        if packet:
            self._send(b"\n".join(packet), len(packet))

    def forked(self) -> None:
        """In the child: what waits is the parent's to send, the socket its to use, and its thread is not here."""
        self._waiting = deque()
        self._socket = None
        self._looks = False
        if self._place is None:
            self._look_at = 0.0

    def _send(self, data: bytes, lines: int = 1) -> None:
        if self._is_named and monotonic() >= self._look_at:
            self._look()
        opened = self._socket or self._open()
        if opened is None:
            lost.number += lines
            return
        try:
            opened.send(data)
        except ConnectionRefusedError:
            self._refused(opened, data, lines)
        except BlockingIOError:  # the reader is behind, and does not make us wait
            lost.number += lines
        except OSError as error:
            lost.number += lines
            self._socket = None
            if error.errno in _NOT_OURS:
                opened.detach()

    def _refused(self, opened: _Socket, data: bytes, lines: int) -> None:
        """Over UDP it is what became of the one before, so this one is still to go; a local socket's reader is gone."""
        lost.number += lines
        if self._family == AF_UNIX:
            self._socket = None
            again = self._open()
            if again is None:
                return
            opened = again
        try:
            opened.send(data)
        except OSError:
            return
        if self._family == AF_UNIX:
            lost.number -= lines

    def _open(self) -> _Socket | None:
        if self._place is None:
            return None
        if self._connect_at and monotonic() < self._connect_at:
            return None
        try:
            opened = _Socket(self._family, SOCK_DGRAM)
            opened.settimeout(0)
            opened.connect(self._place)
        except (OSError, ValueError):  # nobody is there, no file descriptor is left, or a path that cannot be one
            self._connect_at = monotonic() + AGAIN
            return None
        self._connect_at = 0.0
        self._socket = opened
        return opened

    def _look(self) -> None:
        """Look a name up beside the program. Until it is known nothing is sent; a known one is used meanwhile."""
        self._look_at = monotonic() + RENEW
        if self._looks:
            return
        self._looks = True
        try:
            threading.Thread(target=self._found, name="tocsin-name", daemon=True).start()
        except RuntimeError:  # no thread is to be had; at the end of the interpreter never again
            self._looks = False

    def _found(self) -> None:
        to = self.target
        try:
            if to is None:
                return
            family, _, _, _, place = socket.getaddrinfo(to.host, to.port, type=SOCK_DGRAM)[0]
            if place != self._place:
                self._family, self._place = int(family), place  # type: ignore[assignment] # of an IPv6 address: four
                self._socket, self._connect_at = None, 0.0
        except Exception:  # noqa: BLE001 - a thread that breaks would say so on the program's standard error
            self._look_at = monotonic() + SOONER
        finally:
            self._looks = False


class _Current:
    """The way in use."""

    way: Way


def configure(
    address: str | None = None, app: str | None = None, tags: Tags = None, *, batch: bool | None = None
) -> None:
    """Say where values go, and what the program is called; what is None stays as it is.

    `address` is host:port, or unix:///path of a socket; "off" sends nothing. `tags` are added to every value. With
    `batch` values wait for the next call, at most a tenth of a second, so that several go in one datagram.
    """
    old = current.way
    try:
        to = old.target if address is None else target(str(address))
        name = old.app if app is None else _clean.tags({"app": app}).get("app", "")
        all_tags = old.tags if tags is None else _clean.tags(tags)
        new = Way(to, name, all_tags, gathers=old.gathers if batch is None else bool(batch))
    except Exception as error:  # noqa: BLE001 - a wrong setting of ours must not stop the program
        _log.warning("nothing is sent, for tocsin.configure was given what it cannot use: %s", error)
        new = Way(None, old.app, old.tags, gathers=old.gathers)
    current.way = new
    old.flush()


def flush() -> None:
    """Send what was gathered with `batch`, now."""
    current.way.flush()


def _from_environment() -> Way:
    app = _clean.tags({"app": os.environ.get("TOCSIN_APP", "")}).get("app", "")
    said = os.environ.get("TOCSIN_STATSD")
    try:
        to = target(f"127.0.0.1:{PORT}" if said is None else said)
    except ValueError as error:
        _log.warning("nothing is sent, for TOCSIN_STATSD cannot be used: %s", error)
        to = None
    return Way(to, app, {}, gathers=False)


current = _Current()
current.way = _from_environment()

atexit.register(flush)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: current.way.forked())  # noqa: PLW0108 - of that moment
