"""Events and service checks on their way to the alarm path."""

from collections.abc import Iterator

import pytest

from daemon import telemetry
from daemon.errors import StoreUnavailable
from daemon.event import Event, State
from daemon.intakes.statsd import herald
from daemon.intakes.statsd.herald import Herald
from daemon.intakes.statsd.told import read
from fake_clock import BEGIN, FakeClock
from statsd_side import by_label, risen


class Alarms:
    """Takes events, or says that it cannot."""

    def __init__(self) -> None:
        self.batches: list[list[Event]] = []
        self.trouble: Exception | None = None

    def __call__(self, events: list[Event]) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.batches.append(list(events))

    @property
    def said(self) -> list[tuple[str, State]]:
        return [(event.key, event.state) for batch in self.batches for event in batch]


@pytest.fixture
def alarms() -> Alarms:
    return Alarms()


@pytest.fixture
def bringing(clock: FakeClock, alarms: Alarms) -> Iterator[Herald]:
    one = Herald(alarms, clock)
    one.start()
    yield one
    one.stop()


def put(bringing: Herald, *lines: bytes) -> None:
    for line in lines:
        bringing.put(read(line, BEGIN, 3_600.0))


def test_what_is_told_is_brought(clock: FakeClock, bringing: Herald, alarms: Alarms) -> None:
    put(bringing, b"_sc|db|2", b"_e{1,1}:a|b")
    assert alarms.batches == []  # nobody waits for it where is read
    clock.advance(1)
    assert alarms.said == [("check|db", State.FIRING), ("event||a", State.FIRING)]


def test_a_check_that_says_the_same_is_written_once_a_minute(
    clock: FakeClock, bringing: Herald, alarms: Alarms
) -> None:
    before = by_label(telemetry.statsd_events)
    for second in range(120):
        put(bringing, b"_sc|db|2|m:attempt %d" % second)
        clock.advance(1)
    assert len(alarms.said) == 2
    assert risen(before, by_label(telemetry.statsd_events)) == {"repeated": 118, "told": 2}


def test_that_all_is_well_is_hardly_ever_said_again(clock: FakeClock, bringing: Herald, alarms: Alarms) -> None:
    for _ in range(100):
        put(bringing, b"_sc|db|0")
        clock.advance(30)
    assert len(alarms.said) == 1


def test_whatever_changes_is_brought_at_once(clock: FakeClock, bringing: Herald, alarms: Alarms) -> None:
    for status in (0, 2, 2, 1, 0, 0, 2):
        put(bringing, b"_sc|db|%d" % status)
        clock.advance(1)
    assert [state for _, state in alarms.said] == [
        State.RESOLVED, State.FIRING, State.FIRING, State.RESOLVED, State.FIRING
    ]  # fmt: skip


def test_another_text_is_another_event(clock: FakeClock, bringing: Herald, alarms: Alarms) -> None:
    put(bringing, b"_e{1,1}:a|b", b"_e{1,1}:a|b", b"_e{1,1}:a|c", b"_e{1,1}:a|c|t:success")
    clock.advance(1)
    assert len(alarms.said) == 3


def test_what_cannot_be_written_waits_in_its_order(clock: FakeClock, bringing: Herald, alarms: Alarms) -> None:
    alarms.trouble = StoreUnavailable("the disk is full")
    put(bringing, b"_sc|db|2")
    clock.advance(5)
    put(bringing, b"_sc|db|0")
    clock.advance(5)
    assert alarms.said == []
    alarms.trouble = None
    clock.advance(2)
    assert [state for _, state in alarms.said] == [State.FIRING, State.RESOLVED]


def test_what_waits_has_a_bound_and_what_was_dropped_is_new_when_it_is_said_again(
    clock: FakeClock, bringing: Herald, alarms: Alarms
) -> None:
    alarms.trouble = StoreUnavailable("the disk is full")
    before = by_label(telemetry.statsd_events)
    put(bringing, *(b"_sc|db%d|2" % n for n in range(herald.MOST + 50)))
    assert risen(before, by_label(telemetry.statsd_events)) == {"dropped": 50}
    alarms.trouble = None
    clock.advance(10)
    put(bringing, b"_sc|db%d|2" % (herald.MOST + 7), b"_sc|db7|2")
    clock.advance(1)
    assert len(alarms.said) == herald.MOST + 1
    assert max(map(len, alarms.batches)) <= herald.AT_ONCE


def test_a_flood_of_checks_leaves_the_store_to_others_most_of_the_time(
    clock: FakeClock, bringing: Herald, alarms: Alarms
) -> None:
    put(bringing, *(b"_sc|db%d|2" % n for n in range(1_000)))
    clock.advance(0.55)
    assert len(alarms.batches) <= 6


def test_it_is_known_of_so_many_only_what_they_said(
    clock: FakeClock, bringing: Herald, alarms: Alarms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(herald, "MOST_KNOWN", 3)
    put(bringing, *(b"_sc|db%d|2" % n for n in range(5)))
    put(bringing, b"_sc|db4|2", b"_sc|db0|2")
    clock.advance(1)
    assert [key for key, _ in alarms.said] == [*(f"check|db{n}" for n in range(5)), "check|db0"]


def test_a_number_in_each_name_is_one_alarm_after_so_many(
    clock: FakeClock, bringing: Herald, alarms: Alarms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(herald, "MOST_NEW", 5)
    put(bringing, *(b"_sc|job%d|2" % n for n in range(20)))
    put(bringing, b"_sc|job3|0", b"_sc|job3|1")  # what was told apart still is
    clock.advance(1)
    others = (herald.OTHERS, State.FIRING)
    jobs = [(f"check|job{n}", State.FIRING) for n in range(5)]
    three = [("check|job3", State.RESOLVED), ("check|job3", State.FIRING)]
    assert alarms.said == [*jobs, others, *three]
    clock.advance(herald.HOUR)
    put(bringing, b"_sc|another|2")
    clock.advance(1)
    assert alarms.said[len(jobs) + 3 :] == [("check|another", State.FIRING)]


def test_one_that_breaks_the_alarm_path_does_not_end_it(clock: FakeClock, bringing: Herald, alarms: Alarms) -> None:
    alarms.trouble = RuntimeError("broken")
    put(bringing, b"_sc|db|2")
    clock.advance(1)
    alarms.trouble = None
    put(bringing, b"_sc|web|2")
    clock.advance(1)
    assert alarms.said == [("check|web", State.FIRING)]


def test_what_waits_is_written_when_it_stops(clock: FakeClock, alarms: Alarms) -> None:
    one = Herald(alarms, clock)
    one.start()
    put(one, *(b"_sc|db%d|2" % n for n in range(500)))
    one.stop()
    assert len(alarms.said) == 500
