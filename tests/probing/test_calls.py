"""Heartbeats with a scheduler and a real store: each call is kept, judged at once, and missed to the second."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import gevent
import msgspec
import pytest
from gevent.event import Event as Signal

from daemon import housekeeping
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.calendars.cron import Cron
from daemon.config.looking import ProbePlan
from daemon.config.retention import Retention
from daemon.errors import StoreUnavailable
from daemon.event import Event, State
from daemon.probes.heartbeat import Heartbeat
from daemon.probing.ledger import Ledger
from daemon.probing.scheduler import ProbeStatus, Scheduler
from daemon.reading import Health, Reading, Sign, SignKind
from daemon.secret import Secret
from daemon.store import alerts, heartbeats
from daemon.store.sqlite import SqliteStore
from daemon.units import Quorum, Seconds
from fake_clock import BEGIN, FakeClock, settle
from probes_by_hand import Plans, plan

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0


class Sight:
    """Sees, unless it is told that it does not."""

    def __init__(self) -> None:
        self.is_blind = False
        self.asked = 0

    def seen(self, _plan: ProbePlan, reading: Reading, _began: float) -> Reading:
        if reading.health is not Health.DOWN:
            return reading
        self.asked += 1
        if not self.is_blind:
            return reading
        return msgspec.structs.replace(reading, health=Health.UNKNOWN, detail="cut off", blind=True)


def job(**more: object) -> ProbePlan:
    own = {name: more.pop(name) for name in ("grace", "longest") if name in more}
    common = {
        "every": Seconds(DAY),
        "fail_after": Quorum(1, 1),
        "recover_after": Quorum(1, 1),
        "steady": Seconds(0.0),
        **more,
    }
    probe = Heartbeat(key=Secret("k" * 16), **{"grace": Seconds(HOUR), **own})  # type: ignore[arg-type]
    return ProbePlan(name="job", type="heartbeat", probe=probe, **common)  # type: ignore[arg-type]


class Desk:
    def __init__(self, store: SqliteStore, clock: FakeClock) -> None:
        self.store, self.clock, self.sight = store, clock, Sight()
        self.plans = Plans(job())
        self.begin()

    def begin(self) -> None:
        intake = Intake(self.store, self.clock, lambda: Rules(self.plans()))
        ledger = Ledger(self.store, self.clock)
        self.scheduler = Scheduler(self.plans, self.clock, intake.events, sight=self.sight, ledger=ledger)
        self.scheduler.start()
        self.clock.advance(6)  # the first look, which only finds out what is due when

    def restart(self, after: float = 0.0) -> None:
        self.scheduler.stop()
        self.clock.advance(after)
        self.begin()

    def use(self, made: ProbePlan) -> None:
        self.plans.put(made)
        self.scheduler.reload()
        self.clock.advance(6)

    def say(self, kind: SignKind = SignKind.SUCCESS, run: str = "", code: int | None = None) -> None:
        self.scheduler.calls.hear("job", Sign(kind=kind, at=self.clock.now(), run=run, code=code))
        settle()

    def status(self) -> ProbeStatus:
        return next(self.scheduler.statuses())

    def open(self) -> list[str]:
        gevent.joinall(list(self.scheduler._teller._telling), timeout=2)
        return [alert.key for alert in self.store.read(alerts.newest) if alert.state is State.FIRING]


@pytest.fixture
def desk(store: SqliteStore, clock: FakeClock) -> Iterator[Desk]:
    one = Desk(store, clock)
    yield one
    one.scheduler.stop()


def test_a_new_one_is_unknown_and_raises_no_alarm(desk: Desk) -> None:
    desk.clock.advance(2 * DAY)
    assert desk.status().verdict is Health.UNKNOWN
    assert desk.status().reading == Reading(health=Health.UNKNOWN, detail="no sign yet")
    assert desk.status().next_due is None
    assert desk.open() == []


def test_a_call_is_judged_at_once(desk: Desk) -> None:
    desk.say()
    assert desk.status().verdict is Health.UP
    desk.say(SignKind.FAIL, code=2)
    assert desk.status().verdict is Health.DOWN
    assert desk.open() == ["job"]
    desk.say()
    assert desk.status().verdict is Health.UP
    assert desk.open() == []


def test_it_is_missed_at_the_very_instant(desk: Desk) -> None:
    desk.say()
    due = desk.clock.now() + DAY + HOUR
    assert desk.status().next_due == due
    desk.clock.advance(DAY + HOUR - 1)
    assert desk.open() == []
    desk.clock.advance(1)
    assert desk.open() == ["job"]
    (alert,) = desk.store.read(alerts.newest)
    assert alert.started_at == pytest.approx(due)
    assert alert.title.startswith("job is down: no sign since 2026-11-21 01:00:06 UTC, was due 2026-11-22 01:00:06 UTC")


def test_calls_in_time_keep_it_up_day_by_day(desk: Desk) -> None:
    for day in range(4):
        desk.say()
        desk.clock.advance(DAY + (HOUR / 2 if day % 2 else -HOUR / 2))
        assert desk.status().verdict is Health.UP
    assert desk.open() == []


def test_a_late_call_ends_the_alarm(desk: Desk) -> None:
    desk.say()
    desk.clock.advance(2 * DAY)
    assert desk.open() == ["job"]
    desk.say()
    assert desk.open() == []


def test_a_start_alone_counts_for_nothing_and_sets_the_time_of_its_end(desk: Desk) -> None:
    desk.use(job(longest=Seconds(600.0), recover_after=Quorum(2, 2)))
    desk.say(SignKind.START)
    desk.say(SignKind.SUCCESS)
    assert desk.status().verdict is Health.UNKNOWN  # one good reading of two: the start was none
    desk.say(SignKind.SUCCESS)
    assert desk.status().verdict is Health.UP
    desk.say(SignKind.START)
    assert desk.status().next_due == desk.clock.now() + 600
    desk.clock.advance(600)
    assert desk.open() == ["job"]


def test_with_two_in_a_row_it_is_missed_twice_before_it_is_down(desk: Desk) -> None:
    desk.use(job(fail_after=Quorum(2, 2)))
    desk.say()
    desk.clock.advance(DAY + HOUR)
    assert desk.status().verdict is Health.UP
    desk.clock.advance(DAY - 1)
    assert desk.open() == []
    desk.clock.advance(1)
    assert desk.open() == ["job"]


def test_missed_late_and_double_calls_count_once_each(desk: Desk) -> None:
    """As uptime-kuma#5742 has it: a check that is pushed, with retries."""
    desk.use(job(every=Seconds(MINUTE), grace=Seconds(10.0), fail_after=Quorum(3, 3), recover_after=Quorum(2, 2)))
    desk.say()
    desk.say()  # double
    assert desk.status().verdict is Health.UP
    desk.clock.advance(2 * MINUTE + 10)  # missed twice
    desk.say()  # late
    assert desk.status().verdict is Health.UP
    desk.clock.advance(3 * MINUTE + 9)  # twice again: what is missed is counted from the last call
    assert desk.open() == []
    desk.clock.advance(1)
    assert desk.open() == ["job"]
    desk.say()
    assert desk.open() == ["job"]
    desk.clock.advance(MINUTE / 2)
    desk.say()
    assert desk.open() == []


def test_what_was_said_is_known_after_a_restart(desk: Desk) -> None:
    desk.say()
    due = desk.clock.now() + DAY + HOUR
    desk.restart(after=HOUR)
    assert desk.status().next_due == due
    assert desk.status().reading is not None
    desk.clock.advance(DAY)
    assert desk.open() == ["job"]


def test_after_a_start_that_forgot_the_verdict_the_last_word_is_it(desk: Desk) -> None:
    desk.say()
    desk.restart()
    assert desk.status().verdict is Health.UP
    desk.say(SignKind.FAIL)
    desk.restart()
    assert desk.status().verdict is Health.DOWN
    assert desk.open() == ["job"]


def test_another_kind_under_the_same_name_is_given_nothing_of_its_calls(desk: Desk) -> None:
    desk.say()
    desk.plans.put(plan("job"))
    desk.scheduler.reload()
    assert desk.scheduler._watched["job"].past(BEGIN).notes == b""


def test_what_was_missed_while_nobody_ran_may_be_made_up_for_within_a_grace(desk: Desk) -> None:
    desk.say()
    desk.restart(after=2 * DAY)
    desk.clock.advance(HOUR - 60)
    assert desk.open() == []
    desk.clock.advance(60)
    assert desk.open() == ["job"]


def test_restarts_do_not_put_the_alarm_off_for_ever(desk: Desk) -> None:
    desk.say()
    for _ in range(14):
        desk.restart(after=HOUR * 5 / 3)
        desk.clock.advance(HOUR / 3)
    desk.clock.advance(2 * HOUR)
    assert desk.open() == ["job"]


def test_what_cannot_be_written_is_not_heard(desk: Desk) -> None:
    class Full:
        def take(self, *_: object) -> None:
            raise StoreUnavailable("the disk is full")

    kept, desk.scheduler.calls._ledger = desk.scheduler.calls._ledger, Full()  # type: ignore[assignment]
    with pytest.raises(StoreUnavailable):
        desk.say()
    assert desk.status().verdict is Health.UNKNOWN
    desk.scheduler.calls._ledger = kept
    desk.say()
    assert desk.status().verdict is Health.UP


@pytest.mark.parametrize("name", ["nobody", "other"])
def test_only_what_calls_in_is_heard(desk: Desk, name: str) -> None:
    desk.plans.put(job(), plan("other"))
    desk.scheduler.reload()
    with pytest.raises(KeyError):
        desk.scheduler.calls.hear(name, Sign(kind=SignKind.SUCCESS, at=BEGIN))


class Shut:
    """A pipeline that lets nothing through, until it is told to."""

    def __init__(self, accept: Callable[[list[Event]], object]) -> None:
        self.accept = accept
        self.failure: Exception | None = None
        self.open = Signal()
        self.open.set()

    def __call__(self, events: list[Event]) -> None:
        self.open.wait()
        if self.failure is not None:
            raise self.failure
        self.accept(events)


@pytest.fixture
def shut(desk: Desk) -> Shut:
    one = Shut(desk.scheduler._teller._accept)
    desk.scheduler._teller._accept = one
    return one


def test_an_alarm_that_the_store_could_not_take_does_not_wait_for_the_next_look(desk: Desk, shut: Shut) -> None:
    desk.say()
    shut.failure = StoreUnavailable("the disk is full")
    desk.clock.advance(DAY + HOUR + 60)
    assert desk.open() == []
    assert desk.status().untold == 1
    shut.failure = None
    desk.clock.advance(60)
    assert desk.open() == ["job"]


def test_what_changes_while_the_last_change_is_told_is_told_after_it(desk: Desk, shut: Shut) -> None:
    desk.say()
    desk.open()
    shut.open.clear()
    desk.say(SignKind.FAIL)
    desk.say()
    desk.say(SignKind.FAIL)
    shut.open.set()
    assert desk.open() == ["job"]
    assert desk.status().untold == 0


def test_what_it_says_while_it_is_paused_is_kept_and_judged_later(desk: Desk) -> None:
    desk.say()
    desk.scheduler.calls.pause("job", "lin", "", None)
    desk.clock.advance(3 * DAY)
    desk.say(SignKind.FAIL)
    assert desk.open() == []
    desk.say()
    desk.scheduler.calls.resume("job", "lin")
    settle()
    assert desk.status().verdict is Health.UP
    assert desk.status().next_due == desk.clock.now() + DAY + HOUR


def test_after_a_pause_it_has_a_whole_period_to_be_heard_again(desk: Desk) -> None:
    desk.say()
    desk.scheduler.calls.pause("job", "lin", "", desk.clock.now() + 3 * DAY)
    desk.clock.advance(3 * DAY)
    resumed = desk.clock.now()
    desk.restart()
    assert desk.open() == []
    assert desk.status().next_due == pytest.approx(resumed + DAY + HOUR, abs=61)
    desk.clock.advance(DAY + HOUR + 61)
    assert desk.open() == ["job"]


def test_while_tocsin_is_cut_off_it_may_have_called_in_vain(desk: Desk) -> None:
    desk.say()
    desk.sight.is_blind = True
    desk.clock.advance(DAY + 2 * HOUR)
    assert desk.open() == []
    assert desk.status().verdict is Health.UNKNOWN
    desk.sight.is_blind = False
    desk.clock.advance(60)
    assert desk.open() == ["job"]


def test_a_failure_that_was_told_is_not_doubted(desk: Desk) -> None:
    desk.sight.is_blind = True
    desk.say(SignKind.FAIL)
    assert desk.open() == ["job"]
    assert desk.sight.asked == 0


def test_by_cron_it_is_due_in_its_time_zone(desk: Desk) -> None:
    made = replace(job(grace=Seconds(600.0)), cron=Cron.parse("0 2 * * *"))
    desk.use(made)
    desk.say()
    expected = [BEGIN + HOUR + day * DAY for day in range(5)]
    assert desk.scheduler.coming("job", 5) == expected
    assert desk.status().next_due == BEGIN + HOUR + 600
    desk.clock.advance(2 * HOUR)
    assert desk.open() == ["job"]


def test_a_clock_that_was_set_forward_leaves_a_grace(desk: Desk) -> None:
    desk.say()
    desk.clock.jump(3 * DAY)
    desk.clock.advance(61)
    assert desk.open() == []
    desk.clock.advance(HOUR)
    assert desk.open() == ["job"]


def test_a_clock_that_was_set_back_counts_anew(desk: Desk) -> None:
    desk.say()
    desk.clock.jump(-300 * DAY)
    desk.clock.advance(61)
    assert desk.status().next_due == pytest.approx(desk.clock.now() + DAY + HOUR, abs=62)
    desk.clock.advance(DAY + HOUR + 1)
    assert desk.open() == ["job"]


def test_ten_thousand_calls_are_all_counted_and_the_last_one_holds(desk: Desk) -> None:
    calls = 10_000

    def caller(number: int) -> None:
        kind = SignKind.SUCCESS if number < calls - 1 else SignKind.FAIL
        desk.scheduler.calls.hear("job", Sign(kind=kind, at=desk.clock.now() + number / calls))

    for begin in range(0, calls, 500):
        gevent.joinall([gevent.spawn(caller, number) for number in range(begin, begin + 500)], raise_error=True)
    settle()
    assert desk.store.read(heartbeats.every)["job"].number == calls
    assert desk.status().verdict is Health.DOWN
    assert desk.open() == ["job"]


def test_of_calls_in_one_transaction_the_later_one_holds_whoever_wakes_first(desk: Desk) -> None:
    real = desk.scheduler.calls._ledger

    class Backwards:
        def take(self, name: str, ear: Heartbeat, sign: Sign) -> heartbeats.Heard:
            heard = real.take(name, ear, sign)
            if sign.kind is SignKind.SUCCESS:  # the earlier one wakes last
                later.wait()
            return heard

    later = Signal()
    desk.scheduler.calls._ledger = Backwards()  # type: ignore[assignment]
    first = gevent.spawn(desk.say, SignKind.SUCCESS)
    gevent.sleep(0)
    desk.say(SignKind.FAIL)
    later.set()
    first.join()
    settle()
    assert desk.status().verdict is Health.DOWN


def test_calls_of_one_that_is_configured_no_more_are_forgotten(desk: Desk) -> None:
    desk.say()
    later = desk.clock.now() + Retention().alerts + 1
    assert housekeeping.forget_calls(desk.store, Retention(), {"job"}, later) == 0
    assert housekeeping.forget_calls(desk.store, Retention(), {"other"}, later) == 1
    assert desk.store.read(heartbeats.every) == {}
