"""A request that offers another protocol is read as if it did not."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from behind_the_door import Daemon
from daemon.listener.inbox import PIPELINE
from daemon.listener.server import HttpDoor
from fed import GET, OFFER, POST, fed
from http_client import Client

Opens = Callable[..., HttpDoor]


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 5\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nX-Tocsin-Token: t\r\n\r\n",
    ],
)
@pytest.mark.parametrize("next_one", [GET, POST + OFFER + b"Content-Length: 2\r\n\r\nhi"])
def test_an_offer_of_another_protocol_is_passed_over_wherever_the_bytes_are_cut(body: bytes, next_one: bytes) -> None:
    data = POST + OFFER + b"X-Thing: \xff\r\n" + body + next_one
    first, second = fed(data).take()
    assert (first.method, first.path, first.query, first.body) == ("POST", "/webhook/x", "a=b", b"hello")
    assert (first.version, first.keep_alive, first.headers["x-thing"]) == ("1.1", True, "\xff")
    assert "x-tocsin-token" not in first.headers
    assert (second.path, second.body) in (("/next", b""), ("/webhook/x", b"hi"))
    for cut in range(len(data)):
        assert fed(data[:cut], data[cut:]).take() == [first, second]
    assert fed(*(bytes([byte]) for byte in data)).take() == [first, second]
    assert fed(memoryview(data)).take() == [first, second]


def test_an_alarm_with_such_an_offer_is_accepted_and_its_connection_goes_on(door: Opens, daemon: Daemon) -> None:
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAA"}
    with Client(door(daemon.web()).port) as client:
        for code in ("A1", "A2"):
            reply = client.request("POST", "/webhook/shop", b'{"events": [{"key": "%s"}]}' % code.encode(), offer)
            assert (reply.status, reply.json()) == (200, {"accepted": 1, "alerts": [code]})
            assert not {"connection", "upgrade"} & reply.headers.keys()


def test_a_request_without_body_may_offer_another_protocol() -> None:
    inbox = fed(b"GET /a HTTP/1.1\r\nHost: h\r\n" + OFFER + b"\r\n" + GET)
    assert [(one.path, one.keep_alive) for one in inbox.take()] == [("/a", True), ("/next", True)]
    assert not inbox.partial
    old = fed(b"GET /a HTTP/1.0\r\n" + OFFER + b"\r\n" + GET)
    assert [(one.path, one.keep_alive) for one in old.take()] == [("/a", False)]


def test_requests_that_all_offer_another_protocol_are_bounded_too() -> None:
    inbox = fed(GET.replace(b"\r\n\r\n", b"\r\n" + OFFER + b"\r\n") * (PIPELINE + 5))
    assert [one.keep_alive for one in inbox.take()] == [True] * (PIPELINE - 1) + [False]
    assert inbox.over


def test_a_sender_that_waits_and_offers_another_protocol_is_told_to_continue() -> None:
    inbox = fed(POST + OFFER + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert inbox.wants_continue()
    inbox.feed(b"abc")
    assert [one.body for one in inbox.take()] == [b"abc"]


_LINES = some.sampled_from(
    [
        b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n",
        b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"X: \xff\r\n", b"X:\r\n",
        b"Host: g\r\n",
        b"Transfer_Encoding: chunked\r\n", b"Y: a\r\n b\r\n",
    ]
)  # fmt: skip
_STARTS = some.sampled_from([b"POST /a?b HTTP/1.1\r\nHost: h\r\n", b"GET http://h/c HTTP/1.0\r\n"])
_BODIES = some.sampled_from(
    [b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"0\r\nUpgrade: x\r\n\r\n", b"\r\n", b"0\r\n\r\nGET /d HTTP/1.1\r\n"]
)
_REQUESTS = some.lists(some.tuples(_STARTS, some.lists(_LINES, max_size=3), _BODIES), min_size=1, max_size=3)


@settings(max_examples=300, deadline=None)
@given(_REQUESTS, some.integers(1, 80))
def test_an_offer_changes_nothing_of_what_is_read(requests: list[tuple[bytes, list[bytes], bytes]], cut: int) -> None:
    def read(offer: bytes) -> object:
        inbox = fed()
        data = b"".join(start + offer + b"".join(lines) + b"\r\n" + body for start, lines, body in requests)
        for at in range(0, len(data), cut):
            if inbox.refusal or inbox.over:
                break
            inbox.feed(data[at : at + cut])
        seen = [(one.method, one.path, one.query, one.body, one.version, one.keep_alive) for one in inbox.ready]
        return seen, inbox.refusal, inbox.over, inbox.partial

    assert read(b"Connection: Upgrade\r\nUpgrade: x\r\n") == read(b"Connection: x\r\nUpgrade: x\r\n")
