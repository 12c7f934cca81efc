"""The greenlet that judges: slots in their turn, too many of them, a broken one; the real series beneath."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from daemon import telemetry
from daemon.config.settings import Settings
from daemon.config.thresholds import Rule
from daemon.event import Event
from daemon.internal import Check
from daemon.series.key import Kind
from daemon.series.query import Query
from daemon.series.recorder import Recorder
from daemon.series.rows import Row
from daemon.series.selector import Selector
from daemon.series.table import SLOT, Table
from daemon.store.migrate import MEASURED
from daemon.thresholds.keeper import WAITING, Keeper
from direct_store import DirectStore
from fake_clock import FakeClock, settle
from remembered import Remembered
from ruled import BEGIN, Bench, rule
from timed import interval, named

HITS = "{name: r, expr: sum(hits) over 1m, above: 55}"


def silent(_check: Check, *_about: str, title: str = "", text: str = "") -> None:
    raise AssertionError(title + text)


class Whole:
    """Recorder, table, store and keeper as the daemon has them."""

    def __init__(self, home: Path, clock: FakeClock, rules: Sequence[Rule]) -> None:
        self.clock = clock
        self.store = DirectStore(home / "measured.db", MEASURED)
        self.table = Table(clock)
        self.recorder = Recorder(self.store, self.table, clock)
        self.recorder.begin()
        self.events: list[Event] = []
        settings = Settings(rules={one.name: one for one in rules})
        query = Query(self.store, self.table, clock)
        self.keeper = Keeper(
            self.store, query, self.table, clock, lambda: settings, self.events.extend, (silent, silent)
        )
        self.keeper.start()

    def slot(self, value: float, times: int = 1) -> None:
        for _ in range(times):
            self.table.find("hits", Kind.COUNTER, (("route", "/"),)).add(value)
            start = int(self.clock.now())
            self.clock.advance(SLOT)
            self.table.close_slot(start)
            self.recorder.flush()
            settle()

    def die(self) -> None:
        self.keeper.stop()
        self.store.close()


def test_a_process_that_follows_knows_the_windows_of_the_one_before(tmp_path: Path) -> None:
    clock = FakeClock(BEGIN)
    first = Whole(tmp_path, clock, [rule(HITS)])
    first.slot(10, times=5)
    assert first.events == []
    first.die()
    second = Whole(tmp_path, clock, [rule(HITS)])
    second.slot(10)
    assert [event.key for event in second.events] == ["r"]
    second.die()
    third = Whole(tmp_path, clock, [rule(HITS)])
    third.slot(10)
    assert third.events == []
    third.slot(0, times=6)
    assert [event.state for event in third.events] == ["resolved"]
    third.die()


def test_slots_for_which_there_is_no_time_are_not_judged_and_counted(tmp_path: Path) -> None:
    bench = Bench(tmp_path, HITS)
    before = telemetry.rule_slots_missed._value.get()
    for number in range(WAITING + 3):
        bench.keeper.closed(int(BEGIN) + SLOT * number, [])
    assert telemetry.rule_slots_missed._value.get() == before + 3
    assert len(bench.keeper._slots) == WAITING


def test_one_slot_that_cannot_be_judged_does_not_end_the_judging(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(tmp_path, HITS)
    keeper = bench.keeper
    keeper.start()
    rows: list[Row] = [(None, None)]  # type: ignore[list-item]
    with caplog.at_level(logging.ERROR):
        keeper.closed(int(BEGIN), rows)
        settle()
    assert "the rules could not be judged" in caplog.text
    bench.table.closing = int(BEGIN) + SLOT
    keeper.closed(int(BEGIN) + SLOT, [])
    settle()
    assert keeper.evaluator.evaluated == BEGIN + 2 * SLOT
    keeper.stop()


def test_outside_of_its_hours_nothing_fires_and_what_fires_is_over(tmp_path: Path) -> None:
    """BEGIN is 01:00 UTC: the rule judges until two minutes later."""
    hours = named("night", interval("00:00-01:02"))
    bench = Bench(
        tmp_path,
        "{name: r, expr: max(x) over 10s, above: 1, active: [night]}",
        more=lambda one: Settings(rules=one.rules, time_intervals={"night": hours}),
    )
    bench.slot(("x", Kind.GAUGE, (), 2), times=11)
    assert bench.told == ["r fires"]
    bench.slot(("x", Kind.GAUGE, (), 2), times=5)
    assert bench.told == ["r fires", "r is over"]
    assert "outside of its active hours" in bench.events[1].title
    assert bench.keeper.evaluator.rules["r"].waits == "outside of its active hours"


def test_remembered_numbers_are_those_that_the_series_tell(tmp_path: Path) -> None:
    """What stands in for the store in these tests answers as the store does."""
    clock = FakeClock(BEGIN)
    store = DirectStore(tmp_path / "measured.db", MEASURED)
    table = Table(clock)
    recorder = Recorder(store, table, clock)
    recorder.begin()
    real, stand_in = Query(store, table, clock), Remembered(table)
    for number in range(20):
        for route in range(3):
            table.find("hits", Kind.COUNTER, (("app", "a"), ("route", str(route)))).add(number)
            table.find("time", Kind.SPREAD, (("route", str(route)),)).add(0.1 * number)
        start = int(clock.now())
        clock.advance(SLOT)
        table.close_slot(start)
        recorder.flush()
    for text, begin, end, step, by in (
        ("hits", 0, 200, 10, ()),
        ("hits", 30, 170, 60, ("route",)),
        ('hits{route="1"}', 50, 130, 0, None),
        ("time", 0, 200, 0, ("app",)),
        ("time", 20, 200, 20, None),
        ("nothing", 0, 200, 10, ()),
    ):
        asked = (Selector.parse(text), BEGIN + begin, BEGIN + end, step, by)
        told, ours = real.tallies(*asked), stand_in.tallies(*asked)
        assert {group: [(at, t.count, t.counts) for at, t in steps] for group, steps in told.items()} == {
            group: [(at, t.count, t.counts) for at, t in steps] for group, steps in ours.items()
        }
    everything = Selector.parse("hits")
    assert {one.key for one in real.list(everything)} == {one.key for one in stand_in.list(everything)}
