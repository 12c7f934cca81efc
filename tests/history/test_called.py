"""The time of what calls in: up from a call until it is missed, and down from that very instant on."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.calendars.cron import Cron
from daemon.config.looking import ProbePlan
from daemon.probes.heartbeat import Heartbeat
from daemon.reading import Health, Sign, SignKind
from daemon.secret import Secret
from daemon.store.sqlite import SqliteStore
from daemon.units import Quorum, Seconds
from daemon.zone import Zone
from watching import HOUR, NAME, Life, at, clock_for

DAY = 24 * HOUR
NOON = at("2026-11-21 12:00")


def job(grace: float = HOUR, longest: float | None = None, **more: object) -> ProbePlan:
    heart = Heartbeat(key=Secret("k" * 16), grace=Seconds(grace), longest=None if longest is None else Seconds(longest))
    once = {"fail_after": Quorum(1, 1), "recover_after": Quorum(1, 1), "steady": Seconds(0.0)}
    return ProbePlan(name=NAME, type="heartbeat", probe=heart, **({"every": Seconds(DAY)} | once | more))  # type: ignore[arg-type]


class Called(Life):
    def use(self, plan: ProbePlan) -> None:
        self.plans.put(plan)
        self.scheduler.reload()
        self.recorder.reload()

    def say(self, kind: SignKind = SignKind.SUCCESS) -> None:
        self.scheduler.calls.hear(NAME, Sign(kind=kind, at=self.clock.now()))
        self.to(self.clock.now() + 0.001)


@pytest.fixture
def life(store: SqliteStore) -> Iterator[Called]:
    one = Called(store, clock_for(NOON - 60), lambda _: Health.UP)
    one.use(job())
    one.to(NOON)
    yield one
    one.stop()


def test_it_is_up_until_it_is_late_and_down_from_then_on(life: Called) -> None:
    life.say()
    life.to(NOON + DAY + 3 * HOUR)
    life.say()
    life.to(NOON + DAY + 4 * HOUR)
    assert life.line(NOON + 1, NOON + DAY + 4 * HOUR) == [
        ("Sat 12:00:01", "up"),
        ("Sun 13:00:00", "down"),
        ("Sun 15:00:00", "up"),
    ]


def test_a_run_that_lasts_longer_than_the_grace_is_up_while_it_may(life: Called) -> None:
    nightly = job(HOUR / 2, 2 * HOUR, cron=Cron.parse("0 2 * * *"), timezone=Zone.parse("Europe/Berlin"))
    life.use(nightly)
    life.say()
    life.to(at("2026-11-22 02:00:10"))
    life.say(SignKind.START)
    life.to(at("2026-11-22 03:50:00"))
    life.say()
    life.to(at("2026-11-22 04:00:00"))
    assert life.seconds(NOON + 1, at("2026-11-22 04:00")) == {"up": 16 * HOUR - 1}


def test_what_may_be_made_up_for_after_a_start_is_no_hole(life: Called) -> None:
    life.use(job(every=Seconds(HOUR)))
    life.say()
    life.to(NOON + 110 * 60)
    life.stop()
    life.clock.advance(60)
    life.start()
    life.to(NOON + 165 * 60)
    life.say()
    life.to(NOON + 3 * HOUR)
    assert life.seconds(NOON + 1, NOON + 3 * HOUR) == {"up": 3 * HOUR - 1}


def test_after_a_pause_it_is_up_for_its_period(life: Called) -> None:
    life.say()
    life.to(NOON + 23 * HOUR)
    life.scheduler.calls.pause(NAME, "lin", "", None)
    life.to(NOON + 26 * HOUR)
    life.scheduler.calls.resume(NAME, "lin")
    life.to(NOON + 26 * HOUR + DAY)
    life.say()
    life.recorder.flush()
    assert life.seconds(NOON + 1, NOON + 26 * HOUR + DAY) == {"up": 47 * HOUR - 1, "paused": 3 * HOUR}


def test_a_stop_beyond_its_time_is_unknown_from_then_on(life: Called) -> None:
    life.use(job(every=Seconds(HOUR)))
    life.say()
    life.stop()
    life.clock.advance(5 * HOUR)
    life.start()
    life.to(NOON + 7 * HOUR)
    assert life.line(NOON, NOON + 7 * HOUR) == [
        ("Sat 12:00:00", "up"),
        ("Sat 14:01:00", "unknown"),
        ("Sat 17:00:01", "up"),
        ("Sat 18:00:00", "down"),
    ]


def test_a_start_and_a_log_tell_nothing_of_what_was_down(life: Called) -> None:
    life.say(SignKind.FAIL)
    life.to(NOON + HOUR)
    life.say(SignKind.LOG)
    life.say(SignKind.START)
    life.to(NOON + 2 * HOUR)
    assert life.seconds(NOON + 1, NOON + 2 * HOUR) == {"down": 2 * HOUR - 1}


CALLS = st.lists(
    st.tuples(
        st.integers(1, 4 * 3_600),
        st.sampled_from([SignKind.SUCCESS, SignKind.SUCCESS, SignKind.FAIL, SignKind.START, SignKind.LOG]),
        st.sampled_from(["", "", "restart", "report"]),
    ),
    max_size=12,
)


@pytest.mark.slow
@settings(max_examples=40)
@given(CALLS)
def test_whatever_it_says_and_whenever_its_time_is_what_is_worked_out_by_hand(
    calls: list[tuple[int, SignKind, str]],
) -> None:
    """A quick restart changes nothing but that a call may be made up for: nobody is late within a grace of it."""
    with tempfile.TemporaryDirectory() as folder, closing(SqliteStore(Path(folder) / "store.db")) as store:
        life = Called(store, clock_for(NOON - 60), lambda _: Health.UP)
        life.use(job(HOUR / 2, every=Seconds(HOUR)))
        life.to(NOON)
        expected = {"up": 0.0, "down": 0.0}
        was_well, due, heard_since = True, NOON, 0.0
        life.say()
        at = last = NOON
        for gap, kind, what in [*calls, (1, SignKind.SUCCESS, "")]:
            due = last + HOUR
            deadline = max(due, heard_since) + HOUR / 2
            life.to(at + gap)
            late = max(0.0, at + gap - max(deadline, at))
            expected["up" if was_well else "down"] += gap - late
            expected["down"] += late
            at += gap
            was_late = late > 0 or at >= deadline
            if kind.value in ("success", "fail"):
                was_well, last = kind is SignKind.SUCCESS, at
            elif was_late:
                was_well = False
            life.say(kind)
            if what == "restart":
                life.stop()
                life.start()
                heard_since = at
            if what == "report":
                life.recorder.flush()
        found = life.seconds(NOON, at)
        life.stop()
    assert found.get("up", 0.0) == pytest.approx(expected["up"], abs=1)
    assert found.get("down", 0.0) == pytest.approx(expected["down"], abs=1)
