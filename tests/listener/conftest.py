"""Doors on port 0, closed again after each test."""

from collections.abc import Callable, Iterator

import pytest

import made
from behind_the_door import Daemon
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.config.settings import Limits
from daemon.listener.exchange import App
from daemon.listener.server import HttpDoor
from daemon.store.sqlite import SqliteStore
from fake_clock import FakeClock

Opens = Callable[..., HttpDoor]


@pytest.fixture
def door(clock: FakeClock) -> Iterator[Opens]:
    opened: list[HttpDoor] = []

    def open_door(app: App, limits: Limits | None = None) -> HttpDoor:
        held = limits or Limits()
        one = HttpDoor("127.0.0.1:0", app, lambda: held, clock)
        one.start()
        opened.append(one)
        return one

    yield open_door
    for one in opened:
        one.stop(0)


@pytest.fixture
def daemon(store: SqliteStore, clock: FakeClock) -> Daemon:
    made_of = Daemon(settings=made.settings(), clock=clock, intake=None)
    made_of.intake = Intake(store, clock, lambda: Rules(made_of.settings))
    return made_of
