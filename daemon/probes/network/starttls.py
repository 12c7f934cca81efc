"""The words that come before TLS where a protocol begins in the clear: STARTTLS and its kin."""

import socket
from collections.abc import Callable
from typing import Literal
from xml.sax.saxutils import quoteattr

from daemon import fitting
from daemon.probes.network.dial import Missed, Watch

Protocol = Literal["smtp", "imap", "pop3", "ftp", "ldap", "postgres", "mysql", "xmpp"]

MOST_SAID = 16 * 1024  # bytes that a server may say before TLS
MOST_QUOTED = 120  # characters of it that a reading quotes

_POSTGRES_PLEASE = b"\0\0\0\x08\x04\xd2\x16\x2f"
_LDAP_PLEASE = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"  # an extended request, by its OID
_LDAP_ANSWER, _LDAP_CODE = 0x78, 0x0A
_MYSQL_ERROR, _MYSQL_VERSION, _MYSQL_SSL = 0xFF, 10, 0x0800
_MYSQL_PLEASE = b"\x20\0\0\x01" + b"\x00\x8a\x00\x00" + b"\0\0\0\1" + b"\x21" + b"\0" * 23
_XMPP_TLS = "urn:ietf:params:xml:ns:xmpp-tls"


def upgrade(sock: socket.socket, protocol: Protocol, host: str, watch: Watch) -> None:
    """Talk up to the point where the TLS handshake may begin; raises Missed when the server does not want to.

    It is the phase `starttls`. How long it may take is up to the look's timer.
    """
    with watch.phase("starttls"):
        talk = _Talk(sock)
        _TALKS[protocol](talk, host)
        # What came in the clear and is read as if it had come through TLS is a way for a stranger to put words in.
        if talk.rest:
            raise Missed(f"the server went on in the clear after it agreed to TLS: {_quoted(talk.rest)}")


def own_name(sock: socket.socket) -> str:
    """How we introduce ourselves: by address, which is always true (RFC 5321 §4.1.3)."""
    own = sock.getsockname()[0]
    return f"[IPv6:{own}]" if ":" in own else f"[{own}]"


class _Talk:
    """One conversation in the clear; `rest` is what has come and was not asked for yet."""

    def __init__(self, sock: socket.socket) -> None:
        self.rest = b""
        self.sock = sock
        self._heard = 0

    def say(self, words: str | bytes) -> None:
        """Send a line, or bytes as they are."""
        self.sock.sendall(words if isinstance(words, bytes) else f"{words}\r\n".encode())

    def line(self) -> str:
        """The next line."""
        return self.until(b"\n").decode("latin-1").rstrip("\r\n")

    def until(self, *ends: bytes) -> bytes:
        """Everything up to the first of these, with it."""
        while not (found := [self.rest.index(end) + len(end) for end in ends if end in self.rest]):
            self._hear()
        said, self.rest = self.rest[: min(found)], self.rest[min(found) :]
        return said

    def take(self, count: int) -> bytes:
        """So many bytes."""
        if count > MOST_SAID:
            raise Missed(f"the server does not speak as expected: {count} bytes at once")
        while len(self.rest) < count:
            self._hear()
        said, self.rest = self.rest[:count], self.rest[count:]
        return said

    def reply(self) -> str:
        """A whole reply of SMTP or FTP: it ends with a line that has a code and no dash behind it."""
        lines = [self.line()]
        if not lines[0][:3].isdigit():
            raise _stranger(lines[0])
        while lines[-1][3:4] == "-" or not lines[-1][:3].isdigit():
            lines.append(self.line())
        return "\n".join(lines)

    def _hear(self) -> None:
        data = self.sock.recv(4096)
        self._heard += len(data)
        if not data:
            before = f" after {_quoted(self.rest)}" if self.rest else ""
            raise Missed(f"the connection was closed before TLS{before}")
        if self._heard > MOST_SAID:
            raise Missed(f"the server said more than {MOST_SAID} bytes before TLS")
        self.rest += data


def _smtp(talk: _Talk, host: str) -> None:
    del host
    _demand(talk.reply(), "220")
    talk.say(f"EHLO {own_name(talk.sock)}")
    offered = _demand(talk.reply(), "250")
    if "STARTTLS" not in (line[4:].strip().upper() for line in offered.split("\n")):
        raise Missed("the server does not offer STARTTLS")
    talk.say("STARTTLS")
    _demand(talk.reply(), "220")


def _imap(talk: _Talk, host: str) -> None:
    del host
    _demand(talk.line(), "* OK")
    talk.say("a1 STARTTLS")
    while (line := talk.line()).startswith("* "):  # said in between, and about something else
        pass
    _demand(line, "a1 OK")


def _pop3(talk: _Talk, host: str) -> None:
    del host
    _demand(talk.line(), "+OK")
    talk.say("STLS")
    _demand(talk.line(), "+OK")


def _ftp(talk: _Talk, host: str) -> None:
    del host
    _demand(talk.reply(), "220")
    talk.say("AUTH TLS")
    _demand(talk.reply(), "234")


def _postgres(talk: _Talk, host: str) -> None:
    del host
    talk.say(_POSTGRES_PLEASE)
    match talk.take(1):
        case b"S":
            return
        case b"N":
            raise Missed("the server does not offer TLS")
        case other:
            raise _stranger((other + talk.rest).decode("latin-1"))


def _mysql(talk: _Talk, host: str) -> None:
    del host
    greeting = talk.take(int.from_bytes(talk.take(4)[:3], "little"))
    if greeting[:1] == bytes([_MYSQL_ERROR]):
        raise Missed(f"the server refused: {_quoted(greeting[3:])}")
    version, _, rest = greeting[1:].partition(b"\0")
    if greeting[:1] != bytes([_MYSQL_VERSION]) or len(rest) < 15:  # noqa: PLR2004 - up to the lower half of what it can
        raise _stranger(greeting.decode("latin-1"))
    if not int.from_bytes(rest[13:15], "little") & _MYSQL_SSL:
        raise Missed(f"the server {_quoted(version)} does not offer TLS")
    talk.say(_MYSQL_PLEASE)


def _ldap(talk: _Talk, host: str) -> None:
    """Ask by extended operation (RFC 4511 §4.14); its answer's result code is all that matters."""
    del host
    talk.say(_LDAP_PLEASE)
    head = talk.take(2)
    if head[0] != 0x30:  # noqa: PLR2004 - a sequence
        raise _stranger(head.decode("latin-1"))
    length = head[1]
    if length > 0x7F:  # noqa: PLR2004 - the length itself takes so many bytes
        length = int.from_bytes(talk.take(length & 0x7F), "big")
    answer = talk.take(length)
    code = answer.find(bytes([_LDAP_CODE, 1]), 4)
    if answer[:4] != bytes([2, 1, 1, _LDAP_ANSWER]) or not 0 < code < len(answer) - 2:
        raise _stranger(answer.decode("latin-1"))
    if answer[code + 2]:
        raise Missed(f"the server refused TLS with LDAP result code {answer[code + 2]}")


def _xmpp(talk: _Talk, host: str) -> None:
    hello = f"<?xml version='1.0'?><stream:stream to={quoteattr(host)} version='1.0' xmlns='jabber:client'"
    talk.say(f"{hello} xmlns:stream='http://etherx.jabber.org/streams'>".encode())
    features = talk.until(b"</stream:features>", b"<stream:features/>", b"</stream:stream>").decode("utf-8", "replace")
    if _XMPP_TLS not in features:
        raise Missed("the server does not offer STARTTLS")
    talk.rest = talk.rest.lstrip()
    talk.say(f"<starttls xmlns='{_XMPP_TLS}'/>".encode())
    answer = talk.until(b">").decode("utf-8", "replace")
    if not answer.lstrip().startswith("<proceed"):
        raise Missed(f"the server refused STARTTLS: {_quoted(answer)}")


_TALKS: dict[Protocol, Callable[[_Talk, str], None]] = {
    "smtp": _smtp,
    "imap": _imap,
    "pop3": _pop3,
    "ftp": _ftp,
    "ldap": _ldap,
    "postgres": _postgres,
    "mysql": _mysql,
    "xmpp": _xmpp,
}


def _demand(said: str, begin: str) -> str:
    if not said.upper().startswith(begin.upper()):
        raise _stranger(said)
    return said


def _stranger(said: str) -> Missed:
    return Missed(f"the server does not agree to TLS, it says: {_quoted(said)}")


def _quoted(said: str | bytes) -> str:
    text = said if isinstance(said, str) else said.decode("latin-1")
    return fitting.cut(fitting.line(text), MOST_QUOTED) or "nothing that can be shown"
