"""Ten thousand probes: lists have pages, an answer has an end, and nobody else waits for one."""

from collections.abc import Iterator

import gevent
import pytest

from daemon.clock import SystemClock
from daemon.config.settings import Settings
from daemon.history.recorder import Recorder
from daemon.methods import build
from daemon.methods.table import REFUSED
from daemon.probing.scheduler import Scheduler
from daemon.reading import Health
from daemon.store.sqlite import SqliteStore
from fake_clock import FakeClock
from fake_parts import Desk, Said
from probes_by_hand import BAD, plan

MANY = 10_000


class Crowd(Desk):
    """A desk with the real scheduler."""

    def __init__(self, store: SqliteStore, clock: FakeClock, count: int) -> None:
        plans = [plan(f"p{number:05}", labels={"team": "web" if number % 2 else "db"}) for number in range(count)]
        super().__init__(store, clock, Settings(probes={one.name: one for one in plans}))
        self.recorder = Recorder(store, clock, lambda: self.settings)
        self.scheduler = Scheduler(lambda: self.settings, SystemClock(), lambda _: None)  # type: ignore[assignment]
        self.scheduler._follow(self.settings)  # type: ignore[attr-defined]
        self.table = build(self.parts())

    def names(self, **params: object) -> list[str]:
        return [one["name"] for one in self.ask("probes.list", **params)]


@pytest.fixture
def crowd(store: SqliteStore, clock: FakeClock) -> Iterator[Crowd]:
    one = Crowd(store, clock, MANY)
    yield one
    one.scheduler._timetable.stop()  # type: ignore[attr-defined]


def test_they_are_listed_page_by_page(crowd: Crowd) -> None:
    seen: list[str] = []
    while page := crowd.names(after=seen[-1] if seen else ""):
        assert len(page) == 1_000
        seen += page
    assert seen == sorted(crowd.settings.probes)


def test_those_that_are_down_are_found(crowd: Crowd) -> None:
    broken = crowd.scheduler._watched["p07777"]  # type: ignore[attr-defined]
    broken.course = type(broken.course)(verdict=Health.DOWN)
    broken.reading = BAD
    assert crowd.names(verdict="down") == ["p07777"]
    assert crowd.names(verdict="down", after="p07777") == []
    assert crowd.names(verdict="unknown", limit=2) == ["p00000", "p00001"]


def test_while_they_are_told_everybody_else_has_a_turn(crowd: Crowd) -> None:
    turns: list[None] = []

    def beat() -> None:
        while True:
            turns.append(None)
            SystemClock().breathe()

    beating = gevent.spawn(beat)
    gevent.sleep(0)
    assert crowd.ask("probes.list", verdict="down") == []
    assert crowd.ask("status")["probes"] == MANY
    beating.kill()
    assert len(turns) > 4


def test_one_that_is_not_there_is_said_in_a_line(crowd: Crowd) -> None:
    for method in ("probes.get", "probes.run", "probes.pause", "probes.history"):
        with pytest.raises(Said) as said:
            crowd.ask(method, name="till")
        assert str(said.value).endswith("p00019, and 9980 more")


def test_a_report_of_all_is_a_table_and_json_has_an_end(crowd: Crowd) -> None:
    with pytest.raises(Said) as said:
        crowd.ask("probes.report")
    assert said.value.code == REFUSED
    assert "that are 10000 probes; ask for 5000 at most" in str(said.value)
    assert len(crowd.ask("probes.report", matchers=["team=db"])["lines"]) == MANY / 2
    assert crowd.ask("probes.report", format="csv").count("\r\n") == MANY + 1
