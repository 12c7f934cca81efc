"""Greenlets that look again and again, and the one that waits for what is due."""

from collections.abc import Callable, Iterator

import gevent
import pytest
from gevent.event import Event as Signal

from daemon.probing.crew import MOST_IDLE, Crew, Job
from daemon.probing.timetable import Timetable
from daemon.reading import Health, Reading
from fake_clock import FakeClock, settle
from probes_by_hand import GOOD


@pytest.fixture
def timetable(clock: FakeClock) -> Iterator[Timetable]:
    made = Timetable(clock)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def crew(clock: FakeClock, timetable: Timetable) -> Iterator[Crew]:
    made = Crew(clock, timetable)
    yield made
    made.stop()


def looking(crew: Crew, look: Callable[[], Reading], read: list[Reading]) -> None:
    crew.look(Job("p", look, 5.0), lambda reading, _took: read.append(reading))


def test_one_greenlet_looks_again_and_again(crew: Crew) -> None:
    who, read = set(), list[Reading]()

    def look() -> Reading:
        who.add(gevent.getcurrent())
        return GOOD

    for _ in range(10):
        looking(crew, look, read)
        settle()
    assert len(read) == 10
    assert len(who) == 1


def test_of_many_that_looked_at_once_only_some_are_kept(crew: Crew) -> None:
    go, read = Signal(), list[Reading]()

    def look() -> Reading:
        go.wait()
        return GOOD

    for _ in range(100):
        looking(crew, look, read)
    settle()
    assert len(crew._group) == 100
    go.set()
    settle()
    assert len(read) == 100
    assert len(crew._group) == len(crew._idle) == MOST_IDLE
    crew.stop()
    assert len(crew._group) == 0


def test_one_that_broke_or_was_cut_off_looks_again_all_the_same(crew: Crew, clock: FakeClock) -> None:
    read: list[Reading] = []

    def breaks() -> Reading:
        raise ZeroDivisionError

    def hangs() -> Reading:
        Signal().wait()
        raise AssertionError

    looking(crew, breaks, read)
    settle()
    looking(crew, hangs, read)
    settle()
    clock.advance(7)
    looking(crew, lambda: GOOD, read)
    settle()
    assert [one.detail for one in read] == [
        "probe failed: ZeroDivisionError: ",
        "probe hung: cut off after 6s",
        "200 OK",
    ]
    assert [one.health for one in read] == [Health.DOWN, Health.DOWN, Health.UP]


def test_what_is_due_sooner_than_what_is_waited_for_is_called_in_time(timetable: Timetable, clock: FakeClock) -> None:
    called: list[tuple[str, float]] = []
    began = clock.monotonic()

    def at(name: str, after: float) -> None:
        timetable.at(began + after, lambda: called.append((name, clock.monotonic() - began)))

    settle()
    at("late", 10)
    settle()
    at("sooner", 3)
    at("soonest", 1)
    settle()
    at("between", 2)
    at("now", 0)
    clock.advance(20)
    assert called == [("now", 0), ("soonest", 1), ("between", 2), ("sooner", 3), ("late", 10)]


def test_what_is_cancelled_is_not_called(timetable: Timetable, clock: FakeClock) -> None:
    called: list[str] = []
    entry = timetable.at(clock.monotonic() + 1, lambda: called.append("first"))
    timetable.at(clock.monotonic() + 2, lambda: called.append("second"))
    settle()
    entry.cancel()
    clock.advance(5)
    assert called == ["second"]
