"""Redirects that are followed, refused, endless; and what is never carried along."""

import base64
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from certificates import certificate
from daemon.probes.fetch.place import place
from daemon.probes.http import Http
from daemon.reading import Reading
from daemon.secret import Secret
from raw_server import Speak, ok, request, serving

CANARY = "canary-7f3a"
OPEN = {"accept", "accept-language", "accept-encoding", "user-agent", "host", "connection"}

Answers = dict[str, bytes]


def found(location: str, code: int = 302) -> bytes:
    return f"HTTP/1.1 {code} X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def speaking(answers: Answers, heard: list[str]) -> Speak:
    """Answer by path, also what is not known; keep what was asked."""

    def speak(sock: socket.socket) -> None:
        head = request(sock)
        heard.append(head)
        sock.sendall(answers.get(head.split()[1], ok(b"the end")))

    return speak


@contextmanager
def two(here: Callable[[int], Answers], there: Callable[[int], Answers]) -> Iterator[tuple[int, list[str], list[str]]]:
    """Two servers, each told the other's port; what was asked of them."""
    heard_here: list[str] = []
    heard_there: list[str] = []
    answers_here: Answers = {}
    answers_there: Answers = {}
    with ExitStack() as stack:
        port = stack.enter_context(serving(speaking(answers_here, heard_here)))
        other = stack.enter_context(serving(speaking(answers_there, heard_there)))
        answers_here |= here(other)
        answers_there |= there(port)
        yield port, heard_here, heard_there


def look(answers: Answers, redirects: int = 5, **more: object) -> tuple[Reading, list[str], int]:
    heard: list[str] = []
    with serving(speaking(answers, heard)) as port:
        reading = Http(url=f"http://127.0.0.1:{port}/", redirects=redirects, **more).look()  # type: ignore[arg-type]
    return reading, heard, port


def names(head: str) -> set[str]:
    return {line.partition(":")[0].lower() for line in head.splitlines()[1:] if line}


def test_redirects_are_followed_to_the_end_and_told() -> None:
    reading, heard, port = look({"/": found("/a?token=secret"), "/a?token=secret": found("b/../c", 301)})
    assert reading.detail == "200 OK, after 2 redirects"
    assert [head.split()[1] for head in heard] == ["/", "/a?token=secret", "/c"]
    assert reading.values["redirects"] == 2
    assert reading.values["status"] == 200
    assert reading.body == b"the end"
    assert reading.evidence["url"] == f"http://127.0.0.1:{port}/c"


def test_the_phases_are_those_of_all_hops_together() -> None:
    once, _, _ = look({})
    thrice, _, _ = look({"/": found("/a"), "/a": found("/b")})
    assert list(thrice.phases) == list(once.phases)
    parts = sum(took for name, took in thrice.phases.items() if name != "total")
    assert parts <= thrice.phases["total"]


def test_a_redirect_is_an_answer_where_none_is_to_be_followed() -> None:
    reading, heard, _ = look({"/": found("/a")}, redirects=0)
    assert reading.detail == "302 Found"
    assert reading.values["redirects"] == 0
    assert "url" not in reading.evidence
    assert len(heard) == 1


def test_a_redirect_that_says_nowhere_is_an_answer() -> None:
    reading, heard, _ = look({"/": b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"})
    assert reading.detail == "302 Found"
    assert len(heard) == 1


def test_more_redirects_than_allowed_end_with_a_reason() -> None:
    reading, heard, port = look({f"/{n or ''}": found(f"/{n + 1}") for n in range(10)}, redirects=3)
    assert reading.detail == "302 Found, and more than 3 redirects"
    assert reading.evidence["url"] == f"http://127.0.0.1:{port}/4"
    assert len(heard) == 4
    assert "total" not in reading.phases


def test_a_circle_ends_at_once_with_a_reason() -> None:
    reading, heard, _ = look({"/": found("/a"), "/a": found("/")}, redirects=20)
    assert reading.detail == "302 Found, and the redirects go round in a circle"
    assert len(heard) == 2
    reading, heard, _ = look({"/": found("")}, redirects=20)
    assert reading.detail == "302 Found, and the redirects go round in a circle"
    assert len(heard) == 1


@pytest.mark.parametrize(
    "location", ["ftp://127.0.0.1/", "file:///etc/passwd", "javascript:alert(1)", "http://[::1", "http://a..b/",
                 "http://x:99999/", "http://x:0/", "http://a\x00b/", "/" + "x" * 9_000, "http://ex ample/"]
)  # fmt: skip
def test_a_redirect_to_what_cannot_be_asked_ends_with_a_reason(location: str) -> None:
    reading, heard, _ = look({"/": found(location)})
    assert not reading.is_well
    assert reading.detail in {
        "302 Found, but it leads to nothing that can be asked",
        "the answer is not proper HTTP: invalid header value char",
    }
    assert len(heard) == 1


def test_a_redirect_to_a_dead_server_is_down_for_that_reason() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = unused.getsockname()[1]
        reading, _, _ = look({"/": found(f"http://127.0.0.1:{dead}/x")})
    assert reading.detail == f"connection refused (127.0.0.1:{dead})"
    assert reading.evidence["url"] == f"http://127.0.0.1:{dead}/x"


@pytest.mark.parametrize(
    ("code", "method", "then"),
    [
        (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (303, "PUT", "GET"), (302, "PUT", "PUT"),
        (307, "POST", "POST"), (308, "POST", "POST"), (303, "HEAD", "HEAD"), (301, "GET", "GET"),
    ],
)  # fmt: skip
def test_the_method_changes_as_the_status_says(code: int, method: str, then: str) -> None:
    _, heard, _ = look({"/": found("/a", code)}, method=method, body_secret=Secret("what is sent"))
    assert heard[1].split()[0] == then
    assert ("content-length: 12" in heard[1]) is (then == method)


PROBES: list[dict[str, object]] = [
    {"headers": {"Authorization": Secret(f"Digest {CANARY}"), "Cookie": Secret(f"session={CANARY}")}},
    {"headers": {"X-Api-Key": Secret(CANARY), "Accept": Secret("text/html"), "Accept-Language": Secret("zh")}},
    {"bearer": Secret(CANARY)},
    {"url": f"http://me:{CANARY}@127.0.0.1:PORT/"},
]


@pytest.mark.parametrize("settings", PROBES)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_credentials_go_to_another_server_nor_back_from_there(settings: dict[str, object], host: str) -> None:
    """Another port is another server, as is another name of the same machine; who redirects back wants something."""
    away, back = f"http://{host}:%s/a", "http://127.0.0.1:%s/b"
    servers = two(lambda other: {"/": found(away % other)}, lambda port: {"/a": found(back % port)})
    with servers as (port, here, there):
        chosen = {"url": f"http://127.0.0.1:{port}/"} | settings
        url = str(chosen.pop("url")).replace("PORT", str(port))
        reading = Http(url=url, redirects=3, **chosen).look()  # type: ignore[arg-type]
    assert reading.detail == "200 OK, after 2 redirects"
    assert CANARY in here[0] or base64.b64encode(f"me:{CANARY}".encode()).decode() in here[0]
    for head in (there[0], here[1]):
        assert CANARY not in head
        assert names(head) <= OPEN
    assert "accept" not in settings or "text/html" in there[0]


@pytest.mark.parametrize("settings", PROBES[:3])
def test_credentials_go_along_on_the_same_server(settings: dict[str, object]) -> None:
    _, heard, _ = look({"/": found("/a")}, **settings)
    assert CANARY in heard[1]


def test_a_body_is_sent_on_only_where_the_same_request_is_asked_for() -> None:
    with two(lambda other: {"/": found(f"http://127.0.0.1:{other}/a", 307)}, lambda _: {}) as (port, _, there):
        assert Http(url=f"http://127.0.0.1:{port}/", method="POST", body="text", redirects=1).look().is_well
    assert there[0].startswith("POST /a")
    assert "content-length: 4" in there[0]


def test_a_secret_body_goes_to_no_other_server() -> None:
    with two(lambda other: {"/": found(f"http://127.0.0.1:{other}/a", 307)}, lambda _: {}) as (port, _, there):
        settings = {"method": "POST", "body_secret": Secret("password=x"), "redirects": 1}
        reading = Http(url=f"http://127.0.0.1:{port}/", **settings).look()  # type: ignore[arg-type]
    assert reading.detail == "307 Temporary Redirect, and the body is a secret that is for no other server"
    assert not there


@pytest.mark.parametrize(
    ("before", "after", "trusts"),
    [
        ("http://shop.example/", "https://shop.example/", True),
        ("https://shop.example/", "http://shop.example/", False),
        ("https://shop.example/", "https://shop.example:8443/", False),
        ("https://shop.example:8443/", "https://shop.example:8443/x", True),
        ("http://shop.example:8080/", "https://shop.example/", False),
        ("https://shop.example/", "https://www.shop.example/", False),
        ("https://shop.example/", "https://SHOP.example/", True),
        ("https://shop.example/", "https://shop.example.evil.example/", False),
    ],
)
def test_what_is_the_same_server(before: str, after: str, trusts: bool) -> None:
    assert place(before).trusts(place(after)) is trusts


@pytest.mark.parametrize(
    ("location", "leads"),
    [
        ("/x", "https://a.example/x"), ("x", "https://a.example/dir/x"), ("?q=1", "https://a.example/dir/page?q=1"),
        ("//b.example/x", "https://b.example/x"), ("http://u:p@b.example/", "http://b.example/"), ("/ü", "https://a.example/%C3%BC"),
        ("/a b", "https://a.example/a%20b"), ("https://b.example#part", "https://b.example/"), ("../..", "https://a.example/"),
    ],
)  # fmt: skip
def test_where_a_location_leads(location: str, leads: str) -> None:
    found_place = place("https://me:secret@a.example/dir/page?old").towards(location)
    assert found_place.root + found_place.path == leads
    assert found_place.user is None


def test_from_https_to_http_nothing_goes_along(tmp_path: Path) -> None:
    pem, context = certificate(tmp_path, "127.0.0.1")
    heard: list[str] = []
    there: list[str] = []
    with serving(speaking({}, there)) as plain_port:

        def speak(sock: socket.socket) -> None:
            with context.wrap_socket(sock, server_side=True) as tunnel:
                speaking({"/": found(f"http://127.0.0.1:{plain_port}/")}, heard)(tunnel)

        with serving(speak) as port:
            url = f"https://127.0.0.1:{port}/"
            reading = Http(url=url, ca_file=str(pem), bearer=Secret(CANARY), redirects=1).look()
    assert reading.detail == "200 OK, after 1 redirect"
    assert CANARY in heard[0]
    assert CANARY not in there[0]


def test_a_server_cannot_have_our_secrets_shown_by_redirecting_to_them() -> None:
    def speak(sock: socket.socket) -> None:
        head = request(sock)
        token = head.lower().partition("authorization: bearer ")[2].split("\r\n")[0]
        sock.sendall(found(f"/{token}/x") if token else ok())

    with serving(speak) as port:
        reading = Http(url=f"http://127.0.0.1:{port}/", bearer=Secret(CANARY), redirects=2, timeout=3).look()  # type: ignore[arg-type]
    assert CANARY not in repr(reading.told())
    assert reading.evidence["url"] == f"http://127.0.0.1:{port}/***/x"
