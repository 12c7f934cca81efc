"""Closing the door without losing what is in work."""

import threading
from collections.abc import Callable

import gevent
import pytest

from daemon.listener.exchange import Answer, Request
from daemon.listener.server import HttpDoor
from fake_clock import FakeClock, settle
from http_client import Client, request

Opens = Callable[..., HttpDoor]


class Slow:
    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go = threading.Event()

    def __call__(self, asked: Request) -> Answer:
        if asked.path == "/slow":
            self.entered.set()
            assert self.go.wait(4)
        return Answer(body=b"done")


def test_a_request_in_work_is_answered_and_its_connection_closed(door: Opens) -> None:
    slow = Slow()
    one = door(slow)
    with Client(one.port) as client:
        client.send(request("GET", "/slow"))
        assert slow.entered.wait(4)
        stopping = gevent.spawn(one.stop, 5)
        settle()
        assert not stopping.ready()
        slow.go.set()
        reply = client.read()
        assert (reply.status, reply.body, reply.headers["connection"]) == (200, b"done", "close")
        assert client.finished()
        stopping.get(timeout=4)


def test_resting_connections_are_closed_at_once(door: Opens) -> None:
    one = door(Slow())
    with Client(one.port) as resting, Client(one.port) as silent:
        resting.request("GET", "/")
        settle()
        one.stop(5)
        assert resting.finished()
        assert silent.finished()


def test_nobody_gets_in_any_more(door: Opens) -> None:
    one = door(Slow())
    port = one.port
    one.stop(5)
    with pytest.raises(ConnectionRefusedError):
        Client(port)


def test_a_request_half_sent_may_be_finished(door: Opens) -> None:
    one = door(Slow())
    with Client(one.port) as client:
        whole = request("POST", "/", b"body")
        client.send(whole[:-2])
        settle()
        stopping = gevent.spawn(one.stop, 5)
        settle()
        client.send(whole[-2:])
        assert client.read().status == 200
        stopping.get(timeout=4)


def test_what_is_not_done_in_time_is_cut_off(door: Opens, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    one = door(Slow())
    with Client(one.port) as client:
        client.send(request("GET", "/slow"))
        settle()
        stopping = gevent.spawn(one.stop, 5)
        settle()
        clock.advance(4)
        assert not stopping.ready()
        clock.advance(2)
        stopping.get(timeout=4)
        assert client.finished()
    assert "1 HTTP connections were cut off" in caplog.text


def test_a_door_may_be_closed_twice_and_before_it_was_opened(clock: FakeClock, door: Opens) -> None:
    one = door(Slow())
    one.stop(1)
    one.stop(1)
    never = HttpDoor("127.0.0.1:0", Slow(), one.limits, clock)
    never.stop(1)
