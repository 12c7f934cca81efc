"""Questions to one name server, over datagrams or a connection, and whatever comes back instead of an answer."""

import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype

from daemon import fitting
from daemon.probes.computing import computing
from daemon.probes.network.dial import Address, Missed, Watch, said

RESOLV_CONF = Path("/etc/resolv.conf")
MOST_SERVERS = 3  # as libc has it
MOST_STRAYS = 200  # answers to nothing we asked, in one look
TRIES = 3  # datagrams get lost
SPARE = 0.02  # seconds before the look's end at which we stop waiting, to say for what
MANY = 50  # records
LARGE = 1_500  # bytes; what is made to be slow to read takes 10 ms for each thousand
PAYLOAD = 1_232  # bytes of a datagram that get through everywhere
MOST_DATA = 65_535  # bytes of one message, however it comes
MOST_WORDS = 160  # characters of what is wrong with an answer
_HEAD = 12  # bytes
_TRUNCATED = 0x02  # in the third of them

T = TypeVar("T")

Name = dns.name.Name
Kind = dns.rdatatype.RdataType
Message = dns.message.QueryMessage

# What reading a message may raise; dnspython promises its own errors alone, about bytes that anybody may send.
UNREADABLE = (dns.exception.DNSException, ArithmeticError, LookupError, TypeError, ValueError, struct.error)


class Silent(Exception):
    """A server did not answer in its time, or answered something else."""


def servers_of_the_system() -> list[str]:
    """The name servers that this machine's programs ask; without any, libc asks the machine itself."""
    try:
        text = RESOLV_CONF.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    lines = [line.split() for line in text.splitlines()]
    return [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"][:MOST_SERVERS] or ["127.0.0.1"]


class Asker:
    """Asks one name server. Datagrams first, unless `tcp`; what does not fit into one is asked again over TCP."""

    def __init__(self, address: Address, watch: Watch, *, tcp: bool, recursion: bool, tries: int = TRIES) -> None:
        self._address = address
        self._watch = watch
        self._tcp = tcp
        self._flags = dns.flags.AD | (dns.flags.RD if recursion else 0)
        self._tries = tries
        self._extended = True  # EDNS

    def ask(self, name: Name, kind: Kind, within: float) -> Message:
        """Ask, and read the answer. Raises Missed with what came instead, Silent when nothing did."""
        response = self._exchanged(name, kind, within)
        if self._extended and response.edns < 0 and response.rcode() in (dns.rcode.FORMERR, dns.rcode.NOTIMP):
            self._extended = False  # an old server, which does not know what came after 1987
            response = self._exchanged(name, kind, within)
        return response

    def _exchanged(self, name: Name, kind: Kind, within: float) -> Message:
        query = dns.message.make_query(
            name, kind, use_edns=0 if self._extended else -1, payload=PAYLOAD, flags=self._flags
        )
        if not self._tcp:
            response = self._by_datagram(query, within)
            if response is not None:
                return response
            self._watch.evidence["truncated"] = "asked again over TCP"
        return self._by_connection(query, within)

    def _by_datagram(self, query: Message, within: float) -> Message | None:
        """None when the answer was too large for one."""
        try:
            with self._watch.phase("first_byte"), socket.socket(self._address[0], socket.SOCK_DGRAM) as sock:
                sock.connect(self._address[1])  # so the kernel gives us nothing that others sent
                return self._heard(sock, query, within)
        except OSError as error:
            raise Silent(said(error)) from error

    def _heard(self, sock: socket.socket, query: Message, within: float) -> Message | None:
        clock, wire, strays = self._watch.clock, query.to_wire(), 0
        end = clock.monotonic() + within
        for tries_left in range(self._tries, 0, -1):
            sock.send(wire)
            until = clock.monotonic() + (end - clock.monotonic()) / tries_left
            while (data := _received(sock, until - clock.monotonic())) is not None:
                if _is_about(data, query):
                    if data[2] & _TRUNCATED:
                        return None
                    if (response := self._read(data, query)) is not None:
                        return response
                strays += 1
                if strays > MOST_STRAYS:
                    raise Missed(f"more than {MOST_STRAYS} answers to something else")
        raise Silent(f"no answer, only some to something else ({strays})" if strays else "no answer")

    def _by_connection(self, query: Message, within: float) -> Message:
        with socket.socket(self._address[0], socket.SOCK_STREAM) as sock:
            sock.settimeout(within)
            try:
                with self._watch.phase("connect"):
                    sock.connect(self._address[1])
                with self._watch.phase("first_byte"):
                    wire = query.to_wire()
                    sock.sendall(struct.pack("!H", len(wire)) + wire)
                    (size,) = struct.unpack("!H", _exactly(sock, 2))
                self._watch.doing = "answer"
                data = _exactly(sock, size)
            except TimeoutError as error:
                raise Silent("no answer over TCP") from error
            except OSError as error:
                raise Silent(f"{said(error)}, over TCP") from error
        response = self._read(data, query) if _is_about(data, query) else None
        if response is None:
            raise Missed("the answer is to something else")
        return response

    def sense_of(self, response: Message, work: Callable[[Message], T]) -> T:
        """What `work` makes of an answer; it only computes, for it runs in a thread where the answer is long."""
        records = sum(len(rrset) for rrset in response.answer)
        try:
            return _computed(lambda: work(response), is_long=records > MANY)
        except UNREADABLE as error:
            raise Missed(f"the answer makes no sense: {_words(error)}") from error

    def _read(self, data: bytes, query: Message) -> Message | None:
        """Read a message; None when it is about another question."""
        try:
            response = _computed(lambda: read(data), is_long=len(data) > LARGE)
        except UNREADABLE as error:
            raise Missed(f"the answer is malformed: {_words(error)}") from error
        if response.question != query.question and (response.question or not _is_refusal(response)):
            return None
        return response


def _computed(work: Callable[[], T], *, is_long: bool) -> T:
    return computing()(work) if is_long else work()


def read(data: bytes) -> Message:
    """Read a message; it may only compute, for it may run in a thread."""
    message = dns.message.from_wire(data, ignore_trailing=True)
    if not isinstance(message, dns.message.QueryMessage):
        raise TypeError("it is no answer to a question")
    return message


def _is_about(data: bytes, query: Message) -> bool:
    """Whether it is an answer, and carries the number of this question."""
    return len(data) >= _HEAD and data[:2] == struct.pack("!H", query.id) and bool(data[2] & 0x80)


def _is_refusal(response: Message) -> bool:
    """A server that wants nothing to do with a question need not repeat it."""
    return response.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)


def _received(sock: socket.socket, within: float) -> bytes | None:
    if within <= 0:
        return None
    sock.settimeout(within)
    try:
        return sock.recv(MOST_DATA)
    except TimeoutError:
        return None


def _words(error: Exception) -> str:
    """What is wrong, on one line."""
    return fitting.cut(fitting.line(str(error)), MOST_WORDS) or type(error).__name__


def _exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = sock.recv(size - len(data))
        if not chunk:
            raise Missed(
                "the connection was closed " + ("in the middle of the answer" if data else "without an answer")
            )
        data += chunk
    return data
