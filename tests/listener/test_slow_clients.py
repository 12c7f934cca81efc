"""Clients that are slow, silent, or too many: each has its time and its place, and no more."""

from collections.abc import Callable

import pytest

from behind_the_door import Gate, echo
from daemon import telemetry
from daemon.clock import SystemClock
from daemon.config.settings import Limits
from daemon.listener.connection import LINGER
from daemon.listener.exchange import Answer
from daemon.listener.server import HttpDoor
from daemon.units import Bytes, Seconds
from fake_clock import FakeClock, settle
from http_client import Client, request

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
SMALL = Limits(body=Bytes(1000), header=Bytes(1000), read_timeout=Seconds(10.0), idle_timeout=Seconds(60.0))

Opens = Callable[..., HttpDoor]


def test_a_request_dripped_byte_by_byte_is_answered_408_in_time(door: Opens, clock: FakeClock) -> None:
    one = door(echo, SMALL)
    with Client(one.port) as client:
        for byte in b"GET / HTTP/1":
            client.send(bytes([byte]))
            clock.advance(1)
        assert client.read().status == 408
        assert client.finished()


def test_a_body_that_stops_is_answered_408(door: Opens, clock: FakeClock) -> None:
    with Client(door(echo, SMALL).port) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
        clock.advance(9)
        client.send(b"def")
        clock.advance(2)
        reply = client.read()
        assert (reply.status, reply.json()["error"]) == (408, "timeout")


def test_each_request_of_a_connection_has_its_own_time(door: Opens, clock: FakeClock) -> None:
    with Client(door(echo, SMALL).port) as client:
        for _ in range(3):
            client.send(GET[:10])
            clock.advance(8)
            client.send(GET[10:])
            assert client.read().status == 200


def test_a_client_that_says_nothing_is_let_go_without_a_word(door: Opens, clock: FakeClock) -> None:
    with Client(door(echo, SMALL).port) as client:
        settle()
        clock.advance(11)
        assert client.finished()


def test_line_breaks_do_not_keep_a_connection_open(door: Opens, clock: FakeClock) -> None:
    with Client(door(echo, SMALL).port) as client:
        for _ in range(9):
            client.send(b"\r\n")
            clock.advance(1)
        clock.advance(2)
        assert client.finished()


def test_a_connection_may_rest_for_its_time_and_no_longer(door: Opens, clock: FakeClock) -> None:
    with Client(door(echo, SMALL).port) as client:
        client.request("GET", "/")
        clock.advance(58)
        assert client.request("GET", "/").status == 200
        clock.advance(62)
        assert client.finished()


def test_time_in_work_is_no_time_of_the_client_s(door: Opens, clock: FakeClock) -> None:
    gate = Gate()
    with Client(door(gate, SMALL).port) as client:
        client.send(GET)
        assert gate.entered.wait(4)
        clock.advance(1000)
        gate.go.set()
        assert client.read().status == 200


def test_a_client_that_never_reads_is_cut_off(door: Opens, clock: FakeClock) -> None:
    one = door(lambda _: Answer(body=bytes(30_000_000)), SMALL)
    with Client(one.port, receive_buffer=4096) as client:
        client.send(GET)
        settle()
        assert telemetry.connections._value.get() == 1
        clock.advance(12)
        settle()
        assert telemetry.connections._value.get() == 0
        with pytest.raises(ConnectionError):
            client.read()


def test_connections_beyond_the_limit_wait_and_get_in_when_one_leaves(door: Opens) -> None:
    one = door(echo, Limits(connections=2))
    with Client(one.port) as first, Client(one.port) as second, Client(one.port) as third:
        assert first.request("GET", "/").status == second.request("GET", "/").status == 200
        third.send(GET)
        settle()
        assert len(one._open) == 2
        first.socket.close()
        assert third.read().status == 200


def test_a_resting_connection_gives_its_place_to_one_that_waits(door: Opens, clock: FakeClock) -> None:
    gate = Gate()
    one = door(lambda asked: gate(asked) if asked.path == "/work" else echo(asked), Limits(connections=2))
    with Client(one.port) as resting, Client(one.port) as working, Client(one.port) as waiting:
        resting.request("GET", "/")
        working.send(request("GET", "/work"))
        assert gate.entered.wait(4)
        waiting.send(GET)
        clock.advance(3)
        assert waiting.read().status == 200
        assert resting.finished()
        gate.go.set()
        assert working.read().status == 200


def test_lingering_ends_in_time(door: Opens, clock: FakeClock) -> None:
    one = door(echo)
    with Client(one.port) as client:
        client.send(b"garbage\r\n\r\n")
        assert client.read().status == 400
        settle()
        assert len(one._open) == 1
        clock.advance(LINGER + 1)
        assert not one._open


def test_with_the_real_clock_too_a_slow_client_is_told_so() -> None:
    limits = Limits(read_timeout=Seconds(0.05))
    one = HttpDoor("127.0.0.1:0", echo, lambda: limits, SystemClock())
    one.start()
    with Client(one.port) as client:
        client.send(GET[:-1])
        assert client.read().status == 408
        assert client.finished()
    one.stop(0)
