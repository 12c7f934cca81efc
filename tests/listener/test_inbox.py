"""Parsing under limits, without a socket."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.config.settings import Limits
from daemon.listener.inbox import HEADERS, PIPELINE, Inbox
from daemon.units import Bytes
from fed import GET, LIMITS, OFFER, POST, fed


def refusal(*pieces: bytes) -> int:
    """The status that answers these bytes, whether the head could be read or not."""
    inbox = fed(*pieces)
    if inbox.refusal:
        return inbox.refusal.status
    last = inbox.ready[-1].refusal
    assert last is not None
    return last.status


def test_a_whole_request_is_ready_at_once() -> None:
    inbox = fed(POST + b"X-Thing: 1\r\nContent-Length: 3\r\n\r\nabc")
    (one,) = inbox.take()
    assert (one.method, one.path, one.query, one.body) == ("POST", "/webhook/x", "a=b", b"abc")
    assert one.headers == {"host": "h", "x-thing": "1", "content-length": "3"}
    assert one.keep_alive
    assert one.remote == "192.0.2.1"
    assert not inbox.partial
    assert inbox.take() == []


def test_a_request_may_come_byte_by_byte() -> None:
    whole = POST + b"Content-Length: 5\r\n\r\nhello"
    inbox = fed(*(bytes([byte]) for byte in whole[:-1]))
    assert inbox.partial
    assert inbox.ready == []
    inbox.feed(whole[-1:])
    (one,) = inbox.take()
    assert (one.path, one.query, one.headers["host"], one.body) == ("/webhook/x", "a=b", "h", b"hello")


def test_a_chunked_body_is_joined_and_its_trailer_is_no_header() -> None:
    inbox = fed(POST + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Tocsin-Token: t\r\n\r\n")
    (one,) = inbox.take()
    assert one.body == b"abcde"
    assert "x-tocsin-token" not in one.headers


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a%20b%2Fc", "/a b/c", ""),
        (b"/%E6%89%98", "/托", ""),
        (b"/%ff", "/\ufffd", ""),
        (b"/a?x=%20&y", "/a", "x=%20&y"),
        (b"/a?x=http://b/c", "/a", "x=http://b/c"),
        (b"http://host:80/a/b?c", "/a/b", "c"),
        (b"http://host", "/", ""),
        (b"//a", "//a", ""),
    ],
)
def test_the_target_is_split_and_decoded(target: bytes, path: str, query: str) -> None:
    (one,) = fed(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n").take()
    assert (one.path, one.query) == (path, query)


def test_repeated_headers_are_joined() -> None:
    (one,) = fed(b"GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX-A: 2\r\n\r\n").take()
    assert one.headers["x-a"] == "1, 2"


def test_a_header_with_an_underscore_cannot_pose_as_one_with_a_hyphen() -> None:
    (one,) = fed(b"GET / HTTP/1.1\r\nHost: h\r\nX_Tocsin_Token: t\r\n\r\n").take()
    assert set(one.headers) == {"host"}


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        b"Content-Length: 3\r\nContent-Length: 3\r\n",
        b"Content-Length: 3, 4\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: +1\r\n",
        b"Content-Length: 0x3\r\n",
        b"Content-Length: three\r\n",
        b"Content-Length: \r\n",
        b"Content-Length: 99999999999999999999999999\r\n",
        b"Content-Length : 3\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"X: a\r\n folded\r\n",
        b"X: a\nY: b\r\n",
        b"X: a\rY: b\r\n",
        b"X: a\x00b\r\n",
        b": nameless\r\n",
        b"Host: other\r\n",
    ],
)
@pytest.mark.parametrize("before", [b"", OFFER])
def test_a_head_that_two_readers_could_read_differently_is_refused(head: bytes, before: bytes) -> None:
    inbox = fed(POST + before + head + b"\r\nabc0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
    assert inbox.refusal
    assert inbox.refusal.status in (400, 501)
    assert inbox.ready == []


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        (b"GET /\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"get / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (POST + b"Expect: 200-ok\r\nContent-Length: 3\r\n\r\n", 417),
        (POST + b"Content-Length: 101\r\n\r\n", 413),
        (POST + b"Content-Length: 101\r\nExpect: 100-continue\r\n\r\n", 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n65\r\n" + b"x" * 101, 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 101, 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400),
        (POST + b"X: " + b"x" * 300 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 300 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 431),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"x" * 300 + b"\r\n\r\n", 431),
        (POST + OFFER + b"Content-Length: 101\r\n\r\n", 413),
        (POST + OFFER + b"Transfer-Encoding: chunked\r\n\r\n65\r\n" + b"x" * 101, 413),
        (POST + OFFER + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 101, 413),
        (POST + OFFER + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400),
        (POST + OFFER + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"x" * 300 + b"\r\n\r\n", 431),
        (POST + OFFER + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (POST + OFFER + b"X: " + b"x" * 200 + b"\r\n\r\n", 431),
    ],
)
def test_what_cannot_be_served_is_refused_with_its_status(data: bytes, status: int) -> None:
    assert refusal(data) == status
    assert refusal(*(bytes([byte]) for byte in data)) == status


def test_too_many_headers_are_refused() -> None:
    limits = Limits()
    inbox = Inbox("", lambda: limits)
    inbox.feed(b"GET / HTTP/1.1\r\nHost: h\r\n" + b"".join(b"X-%d: \r\n" % n for n in range(HEADERS)) + b"\r\n")
    assert inbox.refusal
    assert inbox.refusal.status == 431


@pytest.mark.parametrize(
    "start",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nHost: ",
        b"GET / HTTP/1.1\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n3;",
        POST + OFFER + b"Transfer-Encoding: chunked\r\n\r\n3;",
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: ",
    ],
)
def test_a_head_or_trailer_without_end_is_refused_before_it_fills_memory(start: bytes) -> None:
    inbox = fed(start)
    for _ in range(20):
        if inbox.refusal:
            break
        inbox.feed(b"a" * 50)
    assert inbox.refusal
    assert inbox.refusal.status == 431


def test_what_is_too_large_is_handed_on_as_a_head_without_its_body() -> None:
    inbox = fed(POST + b"Transfer-Encoding: chunked\r\n\r\n50\r\n" + b"x" * 80, b"\r\n50\r\n" + b"x" * 80)
    (one,) = inbox.take()
    assert one.refusal
    assert one.refusal.status == 413
    assert (one.path, one.body, one.keep_alive) == ("/webhook/x", b"", False)
    assert inbox.over


def test_requests_sent_at_once_come_out_in_order_and_bounded() -> None:
    get = b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n"
    inbox = fed(b"".join(get % n for n in range(PIPELINE + 5)))
    ready = inbox.take()
    assert [one.path for one in ready] == [f"/{n}" for n in range(PIPELINE)]
    assert [one.keep_alive for one in ready] == [True] * (PIPELINE - 1) + [False]
    assert inbox.refusal is None


def test_a_good_request_before_a_bad_one_is_still_good() -> None:
    inbox = fed(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nnonsense\r\n\r\n")
    assert [one.path for one in inbox.take()] == ["/1"]
    assert inbox.refusal
    assert inbox.refusal.status == 400


@pytest.mark.parametrize(
    "head",
    [
        b"Connection: close\r\n",
        b"Connection: foo, close\r\n",
        b"Connection: close, Upgrade\r\nUpgrade: h2c\r\n",
        b"Upgrade: h2c\r\nConnection: Upgrade\r\nConnection: close\r\n",
    ],
)
def test_nothing_is_served_after_the_last_request_of_a_connection(head: bytes) -> None:
    inbox = fed(b"GET /1 HTTP/1.1\r\nHost: h\r\n" + head + b"\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
    (one,) = inbox.take()
    assert (one.path, one.keep_alive) == ("/1", False)
    assert inbox.refusal is None
    assert inbox.over


def test_what_follows_a_connect_is_meant_for_somebody_else() -> None:
    for head in (b"", OFFER, b"Content-Length: 3\r\n"):
        inbox = fed(GET + b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n" + head + b"\r\nabc" + GET)
        assert [(one.method, one.keep_alive, one.body) for one in inbox.take()] == [
            ("GET", True, b""),
            ("CONNECT", False, b""),
        ]
        assert inbox.over


def test_only_a_sender_that_waits_is_told_to_continue_and_only_once() -> None:
    head = POST + b"Content-Length: 3\r\nExpect: 100-Continue\r\n\r\n"
    inbox = fed(head)
    assert inbox.wants_continue()
    assert not inbox.wants_continue()
    assert not fed(head + b"a").wants_continue()
    assert not fed(head + b"abc").wants_continue()
    assert not fed(head.replace(b"1.1", b"1.0")).wants_continue()


def test_limits_changed_between_requests_hold_for_the_next() -> None:
    now = [Limits()]
    inbox = Inbox("", lambda: now[0])
    body = POST + b"Content-Length: 50\r\n\r\n" + b"x" * 50
    inbox.feed(body)
    now[0] = Limits(body=Bytes(10))
    inbox.feed(body)
    assert [one.refusal is None for one in inbox.take()] == [True, False]


@settings(max_examples=300, deadline=None)
@given(some.lists(some.binary(max_size=200), max_size=4))
def test_no_bytes_break_it(pieces: list[bytes]) -> None:
    inbox = fed(b"GET / HT")
    for piece in pieces:
        inbox.feed(piece)
        if inbox.refusal or inbox.over:
            break
    for one in inbox.take():
        assert len(one.body) <= LIMITS.body


_PIECES = some.sampled_from(
    [
        b"POST /a HTTP/1.1\r\n", b"GET / HTTP/1.0\r\n", b"Host: h\r\n", b"Content-Length: 5\r\n",
        b"Content-Length: 0\r\n",
        b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Upgrade: x\r\n",
        b"Connection: Upgrade\r\n", b"\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"hello", b"X: \xff\r\n", b"\n", b"\x00",
        b"CONNECT a:1 HTTP/1.1\r\n",
    ]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(some.lists(_PIECES, max_size=14), some.integers(1, 40))
def test_no_order_of_true_pieces_breaks_it_and_the_cuts_do_not_matter(pieces: list[bytes], cut: int) -> None:
    data = b"".join(pieces)
    at_once, in_pieces = fed(data), Inbox("192.0.2.1", lambda: LIMITS)
    for start in range(0, len(data), cut):
        if in_pieces.refusal or in_pieces.over:
            break
        in_pieces.feed(data[start : start + cut])
    assert [one.path for one in at_once.ready] == [one.path for one in in_pieces.ready]
    assert [one.body for one in at_once.ready] == [one.body for one in in_pieces.ready]
