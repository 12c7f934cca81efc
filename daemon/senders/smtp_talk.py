"""One connection to a mail server and what is said over it (RFC 5321, 3207, 4954, 1870, 2920, 6531).

Not by the standard library's `smtplib`: it reads answers without end, loses what a server says before it hangs up,
tries a refused password once more by each other mechanism, and waits for each answer before the next command.
"""

import base64
import contextlib
import re
import socket

import msgspec

from daemon.senders.mail import Mail

MAX_LINE = 2_048  # bytes of an answer's line; RFC 5321 has 512
MAX_LINES = 100  # of one answer

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])([^\r\n]*))?\r?\n")
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?= |$)")
_AUTH_OF_OLD = re.compile(r"AUTH=", re.IGNORECASE)
_READY, _GO_ON, _GO_AHEAD = 220, 334, 354
_MORE, _NO = 300, 400
CLOSING = 421
_WANTED = {"DATA": _GO_AHEAD}


class Reply(msgspec.Struct, frozen=True):
    """One answer, however many lines it has."""

    code: int
    lines: list[str]

    @property
    def enhanced(self) -> str:
        """The status code of RFC 3463 (`5.1.1`) that it begins with; empty where it has none."""
        found = _ENHANCED.match(self.lines[-1])
        return found[1] if found else ""

    @property
    def words(self) -> str:
        """What it says, on one line."""
        return " ".join(self.lines)


class SaidNo(Exception):
    """The server's no to a command."""

    def __init__(self, command: str, reply: Reply) -> None:
        self.command = command
        self.reply = reply
        super().__init__(f"{reply.code} to {command}")


class Lacks(Exception):
    """The server does not offer what is needed; the text is a sentence that begins with a verb."""


class Talk:
    """A conversation. Every method raises OSError when the connection breaks, or what comes is not SMTP."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.command = "CONNECT"  # what the server is to answer
        self.under_way = False  # some of the mail has gone out
        self.handed_over = False  # the whole mail has gone out, and the server has not said what became of it
        self.mails = 0
        self._buffer = b""
        self._offers: dict[str, str] = {}
        self._half_done = False  # a mail was begun and not taken: the server is to forget it

    def greet(self) -> None:
        """Hear the server's greeting."""
        _check("CONNECT", self._reply(), _READY)

    def introduce(self, name: str) -> None:
        """Say who is there, and learn what the server offers."""
        reply = self._ask("EHLO", f"EHLO {name}")
        # Some say `AUTH=LOGIN` beside or instead of `AUTH LOGIN`.
        offered = [_AUTH_OF_OLD.sub("AUTH ", line).upper().partition(" ") for line in reply.lines[1:]]
        self._offers = {}
        for keyword, _, more in offered:
            self._offers[keyword] = f"{self._offers.get(keyword, '')} {more}".strip()

    def ask_for_tls(self) -> None:
        """Ask for encryption; what was learned in plain is forgotten."""
        if "STARTTLS" not in self._offers:
            raise Lacks("does not offer STARTTLS, and nothing is sent unencrypted")
        self._ask("STARTTLS", "STARTTLS", _READY)
        if self._buffer:  # whoever put it there wants it to be taken for the server's words over TLS
            raise ConnectionAbortedError("it went on in plain text after STARTTLS")
        self._offers = {}

    def log_in(self, user: str, password: str) -> None:
        """Say who we are, by one mechanism and once: many servers lock an account after a few refusals."""
        mechanisms = self._offers.get("AUTH", "").split()
        if "PLAIN" in mechanisms:
            self._ask("AUTH", f"AUTH PLAIN {_plain(user, password)}")
        elif "LOGIN" in mechanisms:
            self._ask("AUTH", "AUTH LOGIN", _GO_ON)
            self._ask("AUTH", _base64(user), _GO_ON)
            self._ask("AUTH", _base64(password))
        else:
            offered = f"only {' '.join(mechanisms)[:100]}" if mechanisms else "no way at all"
            raise Lacks(f"offers {offered} to log in, and tocsin logs in by PLAIN or LOGIN")

    @property
    def most(self) -> int:
        """How many bytes it takes in one mail; 0 where it does not say."""
        said = self._offers.get("SIZE", "")
        return int(said) if said.isdigit() and len(said) < 12 else 0  # noqa: PLR2004 - terabytes are no limit

    @property
    def takes_utf8(self) -> bool:
        """Whether addresses may have letters beyond ASCII before the @."""
        return "SMTPUTF8" in self._offers

    def hand_over(self, mail: Mail) -> Reply:
        """Hand over one mail; return the server's yes, raise SaidNo with its first no."""
        size = f" SIZE={len(mail.data)}" if "SIZE" in self._offers else ""
        utf8 = " BODY=8BITMIME SMTPUTF8" if mail.needs_utf8 else ""
        commands = [f"MAIL FROM:<{mail.sender}>{size}{utf8}", f"RCPT TO:<{mail.recipient}>", "DATA"]
        if self._half_done:
            commands.insert(0, "RSET")
        self._half_done = True
        self.under_way = self.handed_over = False
        self._begin(commands)
        self.under_way = True
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have said why before it hung up
            self.connection.sendall(mail.data + b".\r\n")
            self.handed_over = True
        reply = self._reply()
        _check("DATA", reply)
        self.under_way = self.handed_over = self._half_done = False
        self.mails += 1
        return reply

    def leave(self) -> None:
        """Say goodbye, without waiting for an answer, and hang up."""
        try:
            with contextlib.suppress(OSError):
                self.connection.sendall(b"QUIT\r\n")
        finally:
            self.connection.close()

    def _begin(self, commands: list[str]) -> None:
        """Say these, all at once where the server likes that (PIPELINING), up to DATA."""
        if "PIPELINING" not in self._offers:
            for command in commands:
                self._ask(command[:4], command, _WANTED.get(command, 0))
            return
        self.command = commands[0][:4]
        self.connection.sendall("".join(f"{command}\r\n" for command in commands).encode())
        first_no = None
        for command in commands:
            self.command = command[:4]
            reply = self._reply()
            try:
                _check(self.command, reply, _WANTED.get(command, 0))
            except SaidNo as no:
                first_no = first_no or no
                if reply.code == CLOSING:
                    break
        if first_no and reply.code == _GO_AHEAD:  # it waits for a mail that nobody is to have: an empty one
            with contextlib.suppress(SaidNo):
                self._ask("DATA", ".")
        if first_no:
            raise first_no

    def _ask(self, command: str, line: str, wanted: int = 0) -> Reply:
        self.command = command
        self.connection.sendall(f"{line}\r\n".encode())
        reply = self._reply()
        _check(command, reply, wanted)
        return reply

    def _reply(self) -> Reply:
        lines: list[str] = []
        code = b""
        while len(lines) < MAX_LINES:
            found = _LINE.fullmatch(self._line())
            if not found or (lines and found[1] != code):
                raise ConnectionAbortedError("it does not speak SMTP")
            code = found[1]
            lines.append((found[3] or b"").decode("utf-8", "replace").strip())
            if found[2] != b"-":
                return Reply(int(code), lines)
        raise ConnectionAbortedError(f"its answer has more than {MAX_LINES} lines")

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\n") + 1) == 0:
            if len(self._buffer) > MAX_LINE:
                raise ConnectionAbortedError(f"its answer has a line of more than {MAX_LINE:,} bytes")
            data = self.connection.recv(MAX_LINE)
            if not data:
                raise ConnectionResetError("the connection was closed")
            self._buffer += data
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        return line


def _check(command: str, reply: Reply, wanted: int = 0) -> None:
    """Raise what is no yes; a yes of another kind than the command's (of the class 2, or `wanted`) is out of step."""
    if reply.code >= _NO:
        raise SaidNo(command, reply)
    if reply.code != wanted and (wanted or reply.code >= _MORE):
        raise ConnectionAbortedError(f"its {reply.code} is no answer to {command}")


def spelled(user: str, password: str) -> list[str]:
    """Every way in which a password goes over the wire: what is to be hidden where a server repeats it."""
    return [password, _base64(password), _plain(user, password)]


def _plain(user: str, password: str) -> str:
    return _base64(f"\0{user}\0{password}")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()
