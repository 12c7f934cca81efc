"""Probes that somebody pauses: durable, shown, no uptime and no alarm meanwhile; and an end that comes by itself."""

from collections.abc import Callable, Iterator

import gevent
import pytest

from daemon import housekeeping
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.config.retention import Retention
from daemon.errors import StoreUnavailable
from daemon.event import State
from daemon.probing.ledger import Ledger
from daemon.probing.resting import Resting
from daemon.probing.scheduler import ProbeStatus, Scheduler
from daemon.probing.watched import Watched
from daemon.reading import Health, Reading
from daemon.store import alerts, pauses
from daemon.store.pauses import Pause
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from fake_clock import BEGIN, FakeClock
from probes_by_hand import BAD, GOOD, Hanging, Plans, plan
from timed import interval, named

HOUR = 3_600.0


class Noted:
    """Remembers when a look was judged."""

    def __init__(self) -> None:
        self.saw_at: list[float] = []

    def kept(self, _plan: object) -> None:
        return None

    def saw(self, watched: Watched, reading: Reading, took: float) -> None:
        del reading, took
        self.saw_at.append(watched.read_at or 0.0)

    def usual(self, _name: str) -> dict[str, float]:
        return {}


class Desk:
    """A scheduler over a real store, and what it looks at."""

    def __init__(self, store: SqliteStore, clock: FakeClock) -> None:
        self.says = GOOD
        self.looks: list[float] = []
        self.store, self.clock = store, clock
        self.record = Noted()
        self.plans = Plans(plan("shop", self._look, every=10))
        self.begin()

    def begin(self) -> None:
        intake = Intake(self.store, self.clock, lambda: Rules(self.plans()))
        self.ledger = Ledger(self.store, self.clock)
        self.scheduler = Scheduler(self.plans, self.clock, intake.events, record=self.record, ledger=self.ledger)
        self.scheduler.start()

    def restart(self) -> None:
        self.scheduler.stop()
        self.begin()

    def _look(self) -> Reading:
        self.looks.append(self.clock.now() - BEGIN)
        return self.says

    def pause(self, lasting: float | None = None, comment: str = "") -> Pause:
        until = None if lasting is None else self.clock.now() + lasting
        return self.scheduler.calls.pause("shop", "lin", comment, until)

    def status(self) -> ProbeStatus:
        return next(self.scheduler.statuses())

    def open(self) -> list[str]:
        gevent.joinall(list(self.scheduler._teller._telling), timeout=2)
        return [alert.key for alert in self.store.read(alerts.newest) if alert.state is State.FIRING]


def pieces(found: list[tuple[int, int]], begin: int) -> list[tuple[float, float]]:
    """In seconds after the begin."""
    return sorted(((since - begin) / 1_000, (until - begin) / 1_000) for since, until in found)


@pytest.fixture
def desk(store: SqliteStore, clock: FakeClock) -> Iterator[Desk]:
    one = Desk(store, clock)
    yield one
    one.scheduler.stop()


def test_while_it_is_paused_nobody_looks_and_its_verdict_is_unknown(desk: Desk) -> None:
    desk.clock.advance(30)
    assert desk.status().verdict is Health.UP
    made = desk.pause(comment="新机房")
    desk.clock.advance(HOUR)
    assert len(desk.looks) == 3
    status = desk.status()
    assert status.verdict is Health.UNKNOWN
    assert status.since is None
    assert status.resting == "paused by lin: 新机房"
    assert status.pause == made
    assert status.next_due is None
    assert desk.scheduler.coming("shop", 5) == []


def test_a_pause_with_a_limit_ends_by_itself(desk: Desk) -> None:
    desk.clock.advance(30)
    desk.pause(600)
    assert desk.status().resting == "paused by lin until 2026-11-21 01:10 UTC"
    assert all(due >= BEGIN + 630 for due in desk.scheduler.coming("shop", 5))
    desk.clock.advance(600)
    assert len(desk.looks) == 3
    desk.clock.advance(10)
    assert len(desk.looks) == 4
    assert desk.status().resting == ""
    assert desk.status().verdict is Health.UP
    assert desk.status().since is not None
    assert desk.status().skipped == 0


def test_resuming_ends_it_at_once(desk: Desk) -> None:
    desk.pause()
    desk.clock.advance(HOUR)
    over = desk.scheduler.calls.resume("shop", "may")
    assert over is not None
    assert (over.ended_at, over.ended_by) == (desk.clock.now(), "may")
    assert desk.scheduler.calls.resume("shop", "may") is None
    desk.clock.advance(20)
    assert len(desk.looks) == 2


def test_a_pause_outlives_restarts_and_reloads(desk: Desk) -> None:
    desk.pause(HOUR)
    desk.clock.advance(60)
    desk.restart()
    desk.clock.advance(60)
    desk.plans.put(plan("shop", desk._look, every=20))
    desk.scheduler.reload()
    desk.clock.advance(60)
    assert desk.looks == []
    assert desk.status().resting.startswith("paused by lin until")
    desk.clock.advance(HOUR)
    assert desk.looks


def test_a_pause_that_ended_while_nobody_ran_is_over(desk: Desk) -> None:
    desk.pause(600)
    desk.scheduler.stop()
    desk.clock.advance(HOUR)
    desk.begin()
    desk.clock.advance(20)
    assert len(desk.looks) == 2


def test_no_alarm_begins_meanwhile(desk: Desk) -> None:
    desk.clock.advance(30)
    desk.says = BAD
    desk.clock.advance(10)
    desk.pause(600)
    desk.clock.advance(610)
    assert desk.open() == []
    desk.clock.advance(10)
    assert desk.open() == ["shop"]


def test_an_alarm_that_is_open_stays_open(desk: Desk) -> None:
    desk.says = BAD
    desk.clock.advance(30)
    assert desk.open() == ["shop"]
    desk.pause()
    desk.says = GOOD
    desk.clock.advance(HOUR)
    assert desk.open() == ["shop"]
    desk.scheduler.calls.resume("shop", "lin")
    desk.clock.advance(30)
    assert desk.open() == []


def test_what_was_being_looked_at_when_it_was_paused_says_nothing(desk: Desk) -> None:
    hanging = Hanging()
    desk.plans.put(plan("shop", hanging, every=10, fail_after=1))
    desk.scheduler.reload()
    desk.clock.advance(10)
    assert hanging.asked == 1
    desk.pause()
    desk.clock.advance(60)  # the look is cut off meanwhile, which reads as down
    assert hanging.cut == 1
    assert desk.open() == []
    assert desk.status().reading is None


def test_the_record_can_ask_when_nobody_was_to_look(desk: Desk) -> None:
    desk.clock.advance(30)
    desk.pause(600)
    desk.clock.advance(700)
    desk.pause()
    desk.clock.advance(100)
    desk.scheduler.calls.resume("shop", "lin")
    desk.clock.advance(100)
    desk.pause()
    resting = Resting(desk.ledger, dict)
    begin, made = int(BEGIN * 1_000), desk.plans().probes["shop"]
    assert pieces(resting(made, begin, begin + 2_000_000), begin) == [(30, 630), (730, 830), (930, 2_000)]
    assert pieces(resting(made, begin + 100_000, begin + 700_000), begin) == [(100, 630)]
    assert resting(made, begin + 640_000, begin + 700_000) == []
    assert not [at for at in desk.record.saw_at if BEGIN + 30 < at <= BEGIN + 630]


def test_pausing_again_takes_the_place_of_the_pause_before(desk: Desk) -> None:
    desk.pause(600, "short")
    desk.clock.advance(60)
    desk.pause(None, "longer")
    desk.clock.advance(HOUR)
    assert desk.status().resting == "paused by lin: longer"
    kept = desk.store.read(lambda tx: pauses.newest(tx, "shop", 5))
    assert [(one.comment, one.ended_by) for one in kept] == [("longer", ""), ("short", "lin")]


def test_setting_the_clock_back_does_not_lose_a_pause_and_forward_ends_it(desk: Desk) -> None:
    desk.pause(600)
    desk.clock.jump(-HOUR)
    desk.clock.advance(120)
    assert desk.looks == []
    desk.clock.jump(2 * HOUR)
    desk.clock.advance(80)
    assert desk.looks


def test_quicker_looks_are_not_made_up_for_after_a_pause(desk: Desk) -> None:
    desk.plans.put(plan("shop", desk._look, every=10, every_while_failing=Seconds(2)))
    desk.scheduler.reload()
    desk.says = BAD
    desk.clock.advance(30)
    before = len(desk.looks)
    desk.pause(600)
    desk.clock.advance(599)
    assert len(desk.looks) == before
    desk.clock.advance(11)
    assert 4 <= len(desk.looks) - before <= 6


def test_what_cannot_be_written_down_does_not_hold(desk: Desk) -> None:
    class Full:
        def pause(self, *_: object) -> Pause:
            raise StoreUnavailable("the disk is full")

    desk.scheduler.calls._ledger = Full()  # type: ignore[assignment]
    with pytest.raises(StoreUnavailable):
        desk.pause()
    desk.clock.advance(30)
    assert len(desk.looks) == 3


def test_there_is_nothing_to_pause_under_another_name(desk: Desk) -> None:
    says: tuple[Callable[[], object], ...] = (
        lambda: desk.scheduler.calls.pause("nobody", "lin", "", None),
        lambda: desk.scheduler.calls.resume("nobody", "lin"),
        lambda: desk.scheduler.coming("nobody", 5),
    )
    for say in says:
        with pytest.raises(KeyError):
            say()


def test_pauses_that_are_long_over_are_forgotten(desk: Desk) -> None:
    desk.pause(600)
    later = desk.clock.now() + 600 + Retention().alerts
    housekeeping.forget_old(desk.store, Retention(), later)
    assert desk.store.read(lambda tx: pauses.newest(tx, "shop", 5))
    housekeeping.forget_old(desk.store, Retention(), later + 1)
    assert not desk.store.read(lambda tx: pauses.newest(tx, "shop", 5))


def test_outside_of_its_hours_nobody_was_to_look_either(desk: Desk) -> None:
    office = named("office", interval("09:00-17:00"))  # it begins at 01:00
    made = plan("shop", active=("office",))
    resting = Resting(desk.ledger, lambda: {"office": office})
    begin, hour = int(BEGIN * 1_000), 3_600
    assert pieces(resting(made, begin, begin + 24 * hour * 1_000), begin) == [(0, 8 * hour), (16 * hour, 24 * hour)]
    assert resting(made, begin + 9 * hour * 1_000, begin + 10 * hour * 1_000) == []
    assert resting(plan("other"), begin, begin + 24 * hour * 1_000) == []
