"""Send mail through a company's relay or a provider's server."""

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from gevent import Timeout

from daemon import fitting
from daemon.blotted import blotted, longest_first
from daemon.declared import Answers
from daemon.errors import Scope, SendFailed, SendRefused
from daemon.notice import Acceptance, Message, Recipient
from daemon.secret import Secret
from daemon.senders.base import Sender, sender
from daemon.senders.mail import Mail, Writer
from daemon.senders.mail_address import Mailbox, check_named, mailbox, named_mailbox
from daemon.senders.smtp_codes import ANSWERS, key
from daemon.senders.smtp_sessions import Attempt, Security, Server, Sessions
from daemon.senders.smtp_talk import Lacks, SaidNo, Talk, spelled
from daemon.texts.built_in import Kind
from daemon.units import Seconds

PORTS: dict[Security, int] = {"tls": 465, "starttls": 587, "none": 25}


@sender("smtp")
@dataclass(frozen=True, kw_only=True)
class Smtp(Sender):
    """A mail of its own for each person, as text and HTML, threaded with what was told of the same alarm before."""

    address: ClassVar[str] = "email"
    text: ClassVar[Kind] = "long"
    answers: ClassVar[Answers | None] = ANSWERS

    timeout: Seconds = field(
        default=Seconds(30.0),
        metadata={"doc": "the longest one try may take: some servers make one wait", "least": 0.05},
    )
    host: str = field(metadata={"doc": "the mail server, by the name that its certificate has"})
    port: int = field(
        default=0,
        metadata={
            "doc": "0 for what is usual: 465 with tls, 587 with starttls, 25 with none",
            "least": 0,
            "most": 65_535,
        },
    )
    security: Security = field(
        default="tls",
        metadata={"doc": "TLS from the start, or by STARTTLS (and then never without), or no encryption at all"},
    )
    user: str = field(default="", metadata={"doc": "whom to log in as; empty for a relay that knows us by our address"})
    password: Secret | None = field(
        default=None, metadata={"doc": "the password: with many providers an authorisation code or app password"}
    )
    from_: str = field(
        metadata={"key": "from", "doc": "who mails are from: `tocsin <alert@example.com>`", "check": check_named}
    )
    reply_to: str = field(default="", metadata={"doc": "where answers go, if not to `from`", "check": check_named})
    bounce: str = field(
        default="",
        metadata={"doc": "where mail that cannot be delivered goes back to, if not to `from`", "check": check_named},
    )
    html: bool = field(default=True, metadata={"doc": "whether a mail has its text as HTML too"})
    helo: str = field(default="", metadata={"doc": "the name to introduce ourselves by; empty for our address"})
    ca_file: str = field(
        default="", metadata={"doc": "PEM file of the authority to trust; empty for the system's authorities"}
    )

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        _check_host(self.host)
        if not self.from_:
            raise ValueError("from is empty; write for example tocsin <alert@example.com>")
        for name, value in (("from", self.from_), ("reply_to", self.reply_to), ("bounce", self.bounce)):
            try:
                check_named(value)
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
        if self.helo and not _is_word(self.helo):
            raise ValueError("helo is no name; write for example mail.example.com")
        if bool(self.user) != bool(self.password):
            raise ValueError(f"{'password' if self.user else 'user'} is missing: give both to log in, or neither")
        if self.user and self.security == "none":
            raise ValueError("security is none, and a password is never sent unencrypted: write tls or starttls")
        if self.ca_file and not Path(self.ca_file).is_file():
            raise ValueError(f"ca_file: there is no file {self.ca_file}")

    def send(self, message: Message) -> Acceptance:
        """Hand over one mail to the one recipient of the message."""
        to = _reachable(message.recipients[0])
        attempt = Attempt()
        deadline = Timeout(self.timeout)
        try:
            with deadline:
                mail, reply = self._sessions.deliver(functools.partial(self._written, message, to), attempt)
        except Timeout as error:
            if error is not deadline:  # somebody else's, who waits for this greenlet
                raise
            said = f"{self._shown}: no {attempt.where} within {self.timeout:g} s"
            raise SendFailed(said, ambiguous=attempt.is_ambiguous) from None
        except SaidNo as no:
            code = key(no.command, no.reply)
            words = self._blotted(f"{no.reply.code} {no.reply.words}")
            refusal = ANSWERS.error(code, f"{self._shown} answered {words} to {no.command}")
            raise refusal or SendFailed(f"{self._shown} answered {words}", code=code) from None
        except Lacks as lack:
            said = f"{self._shown} {self._blotted(str(lack))}"
            raise SendRefused(said, code="EHLO", scope=Scope.CHANNEL) from None
        except OSError as error:
            words = error.strerror or str(error)
            said = f"{self._shown}: no {attempt.where}: {type(error).__name__} {self._blotted(words)}".strip()
            raise SendFailed(said, ambiguous=attempt.is_ambiguous) from None
        return Acceptance(provider_id=mail.message_id, detail=self._blotted(reply.words))

    def target(self) -> str:
        """Name the server."""
        return self._shown

    def close(self) -> None:
        """Let go of kept-alive connections."""
        self._sessions.close()

    def _written(self, message: Message, to: Mailbox, talk: Talk) -> Mail:
        """Write it as this server can take it."""
        mail = self._writer.mail(message, to)
        if mail.needs_utf8 and not talk.takes_utf8:
            said = f"{self._shown} takes no address with letters beyond ASCII before the @"
            own = not self._writer.envelope.isascii()
            raise SendRefused(said, code="SMTPUTF8", scope=Scope.CHANNEL if own else Scope.RECIPIENT)
        return mail if not 0 < talk.most < len(mail.data) else self._writer.mail(message, to, talk.most)

    def _blotted(self, said: str) -> str:
        return blotted(said, self._hidden)

    @functools.cached_property
    def _shown(self) -> str:
        place = f"[{self.host}]" if ":" in self.host else self.host
        return f"{place}:{self._server.port}"

    @functools.cached_property
    def _hidden(self) -> list[str]:
        return longest_first(spelled(self.user, self.password.reveal())) if self.password is not None else []

    @functools.cached_property
    def _server(self) -> Server:
        return Server(
            host=self.host,
            port=self.port or PORTS[self.security],
            security=self.security,
            ca_file=self.ca_file,
            helo=self.helo,
            user=self.user,
            password=self.password,
        )

    @functools.cached_property
    def _sessions(self) -> Sessions:
        return Sessions(server=self._server, clock=self.clock, timeout=self.timeout)

    @functools.cached_property
    def _writer(self) -> Writer:
        sender_ = named_mailbox(self.from_)
        return Writer(
            sender=sender_,
            envelope=named_mailbox(self.bounce or self.from_).address,
            reply_to=named_mailbox(self.reply_to) if self.reply_to else None,
            html=self.html,
        )


def _reachable(recipient: Recipient) -> Mailbox:
    try:
        return mailbox(recipient.address)
    except ValueError as error:
        shown = fitting.cut(fitting.line(recipient.address), 100)
        said = f"{recipient.name or 'somebody'}'s address {shown!r} {error}"
        raise SendRefused(said, code="address", scope=Scope.RECIPIENT) from None


def _check_host(host: str) -> None:
    try:
        is_name = _is_word(host) and not set("@/[]") & set(host) and bool(host.encode("idna"))
    except UnicodeError:
        is_name = False
    if not is_name:
        raise ValueError(f"host {'is no name' if host else 'is empty'}; write for example smtp.example.com")


def _is_word(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text
