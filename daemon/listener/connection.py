"""One client of the HTTP door: read, answer in order, never wait longer than the limits allow."""

import logging
import socket
from collections.abc import Mapping
from math import inf
from typing import Protocol

import gevent
from greenlet import greenlet as Greenlet  # noqa: N812 - a class like any other

from daemon.clock import Clock
from daemon.config.settings import Limits
from daemon.listener.exchange import FAILED, Answer, Refusal, Request, refused, wire
from daemon.listener.inbox import Inbox

LINGER = 2.0  # seconds in which a refused client may go on sending before it is cut off
LINGER_BYTES = 16 * 1024**2

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

log = logging.getLogger("tocsin.listener")


class Late(Exception):
    """The deadline passed, or the door closes: thrown into a connection's greenlet by the door's sweep."""


class Door(Protocol):
    """What a connection needs of the door it came through."""

    clock: Clock
    stopping: bool
    buffer: memoryview

    def limits(self) -> Limits:
        """The limits that hold now."""

    def largest(self, url: bytes, headers: Mapping[str, str]) -> int:
        """How large a body may be; 0 for as large as the limits say."""

    def work(self, request: Request) -> Answer:
        """Serve one request; never raises an Exception."""

    def date(self) -> str:
        """The time as a Date header."""

    def answered(self, request: Request | None, answer: Answer, seconds: float) -> None:
        """Count one answer."""


class Connection:
    """Serves one client until it leaves, errs, or is late."""

    def __init__(self, door: Door, sock: socket.socket, remote: str) -> None:
        self._door = door
        self._sock = sock
        self._now = door.clock.monotonic
        self._inbox = Inbox(remote, door.limits, door.largest)
        self._greenlet: Greenlet | None = gevent.getcurrent()  # let go at the end: it holds this object
        self.remote = remote
        self.resting = True  # waiting for a request to begin: nothing is lost by closing
        self.since = self._now()  # when it began to rest
        self.deadline = self.since + door.limits().read_timeout

    @property
    def granted(self) -> int:
        """How many bytes its body may have beyond what any other may."""
        return 0 if self.resting else self._inbox.granted

    def serve(self) -> None:
        """Read and answer until one side has enough."""
        try:
            while self._exchange():
                pass
        except Late:
            log.debug("%s was too slow, or the door closes", self.remote)
        except OSError as error:
            log.debug("%s vanished: %s", self.remote, error)
        finally:
            self.deadline = inf
            self._greenlet = None
            self._inbox.close()

    def rested(self, now: float) -> float:
        """How long it has waited for a request to begin."""
        return now - self.since if self.resting else 0.0

    def expire(self, now: float) -> None:
        """Interrupt a wait whose deadline has passed. Runs in the hub, so no step can lie in between."""
        if self.deadline <= now and self._greenlet is not None:
            self.deadline = inf
            self._greenlet.throw(Late())

    def _exchange(self) -> bool:
        """Read once and answer what became whole; say whether to go on."""
        inbox = self._inbox
        try:
            got = self._sock.recv_into(self._door.buffer)
        except Late:
            if inbox.partial:
                seconds = self._door.limits().read_timeout
                self._refuse(Refusal(408, "timeout", f"the request was not whole after {seconds:g} seconds"))
            return False
        if not got:
            return False
        was_partial, self.resting = inbox.partial, False
        # The buffer belongs to all connections. It is parsed before anything can switch greenlets.
        inbox.feed(self._door.buffer[:got])
        for request in inbox.take():
            if not self._answer(request):
                if inbox.over:
                    self._linger()
                return False
        if inbox.refusal:
            self._refuse(inbox.refusal)
            return False
        if inbox.wants_continue():
            self._send(CONTINUE)
        self._rest(was_partial=was_partial)
        return True

    def _rest(self, *, was_partial: bool) -> None:
        """Set the deadline of the next wait. Dripping bytes into a request does not move it."""
        limits = self._door.limits()
        self.resting = not self._inbox.partial
        if self.deadline == inf:
            self.since = self._now()
            self.deadline = self.since + (limits.idle_timeout if self.resting else limits.read_timeout)
        elif self._inbox.partial and not was_partial:
            self.deadline = self._now() + limits.read_timeout

    def _answer(self, request: Request) -> bool:
        """Have one request served and write the answer; say whether the connection stays open."""
        self.deadline = inf
        began = self._now()
        answer = self._door.work(request)
        stays = request.keep_alive and not self._door.stopping
        connection = "close" if not stays else "keep-alive" if request.version == "1.0" else ""
        with_body = request.method != "HEAD"
        try:
            data = wire(answer, date=self._door.date(), connection=connection, with_body=with_body)
        except ValueError:
            log.exception("the answer to %s %r cannot be written", request.method, request.shown_path)
            answer = FAILED
            data = wire(answer, date=self._door.date(), connection=connection, with_body=with_body)
        self._send(data)
        self._door.answered(request, answer, self._now() - began)
        return stays

    def _refuse(self, refusal: Refusal) -> None:
        """Say what was wrong with bytes that are no request, then part."""
        answer = refused(refusal)
        self._send(wire(answer, date=self._door.date(), connection="close"))
        self._door.answered(None, answer, 0.0)
        self._linger()

    def _send(self, data: bytes) -> None:
        """Write it all; a client that does not read has as long as one that does not write."""
        self.deadline = self._now() + self._door.limits().read_timeout
        sent = self._sock.send(data)
        if sent < len(data):
            self._sock.sendall(memoryview(data)[sent:])
        self.deadline = inf

    def _linger(self) -> None:
        """Let the client read its answer: closing on unread bytes would reset the connection under it."""
        self.deadline = self._now() + LINGER
        self._sock.shutdown(socket.SHUT_WR)
        left = LINGER_BYTES
        while left > 0 and (got := self._sock.recv_into(self._door.buffer)):
            left -= got
