"""The http probe against servers that answer well, badly, slowly, endlessly, or in another language."""

import base64
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from gevent.event import Event as Signal

from daemon.clock import SystemClock
from daemon.probes.fetch.answer import MOST_READ, Answer
from daemon.probes.http import Http
from daemon.probes.network.dial import Watch
from daemon.reading import Reading
from daemon.secret import Secret
from daemon.units import Seconds
from needs import need_program
from raw_server import Speak, answering, certificate, ok, request, serving
from served import waiting_reader

PLAIN = ["resolve", "connect", "first_byte", "download", "total"]
CANARY = "canary-7f3a"


@pytest.fixture
def forever() -> Signal:
    """Never set: what a server waits for that hangs."""
    return Signal()


@pytest.fixture(scope="session")
def cert(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    need_program("openssl", "openssl")
    return certificate(tmp_path_factory.mktemp("cert"), "DNS:localhost", "IP:127.0.0.1")


def look(speak: Speak, path: str = "/", timeout: float = 3, **more: object) -> Reading:
    with serving(speak) as port:
        return Http(url=f"http://127.0.0.1:{port}{path}", timeout=Seconds(timeout), **more).look()  # type: ignore[arg-type]


def heard(path: str = "/", credentials: str = "", **more: object) -> str:
    """What the probe sends."""
    requests = []

    def speak(sock: socket.socket) -> None:
        requests.append(request(sock))
        sock.sendall(ok())

    with serving(speak) as port:
        assert Http(url=f"http://{credentials}127.0.0.1:{port}{path}", **more).look().is_well  # type: ignore[arg-type]
        return requests[0].replace(f":{port}", ":PORT")


def test_a_good_answer_is_up_with_all_its_phases() -> None:
    reading = look(answering(ok()))
    assert reading.is_well
    assert reading.detail == "200 OK"
    assert list(reading.phases) == PLAIN
    assert reading.phases["total"] >= reading.phases["first_byte"] > 0


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 \xff\xfe\x1b[31m\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 4\n\nfine",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine and more than that",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n",
        # What servers should not say, and everybody reads.
        b"HTTP/1.1 200 OK\r\nX-Old: on two\r\n lines\r\nContent-Length: 4\r\n\r\nfine",
        b"HTTP/1.1 200 OK\r\nX-Odd: a\x01b\r\nContent-Length: 4\r\n\r\nfine",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4  \r\nfine\r\n0  \r\n\r\n",
    ],
)
def test_every_proper_way_to_answer_is_up(answer: bytes) -> None:
    assert look(answering(answer)).is_well


@pytest.mark.parametrize(
    ("status", "accepted", "ok"),
    [
        (200, ("200-399",), True),
        (301, ("200-399",), True),
        (301, ("200-299",), False),
        (404, ("200-399",), False),
        (404, ("200", "404"), True),
        (503, ("200-399",), False),
        (299, ("200-299",), True),
        (300, ("200-299", "401"), False),
    ],
)
def test_the_status_decides(status: int, accepted: tuple[str, ...], ok: bool) -> None:
    reading = look(answering(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()), status=accepted)
    assert reading.is_well is ok
    assert reading.detail.startswith(str(status))
    assert list(reading.phases) == PLAIN


def test_a_status_that_is_not_well_says_what_would_be() -> None:
    reading = look(answering(b"HTTP/1.1 503 whatever\r\nContent-Length: 0\r\n\r\n"), status=("200", "300-399"))
    assert reading.detail == "503 Service Unavailable, expected 200, 300-399"


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    calls = []

    def speak(sock: socket.socket) -> None:
        calls.append(request(sock))
        sock.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")

    assert look(speak).detail == "302 Found"
    assert len(calls) == 1


def test_refused_leaves_the_later_phases_absent() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        reading = Http(url=f"http://127.0.0.1:{port}/").look()
    assert reading.detail == f"connection refused (127.0.0.1:{port})"
    assert list(reading.phases) == ["resolve"]


def test_a_server_that_says_nothing_runs_into_the_deadline(forever: Signal) -> None:
    reading = look(lambda _: forever.wait(), timeout=0.2)
    assert reading.detail == "no answer within 0.2s, stuck at first byte"
    assert list(reading.phases) == ["resolve", "connect"]


def drip(what: bytes) -> Speak:
    """Send something again and again, always before any time-out of a single read."""

    def speak(sock: socket.socket) -> None:
        request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\n")
        pause = Signal()
        while True:
            sock.sendall(what)
            pause.wait(0.02)

    return speak


def test_a_header_that_drips_runs_into_the_deadline() -> None:
    reading = look(drip(b"X"), timeout=0.3)
    assert reading.detail == "no answer within 0.3s, stuck at header"
    assert list(reading.phases) == ["resolve", "connect", "first_byte"]


def test_a_body_that_drips_runs_into_the_deadline() -> None:
    reading = look(drip(b"\r\nx"), timeout=0.3)
    assert reading.detail == "no answer within 0.3s, stuck at body"
    assert "total" not in reading.phases


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999999999\r\n\r\n"],
)
def test_an_endless_body_is_read_up_to_the_cap(head: bytes) -> None:
    sent = [0]

    def speak(sock: socket.socket) -> None:
        request(sock)
        sock.sendall(head)
        while True:
            sock.sendall(b"x" * 65_536)
            sent[0] += 65_536

    reading = look(speak)
    assert reading.is_well
    assert reading.detail == "200 OK, of which the first 1048576 bytes were read"
    assert sent[0] < 16 * MOST_READ
    assert len(reading.body) == reading.values["body.size"] == MOST_READ


def test_a_body_of_tiny_chunks_ends() -> None:
    def speak(sock: socket.socket) -> None:
        request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            sock.sendall(b"1\r\nx\r\n" * 10_000)

    assert look(speak).is_well


def test_while_a_server_sends_faster_than_we_read_others_are_served() -> None:
    order: list[str] = []

    def receive(count: int) -> bytes:
        order.append("read")
        return b"1\r\nx\r\n" * (count // 6)

    with waiting_reader(order) as send:
        send()
        Answer().read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", receive, Watch(10, SystemClock()))
    assert order[0] == "read"
    assert "served" in order[:-1]


def endless(what: bytes) -> Speak:
    def speak(sock: socket.socket) -> None:
        request(sock)
        while True:
            sock.sendall(what * 1_000)

    return speak


@pytest.mark.parametrize(
    ("speak", "detail"),
    [
        (answering(b""), "the connection was closed without an answer"),
        (answering(b"SSH-2.0-OpenSSH_9.2\r\n"), "the answer is not HTTP"),
        (answering(b"\x00\xff\x15\x03" * 10 + b"\r\n\r\n"), "the answer is not HTTP"),
        (answering(b"HTTP/1.1 abc\r\n\r\n"), "the answer is not HTTP"),
        (answering(b"HTTP/9.9 200 OK\r\n\r\n"), "the answer is not HTTP"),
        (
            answering(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000),
            "the connection was closed in the middle of the answer's",
        ),
        (
            answering(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n"),
            "the answer's header does not end within 131072 bytes",
        ),
        (
            answering(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"),
            "the answer is not proper HTTP: invalid character",
        ),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n"), "the answer is not proper HTTP"),
        (answering(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n"), "the answer is not proper HTTP: invalid header token"),
        (
            endless(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
            "the answer's header does not end within 131072 bytes",
        ),
        (endless(b"HTTP/1.1 100 Continue\r\n\r\n"), "the answer's header does not end within 131072 bytes"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"), "200, but the body was cut short 95 bytes"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"), "200, but the body was cut short 100 bytes"),
        (
            answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n99\r\nshort"),
            "200, but the body was cut short",
        ),
        (
            answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n"),
            "200, but the body was cut short",
        ),
        (endless(b"X: y\r\n"), "the answer is not HTTP"),
    ],
)
def test_what_is_no_answer_is_a_reading_with_a_reason(speak: Speak, detail: str) -> None:
    reading = look(speak)
    assert not reading.is_well
    assert reading.detail.startswith(detail)
    assert "total" not in reading.phases


def test_headers_are_kept_by_their_names_in_lower_case_and_those_that_come_again_are_joined() -> None:
    many = b"A: b\r\n" * 5_000
    reading = look(answering(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n" + many + b"\r\n"))
    header = reading.values["header"]
    assert header["set-cookie"] == "a=1, b=2"
    assert 4_000 < len(header["a"]) < 5_000


def test_a_connection_that_is_reset_is_a_reading() -> None:
    def speak(sock: socket.socket) -> None:
        request(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()

    assert look(speak).detail == "connection reset by peer"


def test_the_request_is_what_servers_expect() -> None:
    head = heard("/a b?q=ü&x=%20")
    assert head.startswith("GET /a%20b?q=%C3%BC&x=%20 HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\n")
    assert "connection: close\r\n" in head
    assert "user-agent: tocsin/" in head
    assert "authorization" not in head


def test_the_settings_own_headers_and_method_go_out() -> None:
    head = heard(method="HEAD", headers={"Host": Secret("shop.example"), "X-Key": Secret(CANARY)})
    assert head.startswith("HEAD / HTTP/1.1\r\n")
    assert head.lower().count("host:") == 1
    assert "host: shop.example\r\n" in head
    assert f"x-key: {CANARY}\r\n" in head


def test_credentials_in_the_url_are_sent_as_basic_and_shown_nowhere() -> None:
    head = heard(credentials=f"me:{CANARY}%21@")
    assert f"authorization: Basic {base64.b64encode(f'me:{CANARY}!'.encode()).decode()}\r\n" in head
    probe = Http(url=f"https://me:{CANARY}@shop.example:8443/health?token={CANARY}", headers={"X": Secret(CANARY)})
    assert probe.target() == "https://shop.example:8443/health?…"
    assert CANARY not in repr(probe)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", b"junk\r\n\r\n"])
def test_no_failure_shows_the_credentials(answer: bytes) -> None:
    with serving(answering(answer)) as port:
        url = f"http://me:{CANARY}@127.0.0.1:{port}/?key={CANARY}"
        reading = Http(url=url, headers={"X": Secret(CANARY)}).look()
    assert not reading.is_well
    assert CANARY not in reading.detail


def test_a_head_request_waits_for_no_body() -> None:
    assert look(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"), method="HEAD").is_well


def test_tls_with_a_trusted_certificate_is_up_with_its_phase(cert: tuple[Path, Path]) -> None:
    with serving(answering(ok()), cert=cert) as port:
        for host in ("127.0.0.1", "localhost"):
            reading = Http(url=f"https://{host}:{port}/", ca_file=str(cert[0])).look()
            assert reading.detail == "200 OK"
            assert list(reading.phases) == ["resolve", "connect", "tls", "first_byte", "download", "total"]


def test_a_certificate_that_nobody_trusts_is_named_as_the_reason(cert: tuple[Path, Path]) -> None:
    with serving(answering(ok()), cert=cert) as port:
        reading = Http(url=f"https://127.0.0.1:{port}/").look()
    assert reading.detail == "the certificate is not accepted: self-signed certificate"
    assert list(reading.phases) == ["resolve", "connect"]


def test_a_certificate_for_another_name_is_named_as_the_reason(tmp_path: Path) -> None:
    need_program("openssl", "openssl")
    other = certificate(tmp_path, "DNS:other.example")
    with serving(answering(ok()), cert=other) as port:
        reading = Http(url=f"https://127.0.0.1:{port}/", ca_file=str(other[0])).look()
    assert not reading.is_well
    assert "mismatch" in reading.detail
    assert "127.0.0.1" in reading.detail


def test_https_to_a_server_that_does_not_speak_it() -> None:
    def speak(sock: socket.socket) -> None:
        sock.recv(4_096)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(speak) as port:
        reading = Http(url=f"https://127.0.0.1:{port}/").look()
    assert reading.detail == "TLS failed: wrong version number"
    assert "tls" not in reading.phases


def test_a_handshake_that_is_closed_or_hangs_is_a_reading(forever: Signal) -> None:
    with serving(lambda sock: sock.recv(4_096)) as port:
        reading = Http(url=f"https://127.0.0.1:{port}/").look()
    assert "tls" in reading.detail.lower() or "reset" in reading.detail
    with serving(lambda _: forever.wait()) as port:
        reading = Http(url=f"https://127.0.0.1:{port}/", timeout=Seconds(0.3)).look()
    assert reading.detail == "no answer within 0.3s, stuck at tls"


def test_a_ca_file_that_is_not_there_or_empty_is_a_reason(tmp_path: Path, cert: tuple[Path, Path]) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    with serving(answering(ok()), cert=cert) as port:
        url = f"https://127.0.0.1:{port}/"
        missing = Http(url=url, ca_file=str(tmp_path / "none.pem")).look()
        empty = Http(url=url, ca_file=str(tmp_path / "empty.pem")).look()
    assert missing.detail == f"cannot read {tmp_path}/none.pem: no such file or directory"
    assert empty.detail == f"{tmp_path}/empty.pem holds no certificates"


def test_a_ca_file_that_was_replaced_is_read_again(tmp_path: Path, cert: tuple[Path, Path]) -> None:
    need_program("openssl", "openssl")
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(certificate(tmp_path, "DNS:other.example")[0].read_bytes())
    with serving(answering(ok()), cert=cert) as port:
        probe = Http(url=f"https://127.0.0.1:{port}/", ca_file=str(trusted))
        assert not probe.look().is_well
        trusted.write_bytes(cert[0].read_bytes())
        assert probe.look().is_well


def test_ipv6_in_a_url() -> None:
    requests = []

    def speak(sock: socket.socket) -> None:
        requests.append(request(sock))
        sock.sendall(ok())

    with serving(speak, host="::1") as port:
        probe = Http(url=f"http://[::1]:{port}/")
        assert probe.look().is_well
    assert f"host: [::1]:{port}\r\n" in requests[0]
    assert probe.target() == f"http://[::1]:{port}/"


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://shop.example.com", "https://shop.example.com/"),
        ("https://shop.example.com:443/x", "https://shop.example.com/x"),
        ("http://shop.example.com:8080/x#part", "http://shop.example.com:8080/x"),
        ("HTTPS://u@Shop.Example.com/", "https://shop.example.com/"),
        ("https://läden.example/", "https://xn--lden-loa.example/"),
    ],
)
def test_target_is_the_url_without_what_is_secret(url: str, target: str) -> None:
    assert Http(url=url).target() == target


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Http(url=f"ftp://{CANARY}@x/"),
        lambda: Http(url=f"{CANARY}.example.com/"),
        lambda: Http(url=f"http:///{CANARY}"),
        lambda: Http(url=f"http://x:99999/{CANARY}"),
        lambda: Http(url=f"http://x:port/{CANARY}"),
        lambda: Http(url=f"http://[::1/{CANARY}"),
        lambda: Http(url=f"http://a..b/{CANARY}"),
        lambda: Http(url="http://x/", method="GET / HTTP/1.1\r\nX"),
        lambda: Http(url="http://x/", method=""),
        lambda: Http(url="http://x/", headers={"X Y": Secret(CANARY)}),
        lambda: Http(url="http://x/", headers={"X": Secret(f"{CANARY}\r\nY: z")}),
        lambda: Http(url="http://x/", headers={"X": Secret(f"{CANARY}密")}),
        lambda: Http(url="http://x/", status=()),
        lambda: Http(url="http://x/", status=("2xx",)),
        lambda: Http(url="http://x/", status=("200-",)),
        lambda: Http(url="http://x/", status=("600",)),
        lambda: Http(url="http://x/", status=("299-200",)),
    ],
)
def test_settings_that_can_never_work_are_refused_without_showing_secrets(wrong: Callable[[], Http]) -> None:
    with pytest.raises(ValueError, match=r"url|method|headers|status") as refused:
        wrong()
    assert CANARY not in str(refused.value)
