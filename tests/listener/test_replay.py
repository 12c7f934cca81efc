"""What came through the door and made no alarm, as `quarantine.*` tells of it and feeds it through again."""

import base64
import gzip
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from behind_the_door import Daemon
from daemon.config.settings import Limits, Source
from daemon.event import Event
from daemon.hook import Hook
from daemon.listener.server import HttpDoor
from daemon.registry import Handler
from daemon.store.sqlite import SqliteStore
from daemon.units import Bytes
from fake_clock import FakeClock
from fake_parts import SETTINGS, Desk
from http_client import Client, Reply, ask

GOOD = b'{"key":"k","title":"till is stuck","text":"%s"}' % (b"x" * 500)

Opens = Callable[..., HttpDoor]


class House:
    """A door that takes bodies of 200 bytes, and the desk that sees what came of them."""

    def __init__(self, store: SqliteStore, clock: FakeClock) -> None:
        self.seen: list[Hook] = []
        till = Source(name="till", handler=Handler(name="till", handle=self._read, samples={}))
        self.desk = Desk(store, clock)
        self.behind = Daemon(settings=SETTINGS, clock=clock, intake=self.desk.intake)
        self.use(sources={"till": till}, limits=Limits(body=Bytes(200)))

    def use(self, **settings: object) -> None:
        self.desk.settings = self.behind.settings = replace(self.behind.settings, **settings)  # type: ignore[arg-type]

    def replayed(self) -> dict[str, Any]:
        (one,) = self.desk.ask("quarantine.replay", id="Q1")["requests"]
        return dict(one)

    def _read(self, hook: Hook) -> list[Event]:
        self.seen.append(hook)
        return [Event(source="till", key=hook.json()["key"], title=hook.json()["title"])]


@pytest.fixture
def house(store: SqliteStore, clock: FakeClock) -> House:
    return House(store, clock)


@pytest.fixture
def port(door: Opens, house: House) -> int:
    return door(house.behind.web(), house.behind.settings.limits).port


def post(port: int, body: bytes, coding: str) -> Reply:
    return ask(port, "POST", "/webhook/till", body, {"Content-Encoding": coding})


@pytest.mark.parametrize(
    ("coding", "packed"), [("gzip", gzip.compress(GOOD, mtime=0)), ("deflate", zlib.compress(GOOD))]
)
def test_a_body_too_large_when_expanded_is_replayed_after_the_limit_is_raised(
    house: House, port: int, coding: str, packed: bytes
) -> None:
    assert post(port, packed, coding).status == 413
    shown = house.desk.ask("quarantine.show", id="Q1")
    assert (base64.b64decode(shown["body"]), shown["headers"]["content-encoding"]) == (packed, coding)
    assert house.replayed()["problem"] == "the body is larger than 200 bytes after expansion"
    house.use(limits=Limits())
    assert [one["change"] for one in house.replayed()["events"]] == ["new"]
    assert post(port, packed, coding).status == 200
    replayed, sent = house.seen
    assert (replayed.body, replayed.headers) == (GOOD, sent.headers)


def test_a_body_that_was_expanded_when_it_came_is_not_expanded_again(house: House, port: int) -> None:
    sources = house.behind.settings.sources
    house.use(sources={}, limits=Limits())
    assert post(port, gzip.compress(GOOD), "gzip").status == 404
    assert "content-encoding" not in house.desk.ask("quarantine.show", id="Q1")["headers"]
    house.use(sources=sources)
    assert house.replayed()["problem"] == ""
    assert house.seen[0].body == GOOD


def test_a_coding_that_is_not_taken_is_the_reason_at_a_replay_too(house: House, port: int) -> None:
    detail = post(port, GOOD[:100], "zstd").json()["detail"]
    assert "'zstd' is not taken" in detail
    assert house.replayed()["problem"] == detail


@pytest.mark.parametrize(
    ("head", "size"),
    [(b"Content-Length: 2000000\r\n\r\n", 2_000_000), (b"Transfer-Encoding: chunked\r\n\r\nC8\r\n%s\r\n32\r\n%s", 250)],
)
def test_a_body_that_was_not_read_is_told_as_such_and_not_as_empty(
    house: House, port: int, head: bytes, size: int
) -> None:
    with Client(port) as client:
        filled = head % (b"x" * 200, b"x" * 50) if b"%s" in head else head
        client.send(b"POST /webhook/till HTTP/1.1\r\nHost: h\r\n" + filled)
        assert client.read().status == 413
    (listed,) = house.desk.ask("quarantine.list")
    assert (listed["size"], listed["whole"]) == (size, False)
    assert house.desk.ask("quarantine.show", id="Q1")["request"] == listed
    house.use(limits=Limits())
    assert house.replayed()["problem"] == f"only 0 of its {size:,} bytes were kept"
    assert house.seen == []
