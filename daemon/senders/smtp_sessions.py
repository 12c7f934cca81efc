"""Connections to one mail server: opened, proved, used for some mails, closed when nobody needs them."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import gevent
from gevent.lock import BoundedSemaphore

from daemon.clock import Clock
from daemon.secret import Secret
from daemon.senders.connections import encrypted, is_quiet, opened
from daemon.senders.mail import Mail
from daemon.senders.smtp_talk import CLOSING, Reply, SaidNo, Talk

Security = Literal["tls", "starttls", "none"]

MAX_MAILS = 100  # over one connection: common servers end one after so many
IDLE_SECONDS = 20.0  # common servers hang up after some minutes, and count who is connected
MAX_IDLE = 50  # connections kept for the next burst
LOCKED_FOR = 600.0  # seconds after refused credentials in which the same ones are not tried again
_PERMANENT = 500


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where, how safely, and as whom."""

    host: str
    port: int
    security: Security
    ca_file: str
    helo: str  # our name; empty for the address that we have on the connection
    user: str
    password: Secret | None


@dataclass
class Attempt:
    """How far one try has come."""

    talk: Talk | None = None

    @property
    def is_ambiguous(self) -> bool:
        """Whether the server may have taken the mail."""
        return self.talk is not None and self.talk.handed_over

    @property
    def where(self) -> str:
        """What the server owes."""
        return "connection" if self.talk is None else f"answer to {self.talk.command}"


@dataclass
class Sessions:
    """Shared by many greenlets. The deadline of a try is its caller's."""

    server: Server
    clock: Clock
    timeout: float
    _idle: deque[tuple[Talk, float]] = field(default_factory=deque)
    _login: BoundedSemaphore = field(default_factory=BoundedSemaphore)
    _proved: bool = False  # the credentials were taken once
    _refused: Reply | None = None  # what was said to them when they were not
    _refused_until: float = 0.0
    _sweeper: "gevent.Greenlet[[], None] | None" = None
    _closed: bool = False

    def deliver(self, write: Callable[[Talk], Mail], attempt: Attempt) -> tuple[Mail, Reply]:
        """Hand over what `write` makes for a server that offers what this one does; return it and the yes to it.

        Raises SaidNo, Lacks, OSError. Where a kept connection turns out to have ended before any of the mail went
        out, a new one is opened.
        """
        kept = self._kept()
        while True:
            talk = kept or self._open(attempt)
            attempt.talk = talk
            in_step = False
            try:
                mail = write(talk)
                reply = talk.hand_over(mail)
                in_step = True
            except SaidNo as no:
                in_step = no.reply.code != CLOSING
                if in_step or kept is None or talk.under_way:
                    raise
            except OSError:
                if kept is None or talk.under_way:
                    raise
            else:
                return mail, reply
            finally:
                self._give_back(talk, in_step=in_step)
            kept = None

    def close(self) -> None:
        """Take leave on every idle connection; those in use are closed when their mail is done."""
        self._closed = True
        while self._idle:
            self._idle.popleft()[0].leave()
        if self._sweeper is not None:
            self._sweeper.kill(block=False)

    def _kept(self) -> Talk | None:
        while self._idle:
            talk, since = self._idle.pop()
            if self.clock.monotonic() - since < IDLE_SECONDS and is_quiet(talk.connection):
                return talk
            talk.connection.close()
        return None

    def _give_back(self, talk: Talk, *, in_step: bool) -> None:
        if not in_step:
            talk.connection.close()
        elif self._closed or talk.mails >= MAX_MAILS or len(self._idle) >= MAX_IDLE:
            talk.leave()
        else:
            self._idle.append((talk, self.clock.monotonic()))
            if not self._sweeper:  # a greenlet is true while it runs
                self._sweeper = gevent.spawn(self._sweep)

    def _sweep(self) -> None:
        """Take leave of what nobody has used for a while, until nothing is idle."""
        while self._idle:
            self.clock.sleep(IDLE_SECONDS / 2)
            oldest = self.clock.monotonic() - IDLE_SECONDS
            while self._idle and self._idle[0][1] <= oldest:
                self._idle.popleft()[0].leave()

    def _open(self, attempt: Attempt) -> Talk:
        self._spare_the_account()
        server = self.server
        connection = opened((server.host, server.port), self.timeout)
        if server.security == "tls":
            connection = encrypted(connection, server.host, server.ca_file)
        talk = attempt.talk = Talk(connection)
        try:
            talk.greet()
            name = server.helo or _literal(*connection.getsockname()[:2])
            talk.introduce(name)
            if server.security == "starttls":
                talk.ask_for_tls()
                talk.connection = encrypted(talk.connection, server.host, server.ca_file)
                talk.introduce(name)
            if server.password is not None:
                self._log_in(talk, server.password.reveal())
        except BaseException:
            talk.connection.close()
            raise
        return talk

    def _log_in(self, talk: Talk, password: str) -> None:
        """Until they were taken once, one connection at a time tries them: a crowd might lock the account."""
        if self._proved:
            self._try_login(talk, password)
            return
        with self._login:
            self._spare_the_account()
            self._try_login(talk, password)
            self._proved = True

    def _try_login(self, talk: Talk, password: str) -> None:
        try:
            talk.log_in(self.server.user, password)
        except SaidNo as no:
            if no.reply.code >= _PERMANENT:
                self._proved, self._refused = False, no.reply
                self._refused_until = self.clock.monotonic() + LOCKED_FOR
            raise
        self._refused = None

    def _spare_the_account(self) -> None:
        """Repeat what the server said to these credentials, rather than ask it once more."""
        if self._refused is not None and self.clock.monotonic() < self._refused_until:
            raise SaidNo("AUTH", self._refused)


def _literal(address: str, _port: int) -> str:
    """Our address where we have no name (RFC 5321, 4.1.3)."""
    return f"[IPv6:{address.partition('%')[0]}]" if ":" in address else f"[{address}]"
