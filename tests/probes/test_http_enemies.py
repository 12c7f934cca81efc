"""The http probe against servers and names that mean no good: each time a reason, in time, and nothing left behind."""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest
from gevent.event import Event as Signal
from gevent.resolver.ares import Resolver

from authority import Authority
from daemon.probes.fetch import answer as module
from daemon.probes.fetch.place import place
from daemon.probes.http import Http
from daemon.reading import Health, Reading
from daemon.secret import Secret
from daemon.units import Seconds
from name_server import NameServer, name_server
from raw_server import Speak, answering, ok, request, serving
from remains import descriptors
from until import until

ANSWER = (
    b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n"
)
RESET = struct.pack("ii", 1, 0)


def look(speak: Speak, timeout: float = 2, **more: object) -> Reading:
    with serving(speak) as port:
        return Http(url=f"http://127.0.0.1:{port}/", timeout=Seconds(timeout), **more).look()  # type: ignore[arg-type]


@pytest.mark.parametrize("resets", [False, True])
def test_an_answer_that_ends_at_any_byte_is_a_reading_with_a_reason(resets: bool) -> None:
    """Closed or reset after each byte in turn."""
    at = [0]

    def speak(sock: socket.socket) -> None:
        request(sock)
        sock.sendall(ANSWER[: at[0]])
        if resets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            sock.close()

    files = descriptors()
    with serving(speak) as port:
        probe = Http(url=f"http://127.0.0.1:{port}/", timeout=Seconds(2))
        for end in range(len(ANSWER)):
            at[0] = end
            reading = probe.look()
            assert reading.health is Health.DOWN, ANSWER[:end]
            assert reading.detail
            assert "probe" not in reading.detail
            assert "total" not in reading.phases
        at[0] = len(ANSWER)
        if not resets:
            assert probe.look().detail == "200 OK"
    until(lambda: descriptors() <= files)


def test_an_answer_in_single_bytes_is_whole() -> None:
    def speak(sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request(sock)
        for byte in ANSWER:
            sock.sendall(bytes([byte]))
            gevent.sleep(0)

    reading = look(speak)
    assert reading.detail == "200 OK"
    assert reading.body == b"fine"
    assert "link" not in reading.values["header"]


GARBAGE = [b"\0", b"\xff", b"\r\n", b" ", b"-1", b"zz", b"\x1b[31m", b'4;x="', b"4\n\n", b"0x4"]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_for_the_size_of_a_chunk_is_a_reason(garbage: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    reading = look(answering(head + garbage + b"\r\nfine\r\n0\r\n\r\n"))
    assert reading.detail.startswith("200, but the body was cut short: ")
    assert reading.values["status"] == 200


@pytest.mark.parametrize("end", [b"\r\n", b"fine\r\n0\r\n\r\n", b""])
def test_a_chunk_of_a_size_that_no_machine_has_is_a_reason(end: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for size in (b"f" * 16, b"f" * 17, b"7" + b"f" * 15):
        assert look(answering(head + size + b"\r\n" + end)).detail.startswith("200, but the body was cut short")


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n\0\0\0"]
)
def test_a_server_that_speaks_something_else_from_now_on(answer: bytes) -> None:
    assert look(answering(answer)).detail == "101 Switching Protocols, expected 200-399"


@pytest.mark.parametrize(
    "speak",
    [
        lambda sock: sock.sendall(b"220 mail.example ESMTP\r\n"),
        lambda sock: sock.sendall(b"\x16\x03\x01\x02\x00" + b"\0" * 100),
        lambda sock: sock.sendall(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\0" * 18),  # HTTP/2's first frame
        lambda sock: sock.sendall(b"J\0\0\0\n8.0.36\0"),
        lambda sock: sock.sendall(b"-ERR unknown command 'GET'\r\n"),
        lambda sock: sock.sendall(b"<html>no head at all</html>"),
        lambda sock: sock.sendall(b"\r\n\r\n\r\n"),
    ],
)
def test_servers_of_other_protocols(speak: Speak) -> None:
    def politely(sock: socket.socket) -> None:
        request(sock)
        speak(sock)

    reading = look(politely)
    assert reading.detail in {
        "the answer is not HTTP",
        "the connection was closed in the middle of the answer's header",
    }


def test_interim_answers_without_end_are_cut_off() -> None:
    def speak(sock: socket.socket) -> None:
        request(sock)
        while True:
            sock.sendall(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)

    assert look(speak).detail == "the answer's header does not end within 131072 bytes"


def test_what_is_read_is_bounded_while_others_are_served() -> None:
    """Ten thousand names of headers, then a body that never ends: read to the cap, with turns for everybody else."""
    turns: list[float] = []

    def speak(sock: socket.socket) -> None:
        request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\n" + b"".join(b"h%d: x\r\n" % n for n in range(8_000)) + b"\r\n")
        while True:
            sock.sendall(b"x" * 65_536)

    def others() -> None:
        while True:
            turns.append(0.0)
            gevent.sleep(0)

    watching = gevent.spawn(others)
    reading = look(speak)
    watching.kill()
    assert reading.is_well
    assert len(reading.body) == module.MOST_READ
    assert len(reading.values["header"]) == 8_000
    assert turns


@pytest.mark.parametrize("cut", ["header", "body", "handshake", "request"])
def test_a_server_that_stops_anywhere_is_cut_off_and_leaves_nothing_behind(cut: str) -> None:
    forever = Signal()

    def speak(sock: socket.socket) -> None:
        if cut == "handshake":
            sock.recv(10)
            forever.wait()
        if cut == "request":
            forever.wait()
        request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n" + (b"" if cut == "header" else b"\r\nhalf"))
        forever.wait()

    files = descriptors()
    with serving(speak) as port:
        scheme = "https" if cut == "handshake" else "http"
        body = Secret("x" * 30_000_000) if cut == "request" else None  # more than any buffer on the way takes
        reading = Http(
            url=f"{scheme}://127.0.0.1:{port}/", timeout=Seconds(0.2), body_secret=body, method="POST"
        ).look()
        stuck = {"handshake": "tls", "request": "first byte"}.get(cut, cut)
        assert reading.detail == f"no answer within 0.2s, stuck at {stuck}"
        forever.set()
    until(lambda: descriptors() <= files)


def test_a_server_that_answers_before_it_has_heard_all_is_heard() -> None:
    def speak(sock: socket.socket) -> None:
        sock.recv(1_000)
        sock.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        sock.shutdown(socket.SHUT_RD)
        Signal().wait(0.1)

    reading = look(speak, method="POST", body_secret=Secret("x" * 5_000_000))
    assert reading.detail in {
        "413 Content Too Large, expected 200-399",
        "413 Request Entity Too Large, expected 200-399",
    }


# names


@pytest.fixture
def asks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[NameServer]]:
    """Names are asked of the server that a test puts here."""
    made: list[Resolver] = []

    class Asked(list[NameServer]):
        def append(self, server: NameServer) -> None:
            made.append(Resolver(use_environ=False, servers=["127.0.0.1"], udp_port=server.server_port, timeout=5))
            monkeypatch.setattr(gevent.get_hub(), "resolver", made[-1])
            super().append(server)

    yield Asked()
    monkeypatch.undo()
    for resolver in made:
        resolver.close()


def test_a_name_with_a_hundred_addresses_is_tried_at_some_of_them(asks: list[NameServer]) -> None:
    with socket.socket() as unused, name_server(addresses=tuple(f"127.0.1.{n}" for n in range(1, 101))) as server:
        unused.bind(("127.0.0.1", 0))
        asks.append(server)
        reading = Http(url=f"http://many.example:{unused.getsockname()[1]}/").look()
    assert reading.detail.startswith("connection refused (127.0.1.")
    assert reading.detail.endswith("and 13 more addresses")
    assert reading.evidence["address"].endswith("(IPv4), after 15 others")


def test_one_of_a_hundred_addresses_answers(asks: list[NameServer]) -> None:
    with serving(answering(ok())) as port, name_server(addresses=("127.0.1.1", "127.0.0.1")) as server:
        asks.append(server)
        reading = Http(url=f"http://two.example:{port}/").look()
    assert reading.is_well
    assert reading.values["ip"] == "127.0.0.1"
    assert reading.evidence["address"] in {f"127.0.0.1:{port} (IPv4), after 1 others", f"127.0.0.1:{port} (IPv4)"}


def test_a_name_without_an_address_is_a_reason(asks: list[NameServer]) -> None:
    with name_server(addresses=()) as server:
        asks.append(server)
        reading = Http(url="http://empty.example/").look()
        other = Http(url="http://empty.example/", family="ipv6").look()
    assert reading.health is Health.DOWN
    assert reading.detail.startswith("empty.example: ")
    assert reading.phases == {}
    assert other.detail == "empty.example: there is no such name, or it has no IPv6 address"


def test_a_name_server_that_says_nothing_holds_nobody_longer_than_the_look(asks: list[NameServer]) -> None:
    with name_server(mute=True) as server:
        asks.append(server)
        reading = Http(url="http://mute.example/", timeout=Seconds(0.2)).look()
    assert reading.detail == "no answer within 0.2s, stuck at resolve"


def test_a_name_that_leads_to_an_address_that_is_none(asks: list[NameServer]) -> None:
    with name_server(addresses=("255.255.255.255",)) as server:
        asks.append(server)
        reading = Http(url="http://broadcast.example:1/", timeout=Seconds(1)).look()
    assert reading.health is Health.DOWN
    assert "255.255.255.255" in reading.detail


@pytest.mark.parametrize("url", ["http://a\x00b/", "http://ex ample/", "http://" + "a" * 300])
def test_a_url_that_nobody_could_mean_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"is not a URL|has a host that is no host name"):
        place(url)


def test_tls_garbage_after_the_handshake_is_a_reason(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.signs("127.0.0.1").context(tmp_path)

    def speak(sock: socket.socket) -> None:
        plain = sock.dup()
        with context.wrap_socket(sock, server_side=True) as tunnel:
            request(tunnel)
            plain.sendall(b"\x17\x03\x03\x00\x20" + b"\0" * 32)
            plain.close()
            tunnel.recv(1)

    with serving(speak) as port:
        reading = Http(url=f"https://127.0.0.1:{port}/", ca_file=str(authority.pem)).look()
    assert reading.detail.startswith("TLS failed: ")
    assert list(reading.phases) == ["resolve", "connect", "tls"]
