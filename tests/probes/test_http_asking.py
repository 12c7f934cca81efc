"""What the http probe sends, to whom, over which way; and that none of it shows."""

import base64
import gzip
import socket
import ssl
import zlib
from contextlib import ExitStack
from pathlib import Path

import pytest

from authority import Authority
from daemon.probes.base import Probe
from daemon.probes.fetch.hop import proxy_place
from daemon.probes.http import Basic, Http
from daemon.probes.network import dial
from daemon.reading import Health, Past, Reading
from daemon.secret import Secret
from fake_proxy import FakeProxy
from raw_server import Speak, answering, ok, request, serving

CANARY = "c4n4ry-5ecret"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def whole(sock: socket.socket) -> str:
    """A request with its body."""
    head = request(sock)
    head, _, body = head.partition("\r\n\r\n")
    length = next((int(line[15:]) for line in head.splitlines() if line.lower().startswith("content-length:")), 0)
    while len(body) < length:
        body += sock.recv(4_096).decode("latin-1")
    return f"{head}\r\n\r\n{body}"


def echoing(heard: list[str], status: str = "200 OK") -> Speak:
    """Answer with what was asked, as many test servers do."""

    def speak(sock: socket.socket) -> None:
        heard.append(whole(sock))
        body = heard[-1].encode("latin-1")
        sock.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    return speak


def asked(status: str = "200 OK", url: str = "http://127.0.0.1:PORT/", **more: object) -> tuple[str, Reading]:
    heard: list[str] = []
    with serving(echoing(heard, status)) as port:
        reading = Http(url=url.replace("PORT", str(port)), **more).look()  # type: ignore[arg-type]
    return heard[0], reading


def basic_of(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode()


def test_a_body_is_sent_with_its_length() -> None:
    head, reading = asked(method="POST", body_secret=Secret("größer"), headers={"Content-Type": Secret("text/plain")})
    assert reading.is_well
    assert head.startswith("POST / HTTP/1.1\r\n")
    assert "content-length: 8\r\n" in head
    assert "content-type: text/plain\r\n" in head
    assert head.encode("latin-1").endswith("\r\n\r\ngrößer".encode())


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "POST", "PUT"])
def test_where_a_server_expects_a_body_it_is_told_that_there_is_none(method: str) -> None:
    assert ("content-length: 0\r\n" in asked(method=method)[0]) is (method in {"POST", "PUT"})


def test_credentials_are_sent_and_what_stands_in_headers_goes_before() -> None:
    pair = Basic(user="me", password=Secret(CANARY))
    assert f"authorization: Basic {basic_of(f'me:{CANARY}')}\r\n" in asked(basic=pair)[0]
    assert f"authorization: Bearer {CANARY}\r\n" in asked(bearer=Secret(CANARY))[0]
    own, _ = asked(bearer=Secret("other"), headers={"authorization": Secret("Own x")})
    assert "authorization: Own x\r\n" in own
    assert "other" not in own
    url = "http://u:p%40@127.0.0.1:PORT/"
    assert f"authorization: Basic {basic_of(f'me:{CANARY}')}\r\n" in asked(url=url, basic=pair)[0]
    assert f"authorization: Basic {basic_of('u:p@')}\r\n" in asked(url=url)[0]


@pytest.mark.parametrize(
    "settings",
    [
        {"bearer": Secret(CANARY)},
        {"basic": Basic(user="me", password=Secret(CANARY))},
        {"headers": {"X-Key": Secret(CANARY), "Cookie": Secret(f"a={CANARY}")}},
        {"method": "POST", "body_secret": Secret(CANARY)},
        {"url": f"http://me:{CANARY}@127.0.0.1:PORT/?token={CANARY}"},
        {"url": f"http://127.0.0.1:PORT/?{CANARY}"},
        {"bearer": Secret(f'{CANARY}"\\/?&')},
    ],
)
def test_what_a_server_repeats_of_our_secrets_is_not_shown(settings: dict[str, object]) -> None:
    """Neither as they are sent, nor as they look in JSON or in base64."""
    _, reading = asked("500 Oops", **settings)
    assert reading.health is Health.DOWN
    assert "***" in reading.evidence["body"]
    shown = repr(reading.told()) + repr(Http(**(settings | {"url": f"http://me:{CANARY}@x/?{CANARY}"})))  # type: ignore[arg-type]
    for secret in (CANARY, basic_of(f"me:{CANARY}")):
        assert secret not in shown


def test_of_a_bad_answer_the_first_words_are_evidence_on_one_line() -> None:
    body = "<h1>Bad\x1b[31m gateway</h1>\r\n\0" + "x" * 5_000
    with serving(answering(f"HTTP/1.1 502 X\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())) as port:
        reading = Http(url=f"http://127.0.0.1:{port}/").look()
    assert reading.evidence["body"].startswith("<h1>Bad [31m gateway</h1> xxx")
    assert len(reading.evidence["body"]) == 200
    assert reading.evidence["address"] == f"127.0.0.1:{port} (IPv4)"


def test_a_good_answer_is_not_quoted() -> None:
    assert "body" not in asked()[1].evidence


def test_what_is_no_http_is_quoted() -> None:
    with serving(answering(b"SSH-2.0-OpenSSH_9.2\r\n")) as port:
        reading = Http(url=f"http://127.0.0.1:{port}/").look()
    assert reading.evidence["body"] == "SSH-2.0-OpenSSH_9.2"


def test_the_values_of_an_answer() -> None:
    with serving(answering(b"HTTP/1.0 201 X\r\nContent-Type: text/plain\r\n\r\nfine")) as port:
        reading = Http(url=f"http://127.0.0.1:{port}/").look()
    assert reading.body == b"fine"
    assert reading.values == {
        "ip": "127.0.0.1",
        "redirects": 0,
        "status": 201,
        "body.size": 4,
        "header": {"content-type": "text/plain"},
        "http.version": "1.0",
    }
    assert set(reading.values) <= set(Http.GIVES)
    assert "header" not in reading.told().values  # cookies are nobody's business
    assert reading.told().body == b""


def test_what_was_not_seen_is_absent() -> None:
    with serving(answering(b"")) as port:
        reading = Http(url=f"http://127.0.0.1:{port}/").look()
    assert set(reading.values) == {"ip", "redirects"}


# compression


def zipped(body: bytes, encoding: str = "gzip", asked: str = "gzip", cut: int | None = None) -> Reading:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body[:cut])}\r\n\r\n"
    headers = {"Accept-Encoding": Secret(asked)} if asked else {}
    with serving(answering(head.encode() + body[:cut])) as port:
        return Http(url=f"http://127.0.0.1:{port}/", headers=headers).look()


def test_a_compressed_body_is_expanded_where_it_was_asked_for() -> None:
    body = b"all is fine " * 1_000
    raw = zlib.compress(body)
    for reading in (
        zipped(gzip.compress(body)),
        zipped(gzip.compress(body), "x-GZIP"),
        zipped(raw, "deflate", "deflate"),
        zipped(raw[2:-4], "deflate", "deflate"),
    ):
        assert reading.is_well
        assert reading.body == body
        assert reading.values["body.size"] == len(body)
    assert zipped(b"").is_well


def test_where_it_was_not_asked_for_it_stays_as_it_came() -> None:
    body = gzip.compress(b"fine")
    assert zipped(body, asked="").body == body
    assert zipped(b"plain", "br", "gzip, br").body == b"plain"


def test_a_gzip_bomb_is_expanded_to_the_cap_and_no_further() -> None:
    bomb = gzip.compress(b"\0" * 200 * 1024**2)
    reading = zipped(bomb)
    assert reading.detail == "200 OK, of which the first 1048576 bytes were read"
    assert len(reading.body) == 1024**2


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_what_is_not_compressed_as_it_says_is_a_reason(encoding: str) -> None:
    detail = f"200, but the body is not {encoding} as its header says"
    assert zipped(b"\xff\xffthis is no gzip at all", encoding).detail == detail
    assert zipped(gzip.compress(b"x" * 10_000), cut=30).detail == detail.replace(encoding, "gzip")


# ways


def test_a_certificate_is_told_of_whatever_becomes_of_it(authority: Authority, tmp_path: Path) -> None:
    signed = authority.signs("127.0.0.1", days=-1)
    with serving(answering(ok()), cert=signed.saved(tmp_path)) as port:
        url = f"https://127.0.0.1:{port}/"
        expired = Http(url=url, ca_file=str(authority.pem)).look()
        accepted = Http(url=url, verify=False).look()
    assert expired.detail == "the certificate is not accepted: certificate has expired"
    assert expired.values["cert.days"] == pytest.approx(-1, abs=0.01)
    assert expired.evidence["certificate"].endswith("UTC, not accepted")
    assert accepted.is_well
    assert accepted.values["cert.days"] == accepted.values["cert.chain_days"] == pytest.approx(-1, abs=0.01)
    assert accepted.evidence["certificate"].endswith("UTC, not checked")


def test_a_client_certificate_and_another_name_are_for_our_own_server_only(
    authority: Authority, tmp_path: Path
) -> None:
    context = authority.signs("shop.example").context(tmp_path, clients_of=authority.pem)
    other = authority.signs("127.0.0.1").context(tmp_path)
    other.verify_mode = ssl.CERT_OPTIONAL
    other.load_verify_locations(authority.pem)
    shown: list[object] = []

    def away(sock: socket.socket) -> None:
        with other.wrap_socket(sock, server_side=True) as tunnel:
            shown.append(tunnel.getpeercert())
            answering(ok())(tunnel)

    pem, key = authority.signs("client.example").saved(tmp_path, "client")
    with serving(away) as far:

        def here(sock: socket.socket) -> None:
            with context.wrap_socket(sock, server_side=True) as tunnel:
                shown.append(tunnel.getpeercert())
                answering(f"HTTP/1.1 302 X\r\nLocation: https://127.0.0.1:{far}/\r\n\r\n".encode())(tunnel)

        with serving(here) as port:
            settings = {"cert_file": str(pem), "key_file": str(key), "ca_file": str(authority.pem)}
            url = f"https://127.0.0.1:{port}/"
            reading = Http(url=url, server_name="shop.example", redirects=1, **settings).look()  # type: ignore[arg-type]
    assert reading.detail == "200 OK, after 1 redirect"
    assert shown[0]
    assert not shown[1]


def test_plain_http_goes_through_a_proxy_in_absolute_form() -> None:
    heard: list[str] = []
    with serving(echoing(heard)) as port, FakeProxy(("127.0.0.1", port)) as proxy:
        probe = Http(url="http://shop.example/x?y=1", proxy=Secret(proxy.url), bearer=Secret("token"))
        reading = probe.look()
    assert reading.is_well
    assert heard[0].startswith("GET http://shop.example/x?y=1 HTTP/1.1\r\nhost: shop.example\r\n")
    assert reading.evidence["address"].endswith("(IPv4), the proxy")
    assert list(reading.phases) == ["resolve", "connect", "first_byte", "download", "total"]
    assert proxy.user not in repr(reading)
    assert "5ecret" not in repr(probe)


def test_https_goes_through_a_tunnel_and_the_proxy_learns_nothing(authority: Authority, tmp_path: Path) -> None:
    cert = authority.signs("shop.example").saved(tmp_path)
    heard: list[str] = []
    with serving(echoing(heard), cert=cert) as port, FakeProxy(("127.0.0.1", port)) as proxy:
        reading = Http(
            url="https://shop.example/x", proxy=Secret(proxy.url), bearer=Secret("token"), ca_file=str(authority.pem)
        ).look()
    assert reading.is_well
    assert list(reading.phases) == ["resolve", "connect", "proxy", "tls", "first_byte", "download", "total"]
    assert heard[0].startswith("GET /x HTTP/1.1\r\nhost: shop.example\r\n")
    assert "proxy-authorization" not in heard[0].lower()
    assert "token" not in "".join(proxy.heads)


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "answered 407"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "answered no HTTP"),
        (b"HTTP/1.1 " + b"2" * 5_000 + b"\r\n\r\n", "answered no HTTP"),
        (b"", "gave no answer that can be read"),
        (b"x" * 20_000, "gave no answer that can be read"),
        (b"HTTP/1.1 200 OK\r\n\r\n\x16\x03injected", "went on after it had agreed to a tunnel"),
    ],
)
def test_a_proxy_that_does_not_let_us_through_is_a_reason(answer: bytes, detail: str) -> None:
    with serving(answering(answer)) as port:
        probe = Http(url="https://shop.example/", proxy=Secret(f"http://me:{CANARY}@127.0.0.1:{port}"))
        reading = probe.look()
    assert reading.detail == f"the proxy http://127.0.0.1:{port} {detail}"
    assert CANARY not in repr(reading)
    assert list(reading.phases) == ["resolve", "connect"]


def test_the_other_ways_for_a_second_opinion() -> None:
    with ExitStack() as stack:
        port = stack.enter_context(serving(answering(ok())))
        other = stack.enter_context(FakeProxy(("127.0.0.1", port)))
        probe = Http(url=f"http://localhost:{port}/", other_proxy=Secret(other.url))
        ways = dict(probe.otherwise())
        assert list(ways) == ["over IPv4", "over IPv6", "through the other proxy"]
        assert ways["over IPv4"].look_on(Past(now=0)).is_well
        assert ways["through the other proxy"].look_on(Past(now=0)).is_well
        assert len(other.heads) == 1
    assert not list(Http(url="http://127.0.0.1/").otherwise())
    assert not list(Http(url="http://shop.example/", family="ipv6").otherwise())
    proxied = Http(url="http://shop.example/", proxy=Secret("http://127.0.0.1:3128"))
    assert not list(proxied.otherwise())
    assert not proxied.is_near()


@pytest.mark.parametrize(("family", "host"), [("ipv4", "127.0.0.1"), ("ipv6", "::1")])
def test_a_family_is_chosen_and_the_other_is_never_tried(family: dial.Family, host: str) -> None:
    shown = f"[{host}]" if ":" in host else host
    with serving(answering(ok()), host=host) as port:
        reading = Http(url=f"http://{shown}:{port}/", family=family).look()
        against = Http(url=f"http://{shown}:{port}/", family="ipv6" if family == "ipv4" else "ipv4").look()
    assert reading.values["ip"] == host
    assert "ip" not in against.values
    assert against.phases == {}


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("http://localhost/", True),
        ("https://10.0.0.1/", True),
        ("http://[fe80::1]/", True),
        ("http://shop.example/", False),
    ],
)
def test_what_is_near(url: str, near: bool) -> None:
    assert Http(url=url).is_near() is near


def test_who_has_conditions_on_the_status_says_which_are_well() -> None:
    probe: Probe = Http(url="http://x/")
    assert probe.yielding({"body"}) is probe
    with serving(answering(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n")) as port:
        url = f"http://127.0.0.1:{port}/"
        assert Http(url=url).yielding({"status"}).look().is_well
        assert not Http(url=url, status=("200",)).yielding({"status"}).look().is_well


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"basic": Basic(user="u", password=Secret(CANARY)), "bearer": Secret(CANARY)}, "twice"),
        ({"bearer": Secret(f"{CANARY}\r\nX: y")}, "bearer"),
        ({"headers": {"Content-Length": Secret("5")}}, "Content-Length is set by tocsin"),
        ({"headers": {"connection": Secret("keep-alive")}}, "connection is set by tocsin"),
        ({"key_file": "/k"}, "key_file"),
    ],
)
def test_settings_that_can_never_work_are_refused_without_showing_secrets(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        Http(url="http://x/", **wrong)  # type: ignore[arg-type]
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    "url", [f"https://u:{CANARY}@x", f"http://x/{CANARY}", f"socks5://{CANARY}", f"http://x/?{CANARY}"]
)
def test_what_is_no_proxy_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match="is no proxy") as refused:
        proxy_place(Secret(url))
    assert CANARY not in str(refused.value)
