"""A mail server that keeps to RFC 5321, answers as told, and remembers every mail that it took."""

import base64
import binascii
import re
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from gevent.event import Event
from gevent.server import StreamServer
from gevent.socket import IPPROTO_TCP, TCP_NODELAY, socket

OFFERS = ("PIPELINING", "SIZE 10240000", "8BITMIME", "ENHANCEDSTATUSCODES")
LOCKS_AFTER = 3  # refused passwords

Does = Callable[["FakeSmtp", socket], None]  # instead of an answer
Says = str | bytes | Does


@dataclass(frozen=True)
class Got:
    """One mail, as it came; doubled dots are undone."""

    sender: str
    recipient: str
    data: bytes
    encrypted: bool
    user: str


def hang(server: "FakeSmtp", _: socket) -> None:
    """Say nothing until the test is over."""
    server.over.wait()
    raise ConnectionError


def drop(_server: "FakeSmtp", _connection: socket) -> None:
    """Hang up without a word."""
    raise ConnectionError


def dripping(answer: bytes) -> Does:
    """Say it, one byte every 30 milliseconds."""

    def drip(server: "FakeSmtp", connection: socket) -> None:
        for byte in answer:
            connection.sendall(bytes([byte]))
            server.over.wait(0.03)

    return drip


def endless(server: "FakeSmtp", connection: socket) -> None:
    """Never come to the end of a line, nor of an answer."""
    while not server.over.is_set():
        connection.sendall(b"220-" + b"x" * 65_536)


@dataclass
class FakeSmtp:
    """Listens on a port of its own. `says` holds answers to a command, or to what ends a mail (`.`).

    Each is used once, the last for all that follow; what is not in it is answered as a good server does.
    """

    offers: tuple[str, ...] = OFFERS
    users: dict[str, str] = field(default_factory=dict)  # with their passwords; none: nobody need log in
    mechanisms: str = "PLAIN LOGIN"
    security: str = "none"
    context: ssl.SSLContext | None = None
    latency: float = 0.0  # seconds before each answer
    cut_after: int | None = None  # bytes that it says on a connection before it resets it
    says: dict[str, deque[Says]] = field(default_factory=dict)
    mails: list[Got] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    wrongs: list[str] = field(default_factory=list)  # what no client may do
    connections: int = 0
    open: int = 0
    complete: int = 0  # mails that came to their end, taken or not
    refused_logins: int = 0
    over: Event = field(default_factory=Event)

    def __enter__(self) -> Self:
        more = {"ssl_context": self.context} if self.security == "tls" else {}
        self._server = StreamServer(("127.0.0.1", 0), self._serve, **more)
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.stop(timeout=1)

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    def then(self, command: str, *answers: Says) -> None:
        self.says[command] = deque(answers)

    def _serve(self, connection: socket, _: object) -> None:
        self.connections += 1
        self.open += 1
        connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        session = _Session(self, connection)
        with suppress(OSError):  # a client that hangs up is what many tests are about
            session.serve()
        self.open -= 1
        session.connection.close()


class _Session:
    def __init__(self, server: FakeSmtp, connection: socket) -> None:
        self.server = server
        self.connection = connection
        self.encrypted = server.security == "tls"
        self.user = ""
        self.sender: str | None = None
        self.recipient = ""
        self.buffer = b""
        self.left = server.cut_after
        self.utf8 = False

    def serve(self) -> None:
        self.say("CONNECT", "220 mx.example.com ESMTP")
        while True:
            line = self.line()
            if not line.isascii() and not self.utf8 and b"SMTPUTF8" not in line:
                self.server.wrongs.append(f"8 bits in {line!r}")
            command = line.decode("utf-8", "replace")
            self.server.commands.append(command)
            verb = command.partition(" ")[0].upper()
            handle = getattr(self, f"do_{verb.lower()}", None)
            if handle is None:
                self.say(verb, "502 5.5.1 what?")
            else:
                handle(command)

    def do_ehlo(self, command: str) -> None:
        if not re.fullmatch(r"EHLO [\w.:\[\]-]+", command):
            self.server.wrongs.append(command)
        offers = [*self.server.offers]
        if self.server.security == "starttls" and not self.encrypted:
            offers.append("STARTTLS")
        elif self.server.users:
            offers.append(f"AUTH {self.server.mechanisms}")
        lines = ["mx.example.com", *offers]
        said = "".join(f"250-{line}\r\n" for line in lines[:-1]) + f"250 {lines[-1]}"
        self.say("EHLO", said)

    def do_starttls(self, _: str) -> None:
        if self.say("STARTTLS", "220 2.0.0 go ahead"):
            assert self.server.context is not None
            self.encrypted, self.buffer = True, b""
            self.connection = self.server.context.wrap_socket(
                self.connection, server_side=True, do_handshake_on_connect=False
            )
            self.connection.do_handshake()

    def do_auth(self, command: str) -> None:
        _, mechanism, *first = command.split(" ")
        if mechanism == "PLAIN":
            _, user, password = _plain(first[0]).split("\0")
        else:
            self.say("AUTH LOGIN", "334 VXNlcm5hbWU6")
            user = _plain(self.line().decode())
            self.say("AUTH LOGIN", "334 UGFzc3dvcmQ6")
            password = _plain(self.line().decode())
        if self.server.users.get(user) == password:
            self.user = user
            self.say("AUTH", "235 2.7.0 welcome")
        else:
            self.server.refused_logins += 1
            locked = self.server.refused_logins > LOCKS_AFTER
            self.say("AUTH", "535 5.7.8 account locked" if locked else "535 5.7.8 wrong user or password")

    def do_mail(self, command: str) -> None:
        found = re.fullmatch(r"MAIL FROM:<([^<>\s]+)>((?: \S+)*)", command)
        if not found or self.sender is not None:
            self.say("MAIL", "503 5.5.1 one sender at a time" if found else "501 5.1.7 bad sender")
            return
        options = found[2].split()
        self.utf8 = "SMTPUTF8" in options
        most = next((int(offer[5:]) for offer in self.server.offers if offer.startswith("SIZE ")), 0)
        size = next((int(option[5:]) for option in options if option.startswith("SIZE=")), 0)
        if self.server.users and not self.user:
            self.say("MAIL", "530 5.7.0 log in first")
        elif 0 < most < size:
            self.say("MAIL", "552 5.3.4 too large")
        elif self.say("MAIL", "250 2.1.0 ok"):
            self.sender = found[1]

    def do_rcpt(self, command: str) -> None:
        found = re.fullmatch(r"RCPT TO:<([^<>\s]+@[^<>\s]+)>", command)
        if self.sender is None:
            self.say("RCPT", "503 5.5.1 MAIL first")
        elif not found:
            self.say("RCPT", "501 5.1.3 bad address")
        elif self.say("RCPT", "250 2.1.5 ok"):
            self.recipient = found[1]

    def do_data(self, _: str) -> None:
        if not self.recipient:
            self.say("DATA", "554 5.5.1 no valid recipients")
            return
        if not self.say("DATA", "354 go ahead"):
            return
        lines = []
        while (line := self.line()) != b".":
            if len(line) > 998 or b"\r" in line or not (line.isascii() or self.utf8):
                self.server.wrongs.append(f"a line of {len(line)} bytes: {line[:80]!r}")
            lines.append(line.removeprefix(b"."))
        self.server.complete += 1
        if self.say(".", f"250 2.0.0 Ok: queued as {len(self.server.mails):X}"):
            data = b"".join(line + b"\r\n" for line in lines)
            self.server.mails.append(Got(self.sender or "", self.recipient, data, self.encrypted, self.user))
        self.sender, self.recipient = None, ""

    def do_rset(self, _: str) -> None:
        self.sender, self.recipient = None, ""
        self.say("RSET", "250 2.0.0 ok")

    def do_quit(self, _: str) -> None:
        self.say("QUIT", "221 2.0.0 bye")
        raise ConnectionError

    def say(self, command: str, usual: str) -> bool:
        """Answer as told, else as usual; say whether it was a yes."""
        if self.server.latency:
            self.server.over.wait(self.server.latency)
        told = self.server.says.get(command)
        answer: Says = usual if not told else told.popleft() if len(told) > 1 else told[0]
        if callable(answer):
            answer(self.server, self.connection)
            return True
        data = answer if isinstance(answer, bytes) else f"{answer}\r\n".encode()
        if self.left is not None:
            data, self.left = data[: self.left], max(0, self.left - len(data))
        self.connection.sendall(data)
        if self.left == 0 or data.startswith(b"421"):
            raise ConnectionError
        return data[:1] in b"23"

    def line(self) -> bytes:
        """The next line without its CRLF; a bare LF is part of it."""
        while b"\r\n" not in self.buffer:
            data = self.connection.recv(65_536)
            if not data:
                raise ConnectionError
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        if b"\n" in line:
            self.server.wrongs.append(f"a bare LF in {line[:80]!r}")
        return line


def _plain(text: str) -> str:
    with suppress(binascii.Error):
        return base64.b64decode(text, validate=True).decode()
    return ""
