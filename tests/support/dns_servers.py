"""Name servers: one that answers whatever a test says, over datagrams and connections, and Debian's nsd."""

import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
from gevent import socket
from gevent.server import DatagramServer, StreamServer

from daemon.probes.base import Reading
from daemon.probes.dns import Dns
from daemon.units import Seconds
from needs import need_program
from running import free_port
from until import until

Query = dns.message.Message
Answers = Callable[[Query, bool], list[bytes]]  # the question, and whether it came over TCP


A = "192.0.2.7"


class Raw(bytes):
    """What is written into a connection as it is, without its length before it."""


def reply(query: Query, *records: str, rcode: str = "NOERROR", flags: str = "") -> dns.message.Message:
    """An honest answer; a record is written as in a zone's file, with its whole name."""
    message = dns.message.make_response(query)
    message.set_rcode(dns.rcode.from_text(rcode))
    message.flags |= dns.flags.from_text(flags)
    for record in records:
        name, ttl, kind, data = record.split(" ", 3)
        whose = dns.name.from_text(name)
        message.answer.append(
            dns.rrset.from_text_list(whose, int(ttl), "IN", kind, [data], origin=dns.name.root, relativize=False)
        )
    return message


class Fake:
    """Keeps what it was asked."""

    def __init__(self, answers: Answers, at: str = "127.0.0.1:0") -> None:
        self.asked: list[tuple[Query, bool]] = []
        self._answers = answers
        for tries_left in range(9, -1, -1):
            self.datagrams = DatagramServer(at, self._datagram)
            self.datagrams.start()
            self.port: int = self.datagrams.server_port
            host = at.partition(":")[0]
            try:
                self._connections = StreamServer(socket.create_server((host, self.port)), self._connection)
                break
            except OSError:  # somebody has the port of that number for connections
                self.datagrams.stop()
                if not tries_left:
                    raise
        self._connections.start()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def names(self) -> list[str]:
        return [query.question[0].name.to_text(omit_final_dot=True) for query, _ in self.asked]

    def close(self) -> None:
        self.datagrams.stop(timeout=1)
        self._connections.stop(timeout=1)

    def _taken(self, data: bytes, *, tcp: bool) -> list[bytes]:
        query = dns.message.from_wire(data)
        self.asked.append((query, tcp))
        return self._answers(query, tcp)

    def _datagram(self, data: bytes, address: object) -> None:
        for one in self._taken(data, tcp=False):
            self.datagrams.sendto(one, address)

    def _connection(self, sock: socket.socket, _: object) -> None:
        with suppress(OSError):
            while len(size := sock.recv(2)) == 2:
                data = sock.recv(struct.unpack("!H", size)[0])
                for one in self._taken(data, tcp=True):
                    sock.sendall(one if isinstance(one, Raw) else struct.pack("!H", len(one)) + one)


@contextmanager
def telling(answers: Answers, at: str = "127.0.0.1:0") -> Iterator[Fake]:
    """One that answers so inside the block."""
    fake = Fake(answers, at)
    try:
        yield fake
    finally:
        fake.close()


def honest(query: Query) -> bytes:
    """The same address for every name."""
    return reply(query, f"{query.question[0].name} 60 A {A}").to_wire()


def look(place: str, name: str = "a.example", timeout: float = 3, **more: object) -> Reading:
    """Look once, as a probe with these settings does."""
    return Dns(name=name, server=place, timeout=Seconds(timeout), **more).look()  # type: ignore[arg-type]


def answered(answers: Answers, **more: object) -> Reading:
    """Look once at a server that answers so."""
    with telling(answers) as fake:
        return look(fake.place, **more)  # type: ignore[arg-type]


CONFIG = """
server:
  ip-address: 127.0.0.1
  port: {port}
  username: ""
  zonesdir: "{home}"
  pidfile: "{home}/nsd.pid"
  xfrdfile: "{home}/xfrd.state"
  zonelistfile: "{home}/zone.list"
  logfile: "{home}/nsd.log"
  database: ""
  server-count: 1
  ipv4-edns-size: 1232
remote-control:
  control-enable: no
zone:
  name: {zone}
  zonefile: zone
"""


@contextmanager
def nsd(home: Path, zone: str, records: str) -> Iterator[str]:
    """The real server with one zone; yields host and port."""
    program = need_program("nsd", "nsd")
    port = free_port()
    (home / "zone").write_text(records)
    (home / "nsd.conf").write_text(CONFIG.format(port=port, home=home, zone=zone))
    log = home / "nsd.log"
    log.touch()
    running = subprocess.Popen([program, "-d", "-c", str(home / "nsd.conf")])
    try:
        until(lambda: "nsd started" in log.read_text(), why=log.read_text)
        yield f"127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(10)
