"""HTTP/1.1 over real sockets: what every client may rely on, and what none may do."""

import gc
import logging
import socket
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from behind_the_door import Gate, echo
from daemon import telemetry
from daemon.config.settings import Limits
from daemon.listener.exchange import Answer, Request
from daemon.listener.inbox import PIPELINE
from daemon.listener.server import CannotListen, HttpDoor, open_socket
from daemon.units import Bytes, Seconds
from fake_clock import FakeClock, settle
from http_client import Client, ask, request

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
SMALL = Limits(body=Bytes(1000), header=Bytes(1000), read_timeout=Seconds(10.0), idle_timeout=Seconds(60.0))

IPV6 = Path("/proc/net/if_inet6")

Opens = Callable[..., HttpDoor]


def test_an_answer_says_what_a_client_needs(door: Opens) -> None:
    reply = ask(door(echo).port, "POST", "/a", b"body")
    assert (reply.status, reply.body) == (200, b"POST /a body")
    assert reply.headers == {
        "date": "Sat, 21 Nov 2026 01:00:00 GMT",
        "content-type": "text/plain",
        "content-length": "12",
    }


def test_the_date_follows_the_clock(door: Opens, clock: FakeClock) -> None:
    with Client(door(echo).port) as client:
        client.request("GET", "/")
        clock.advance(2)
        assert client.request("GET", "/").headers["date"] == "Sat, 21 Nov 2026 01:00:02 GMT"


def test_one_connection_serves_many_requests(door: Opens) -> None:
    with Client(door(echo).port) as client:
        assert [client.request("POST", f"/{n}", b"x").body for n in range(5)] == [b"POST /%d x" % n for n in range(5)]


def test_requests_sent_at_once_are_answered_in_order(door: Opens) -> None:
    with Client(door(echo).port) as client:
        client.send(b"".join(request("POST", f"/{n}", b"x" * n) for n in range(20)))
        assert [client.read().body for _ in range(20)] == [b"POST /%d " % n + b"x" * n for n in range(20)]


def test_a_flood_of_requests_sent_at_once_is_cut_after_a_bounded_number(door: Opens) -> None:
    with Client(door(echo).port) as client:
        client.send(GET * (PIPELINE + 10))
        replies = [client.read() for _ in range(PIPELINE)]
        assert replies[-1].headers["connection"] == "close"
        assert client.finished()


def test_head_has_the_length_but_not_the_body(door: Opens) -> None:
    with Client(door(echo).port) as client:
        reply = client.request("HEAD", "/")
        assert (reply.body, reply.headers["content-length"]) == (b"", "7")
        assert client.request("GET", "/").body == b"GET / "


def test_no_content_has_neither_length_nor_type(door: Opens) -> None:
    with Client(door(lambda _: Answer(status=204, body=b"not sent")).port) as client:
        reply = client.request("GET", "/")
        assert set(reply.headers) == {"date"}
        assert client.request("GET", "/").status == 204


@pytest.mark.parametrize(
    ("head", "stays"),
    [
        (b"GET / HTTP/1.0\r\n", ""),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n", "keep-alive"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n", ""),
        (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close, Upgrade\r\nUpgrade: h2c\r\n", ""),
    ],
)
def test_the_connection_ends_or_stays_as_the_client_asked(door: Opens, head: bytes, stays: str) -> None:
    with Client(door(echo).port) as client:
        client.send(head + b"\r\n")
        assert client.read().headers["connection"] == (stays or "close")
        if stays:
            client.send(head + b"\r\n")
            assert client.read().status == 200
        else:
            assert client.finished()


def test_chunked_bodies_are_read(door: Opens) -> None:
    with Client(door(echo).port) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        client.send(b"2\r\nde\r\n0\r\n\r\n")
        assert client.read().body == b"POST / abcde"


def test_a_sender_that_asks_first_is_told_to_go_on(door: Opens) -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
    with Client(door(echo, SMALL).port) as client:
        client.send(head + b"Content-Length: 3\r\n\r\n")
        assert client.read().status == 100
        client.send(b"abc")
        assert client.read().body == b"POST / abc"
        client.send(head + b"Content-Length: 1001\r\n\r\n")
        assert client.read().status == 413  # and not 100: the body is not wanted
        assert client.finished()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: h\r\nExpect: more\r\nContent-Length: 3\r\n\r\n", 417),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 2000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_answered_and_the_connection_closed(door: Opens, data: bytes, status: int) -> None:
    port = door(echo, SMALL).port
    with Client(port) as client:
        client.send(data)
        reply = client.read()
        assert reply.status == status
        assert reply.headers["connection"] == "close"
        assert set(reply.json()) == {"error", "detail"}
        assert client.finished()
    assert ask(port, "GET", "/").status == 200


def test_a_good_request_before_a_bad_one_has_its_answer(door: Opens) -> None:
    with Client(door(echo).port) as client:
        client.send(request("POST", "/1", b"x") + b"garbage\r\n\r\n")
        assert client.read().body == b"POST /1 x"
        assert client.read().status == 400
        assert client.finished()


def test_a_client_that_sends_on_after_a_refusal_can_still_read_it(door: Opens) -> None:
    with Client(door(echo, SMALL).port) as client:
        client.send(b"GET / HTTP/1.1\r\nX: " + b"x" * 3_000_000)
        assert client.read().status == 431


def test_a_large_answer_reaches_a_client_that_reads(door: Opens) -> None:
    large = bytes(range(256)) * 40_000
    assert ask(door(lambda _: Answer(body=large)).port, "GET", "/").body == large


@pytest.mark.parametrize("data", [b"", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc", GET[:7], GET])
@pytest.mark.parametrize("reset", [True, False])
def test_a_client_that_vanishes_leaves_nothing_behind(
    door: Opens, caplog: pytest.LogCaptureFixture, data: bytes, reset: bool
) -> None:
    gate = Gate()
    one = door(gate)
    client = Client(one.port)
    client.send(data)
    settle()
    left = [weakref.ref(connection) for connection in one._open]
    assert left
    if reset:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.socket.close()
    settle()
    gate.go.set()
    settle()
    assert not one._open
    gc.collect()
    assert [ref() for ref in left] == [None]
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_the_failure_of_one_request_is_logged_and_told_without_internals(
    door: Opens, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_asked: Request) -> Answer:
        raise KeyError("inside")

    one = door(fails)
    with Client(one.port) as client:
        reply = client.request("GET", "/?token=t0k")
        assert (reply.status, reply.json()["error"]) == (500, "internal")
        assert b"inside" not in reply.body
        assert client.request("GET", "/").status == 500
    assert "KeyError: 'inside'" in caplog.text
    assert "t0k" not in caplog.text


def test_a_header_with_a_line_break_never_leaves(door: Opens) -> None:
    one = door(lambda _: Answer(headers=(("X-Name", "a\r\nSet-Cookie: b"),)))
    with Client(one.port) as client:
        reply = client.request("GET", "/")
        assert reply.status == 500
        assert "set-cookie" not in reply.headers


def test_answers_are_counted_by_door_and_status(door: Opens) -> None:
    def value() -> float:
        return telemetry.REGISTRY.get_sample_value("tocsin_http_requests_total", {"door": "x", "status": "202"}) or 0

    def seconds() -> float:
        return telemetry.REGISTRY.get_sample_value("tocsin_http_request_seconds_count", {"door": "x"}) or 0

    before, timed = value(), seconds()
    one = door(lambda _: Answer(status=202, door="x"))
    ask(one.port, "GET", "/")
    ask(one.port, "GET", "/")
    settle()
    assert value() == before + 2
    assert seconds() == timed + 2


def test_the_access_log_is_for_debugging_and_shows_no_query(door: Opens, caplog: pytest.LogCaptureFixture) -> None:
    one = door(echo)
    with caplog.at_level(logging.DEBUG, "tocsin.listener"):
        ask(one.port, "GET", "/path%0Ax?token=t0k")
        settle()
    assert r"GET '/path\nx': 200" in caplog.text
    assert "t0k" not in caplog.text


def test_a_port_that_is_taken_is_said_in_a_sentence(door: Opens, clock: FakeClock) -> None:
    taken = f"127.0.0.1:{door(echo).port}"
    with pytest.raises(CannotListen, match=f"cannot listen on {taken}: another program listens there"):
        HttpDoor(taken, echo, Limits, clock).start()


@pytest.mark.parametrize("address", ["", "8420", "host:", "127.0.0.1:http", "127.0.0.1:99999", "127.0.0.1:-1"])
def test_an_address_that_is_none_is_said_in_a_sentence(address: str) -> None:
    with pytest.raises(CannotListen, match="cannot listen on"):
        open_socket(address)


@pytest.mark.parametrize("address", ["127.0.0.1:0", "localhost:0", ":0", "*:0", "[::1]:0", "[::]:0"])
def test_an_address_may_be_written_in_every_usual_way(address: str) -> None:
    if "::" in address and not IPV6.exists():
        pytest.skip("this machine has no IPv6")
    with open_socket(address) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_a_socket_bound_earlier_is_used(clock: FakeClock) -> None:
    sock = open_socket("127.0.0.1:0")
    one = HttpDoor(sock, echo, Limits, clock)
    one.start()
    assert one.port == sock.getsockname()[1]
    assert ask(one.port, "GET", "/").status == 200
    one.stop(0)
