"""The scheduler, on a clock that is turned by hand."""

import itertools
import logging
from collections import Counter
from collections.abc import Callable, Iterator

import gevent
import pytest
from gevent.event import Event as Signal

from daemon.errors import StoreUnavailable
from daemon.event import Event, State
from daemon.probing import crew
from daemon.probing.scheduler import ProbeStatus, Scheduler
from daemon.probing.telling import probe_of
from daemon.reading import Health, Reading
from fake_clock import FakeClock, settle
from probes_by_hand import BAD, GOOD, Hanging, Plans, plan


class Heard(list[Event]):
    """Accepts events, or refuses while `failure` is set, or keeps the caller waiting while `shut` is not set."""

    def __init__(self) -> None:
        super().__init__()
        self.failure: Exception | None = None
        self.open = Signal()
        self.open.set()

    def accept(self, events: list[Event]) -> None:
        self.open.wait()
        if self.failure is not None:
            raise self.failure
        self.extend(events)

    def said(self) -> list[tuple[str, str]]:
        """All but the ends of what never began, which are told after a start."""
        return [(event.key, event.state.value) for event in self if probe_of(event.key) == event.key]


@pytest.fixture
def heard() -> Heard:
    return Heard()


Start = Callable[[Plans], Scheduler]


@pytest.fixture
def start(clock: FakeClock, heard: Heard) -> Iterator[Start]:
    started = []

    def begin(plans: Plans) -> Scheduler:
        scheduler = Scheduler(plans, clock, heard.accept)
        scheduler.start()
        started.append(scheduler)
        return scheduler

    yield begin
    for scheduler in started:
        scheduler.stop()


def one(scheduler: Scheduler, name: str) -> ProbeStatus:
    return next(status for status in scheduler.statuses() if status.name == name)


def series(scheduler: Scheduler, name: str) -> set[str]:
    """Which metrics have a line about this probe."""
    lines = scheduler.exposition().decode().splitlines()
    return {line.partition("{")[0] for line in lines if f'probe="{name}"' in line}


def test_two_hundred_probes_keep_their_own_second_for_an_hour(clock: FakeClock, start: Start) -> None:
    looks: dict[str, list[float]] = {}

    def noting(name: str) -> Callable[[], Reading]:
        looks[name] = []

        def look() -> Reading:
            looks[name].append(clock.monotonic())
            return GOOD

        return look

    start(Plans(*(plan(f"p{number}", noting(f"p{number}")) for number in range(200))))
    clock.advance(3_600)
    assert {len(times) for times in looks.values()} == {60}
    for times in looks.values():
        gaps = [after - before for before, after in itertools.pairwise(times)]
        assert max(gaps) - min(gaps) < 1e-6
        assert times[-1] - times[0] == pytest.approx(59 * 60)
    seconds = Counter(int(times[0]) for times in looks.values())
    assert max(seconds.values()) <= 12


def test_a_restarted_process_goes_on_with_the_same_beat(clock: FakeClock, start: Start) -> None:
    plans = Plans(plan("a"))
    first = start(plans)
    due = one(first, "a").next_due
    clock.advance(20)
    first.stop()
    assert (one(start(plans), "a").next_due - due) % 60 == pytest.approx(0)


def test_down_is_said_once_after_enough_bad_readings_and_up_after_enough_good_ones(
    clock: FakeClock, start: Start, heard: Heard
) -> None:
    now = [BAD]
    scheduler = start(Plans(plan("shop", lambda: now[0], every=10, fail_after=3, recover_after=2)))
    clock.advance(20)
    assert heard == []
    clock.advance(60)
    assert heard.said() == [("shop", "firing")]
    assert one(scheduler, "shop").verdict is Health.DOWN
    now[0] = GOOD
    clock.advance(10)
    assert heard.said() == [("shop", "firing")]
    clock.advance(50)
    assert heard.said() == [("shop", "firing"), ("shop", "resolved")]


def test_the_alarm_began_with_the_first_bad_reading(clock: FakeClock, start: Start, heard: Heard) -> None:
    scheduler = start(Plans(plan("shop", lambda: BAD, every=10, fail_after=3)))
    first = one(scheduler, "shop").next_due
    clock.advance(40)
    assert heard[0].started_at == pytest.approx(first)
    assert one(scheduler, "shop").since == pytest.approx(first)


def test_a_restart_closes_an_alert_that_recovered_meanwhile(clock: FakeClock, start: Start, heard: Heard) -> None:
    now = [BAD]
    plans = Plans(plan("shop", lambda: now[0], every=10))
    before = start(plans)
    clock.advance(30)
    before.stop()
    now[0] = GOOD
    clock.advance(300)
    start(plans)
    clock.advance(30)
    assert heard.said() == [("shop", "firing"), ("shop", "resolved")]


def test_a_hanging_probe_is_cut_off_and_costs_nobody_else_a_look(clock: FakeClock, start: Start, heard: Heard) -> None:
    hanging = Hanging()
    counted = Counter[str]()

    def other() -> Reading:
        counted["other"] += 1
        return GOOD

    scheduler = start(Plans(plan("stuck", hanging, every=60), plan("other", other, every=5)))
    clock.advance(600)
    assert counted["other"] == 120
    assert hanging.asked == 10
    assert hanging.cut >= 9
    status = one(scheduler, "stuck")
    assert status.reading == Reading(health=Health.DOWN, detail="probe hung: cut off after 11s")
    assert ("stuck", "firing") in heard.said()


def test_a_look_that_still_runs_at_its_next_beat_is_not_doubled(clock: FakeClock, start: Start) -> None:
    hanging = Hanging()
    scheduler = start(Plans(plan("stuck", hanging, every=2)))
    clock.advance(9)
    assert hanging.asked == 1
    assert one(scheduler, "stuck").skipped in {3, 4}
    assert 'probe="stuck",result="skipped"' in scheduler.exposition().decode()


def test_more_hanging_probes_than_places_only_delay_the_others(clock: FakeClock, start: Start, heard: Heard) -> None:
    hanging = Hanging()
    stuck = [plan(f"stuck{number}", hanging, every=5) for number in range(2 * crew.SIZE)]
    scheduler = start(Plans(*stuck, plan("other", every=30)))
    clock.advance(150)
    other = one(scheduler, "other")
    assert other.verdict is Health.UP
    assert ("other", "resolved") in heard.said()
    assert other.skipped < 4
    assert {status.reading is not None for status in scheduler.statuses()} == {True}


def test_at_most_so_many_look_at_the_same_time(clock: FakeClock, start: Start) -> None:
    hanging = Hanging()
    start(Plans(*(plan(f"p{number}", hanging, every=5) for number in range(3 * crew.SIZE))))
    clock.advance(5.5)
    assert hanging.asked == crew.SIZE
    hanging.go.set()
    settle()
    assert hanging.asked == 3 * crew.SIZE


def test_a_probe_that_breaks_has_a_reading_and_a_traceback_in_the_log(
    clock: FakeClock, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Reading:
        raise KeyError("boom")

    with caplog.at_level(logging.ERROR, "tocsin.probing"):
        scheduler = start(Plans(plan("bad", broken, every=10)))
        clock.advance(30)
    status = one(scheduler, "bad")
    assert status.verdict is Health.DOWN
    assert status.reading == Reading(health=Health.DOWN, detail="probe failed: KeyError: 'boom'")
    assert any(record.exc_info for record in caplog.records)


def test_a_probe_that_lets_a_timeout_escape_has_a_reading_too(clock: FakeClock, start: Start) -> None:
    def late() -> Reading:
        raise gevent.Timeout(3)

    scheduler = start(Plans(plan("late", late, every=10)))
    clock.advance(30)
    assert one(scheduler, "late").verdict is Health.DOWN


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0, 0.5])
def test_setting_the_wall_clock_changes_no_beat_and_no_verdict(
    clock: FakeClock, start: Start, heard: Heard, jump: float
) -> None:
    times: list[float] = []

    def look() -> Reading:
        times.append(clock.monotonic())
        return GOOD

    start(Plans(plan("a", look, every=10)))
    clock.advance(100)
    clock.jump(jump)
    clock.advance(100)
    assert len(times) == 20
    assert [round(after - before, 6) for before, after in itertools.pairwise(times)] == [10.0] * 19
    assert heard.said() == [("a", "resolved")]


def test_after_the_process_was_suspended_nobody_makes_up_for_it(clock: FakeClock, start: Start) -> None:
    looks = Counter[str]()

    def counting(name: str) -> Callable[[], Reading]:
        def look() -> Reading:
            looks[name] += 1
            return GOOD

        return look

    scheduler = start(Plans(*(plan(f"p{number}", counting(f"p{number}")) for number in range(200))))
    clock.advance(60)
    assert set(looks.values()) == {1}
    looks.clear()
    clock._go_to(clock.monotonic() + 3_600)  # time has passed and nobody was woken: a stopped process
    clock.advance(0)
    assert sum(looks.values()) <= 40
    clock.advance(120)
    assert set(looks.values()) <= {2, 3}
    assert len(looks) == 200
    assert {status.skipped for status in scheduler.statuses()} <= {59, 60, 61}


def test_what_the_store_could_not_take_is_offered_again_at_the_next_beat(
    clock: FakeClock, start: Start, heard: Heard
) -> None:
    heard.failure = StoreUnavailable("the disk is full")
    scheduler = start(Plans(plan("shop", lambda: BAD, every=10)))
    clock.advance(60)
    assert heard == []
    assert one(scheduler, "shop").untold == 2
    heard.failure = None
    clock.advance(10)
    assert heard.said() == [("shop", "firing")]
    assert one(scheduler, "shop").untold == 0
    clock.advance(60)
    assert heard.said() == [("shop", "firing")]


def test_changes_during_an_unwell_store_arrive_in_order(clock: FakeClock, start: Start, heard: Heard) -> None:
    now = [BAD]
    heard.failure = StoreUnavailable("the disk is full")
    start(Plans(plan("shop", lambda: now[0], every=10)))
    clock.advance(30)
    now[0] = GOOD
    clock.advance(30)
    heard.failure = None
    clock.advance(10)
    assert heard.said() == [("shop", "firing"), ("shop", "resolved")]


def test_a_flapping_probe_does_not_fill_the_memory_while_the_store_is_unwell(
    clock: FakeClock, start: Start, heard: Heard
) -> None:
    turns = iter(range(10**6))
    heard.failure = StoreUnavailable("the disk is full")
    scheduler = start(
        Plans(plan("flap", lambda: BAD if next(turns) % 2 else GOOD, every=1, fail_after=1, recover_after=1, steady=0))
    )
    clock.advance(300)
    assert one(scheduler, "flap").untold == 100
    heard.failure = None
    clock.advance(1)
    verdict = one(scheduler, "flap").verdict
    assert heard[-1].state is (State.FIRING if verdict is Health.DOWN else State.RESOLVED)


def test_a_pipeline_that_breaks_loses_no_change_either(clock: FakeClock, start: Start, heard: Heard) -> None:
    heard.failure = RuntimeError("a bug")
    start(Plans(plan("shop", lambda: BAD, every=10)))
    clock.advance(30)
    heard.failure = None
    clock.advance(10)
    assert heard.said() == [("shop", "firing")]


def test_a_store_that_hangs_keeps_no_look_waiting(clock: FakeClock, start: Start, heard: Heard) -> None:
    looks = Counter[str]()

    def look() -> Reading:
        looks["shop"] += 1
        return BAD

    heard.open.clear()
    start(Plans(plan("shop", look, every=10)))
    clock.advance(200)
    assert looks["shop"] == 20
    heard.open.set()
    settle()
    assert heard.said() == [("shop", "firing")]


def test_stopping_ends_the_looks_that_run_and_says_nothing(clock: FakeClock, start: Start, heard: Heard) -> None:
    hanging = Hanging()
    scheduler = start(Plans(plan("stuck", hanging, every=10), plan("down", lambda: BAD, every=10)))
    clock.advance(10)
    scheduler.stop()
    assert hanging.cut == 1
    clock.advance(600)
    assert hanging.asked == 1
    assert heard == []


def test_who_waits_for_a_look_is_answered_when_the_scheduler_stops(start: Start) -> None:
    scheduler = start(Plans(plan("stuck", Hanging(), every=10)))
    waiting = gevent.spawn(scheduler.run, "stuck")
    settle()
    scheduler.stop()
    assert waiting.get(timeout=2) == crew.STOPPED


def test_reload_leaves_what_is_unchanged_as_it_is(clock: FakeClock, start: Start, heard: Heard) -> None:
    same = plan("same", lambda: BAD, every=10)
    plans = Plans(same)
    scheduler = start(plans)
    clock.advance(30)
    before = one(scheduler, "same")
    plans.put(plan("same", lambda: BAD, every=10), plan("new", every=10))
    scheduler.reload()
    assert one(scheduler, "same") == before
    clock.advance(40)
    assert heard.said() == [("same", "firing"), ("new", "resolved")]


def test_reload_starts_anew_what_changed(clock: FakeClock, start: Start, heard: Heard) -> None:
    plans = Plans(plan("a", lambda: BAD, every=10))
    scheduler = start(plans)
    clock.advance(30)
    plans.put(plan("a", lambda: GOOD, every=20))
    scheduler.reload()
    assert one(scheduler, "a").verdict is Health.UNKNOWN
    assert b"tocsin_probe_up{" not in scheduler.exposition()
    clock.advance(60)
    assert heard.said() == [("a", "firing"), ("a", "resolved")]


def test_reload_ends_the_alert_and_the_series_of_what_was_removed(clock: FakeClock, start: Start, heard: Heard) -> None:
    looks = Counter[str]()

    def look() -> Reading:
        looks["gone"] += 1
        return BAD

    plans = Plans(plan("gone", look, every=10))
    scheduler = start(plans)
    clock.advance(30)
    assert series(scheduler, "gone")
    plans.put()
    scheduler.reload()
    settle()
    assert heard.said() == [("gone", "firing"), ("gone", "resolved")]
    assert heard[-1].text == "probe removed"
    assert list(scheduler.statuses()) == []
    assert not series(scheduler, "gone")
    asked = looks["gone"]
    clock.advance(100)
    assert looks["gone"] == asked


def test_a_look_that_ends_after_its_probe_was_removed_changes_nothing(
    clock: FakeClock, start: Start, heard: Heard
) -> None:
    hanging = Hanging()
    plans = Plans(plan("ghost", hanging, every=10, recover_after=1))
    scheduler = start(plans)
    clock.advance(10)
    plans.put()
    scheduler.reload()
    settle()
    heard.clear()
    hanging.go.set()
    settle()
    assert heard == []
    assert not series(scheduler, "ghost")


def test_run_looks_at_once_and_does_not_count(start: Start, heard: Heard) -> None:
    scheduler = start(Plans(plan("shop", lambda: BAD, every=3_600, fail_after=1)))
    for _ in range(5):
        assert scheduler.run("shop") == BAD
    status = one(scheduler, "shop")
    assert status.verdict is Health.UNKNOWN
    assert status.reading is None
    assert heard == []


def test_run_of_a_hanging_probe_is_cut_off(clock: FakeClock, start: Start) -> None:
    scheduler = start(Plans(plan("stuck", Hanging(), every=3_600)))
    waiting = gevent.spawn(scheduler.run, "stuck")
    clock.advance(12)
    assert waiting.get(timeout=2).detail == "probe hung: cut off after 11s"


def test_run_of_an_unknown_probe_says_so(start: Start) -> None:
    with pytest.raises(KeyError):
        start(Plans()).run("nobody")


def test_status_tells_how_each_stands(clock: FakeClock, start: Start) -> None:
    scheduler = start(Plans(plan("b", every=10), plan("a", lambda: BAD, every=10, labels={"team": "web"})))
    fresh = one(scheduler, "a")
    assert (fresh.verdict, fresh.since, fresh.reading, fresh.read_at) == (Health.UNKNOWN, None, None, None)
    assert clock.now() < fresh.next_due <= clock.now() + 10
    clock.advance(30)
    assert [status.name for status in scheduler.statuses()] == ["a", "b"]
    status = one(scheduler, "a")
    assert (status.type, status.target, status.every) == ("scripted", "scripted://here", 10)
    assert status.reading == BAD
    assert status.labels == {"team": "web"}
    assert status.read_at is not None
    assert clock.now() - 10 < status.read_at <= clock.now()


def test_looks_are_counted_and_timed_and_up_is_a_metric_only_when_it_is_known(clock: FakeClock, start: Start) -> None:
    scheduler = start(Plans(plan("up-known", every=100), plan("down-known", lambda: BAD, every=100)))
    clock.advance(100)
    assert "tocsin_probe_up" not in series(scheduler, "up-known")
    clock.advance(200)
    shown = scheduler.exposition().decode()
    assert 'tocsin_probe_up{probe="up-known"} 1' in shown
    assert 'tocsin_probe_up{probe="down-known"} 0' in shown
    for counted in (("up-known", "ok"), ("down-known", "failed")):
        assert 'tocsin_probe_looks_total{{probe="{}",result="{}"}} 3'.format(*counted) in shown
    assert 'tocsin_probe_seconds_count{probe="up-known"} 3' in shown


@pytest.mark.parametrize("jump", [5 * 3_600, -5 * 3_600])
def test_a_clock_that_is_set_makes_no_outage_longer_and_none_begins_in_the_future(
    clock: FakeClock, start: Start, heard: Heard, jump: float
) -> None:
    now = [GOOD]
    scheduler = start(Plans(plan("shop", lambda: now[0], every=10, fail_after=3)))
    clock.advance(30)
    now[0] = BAD
    clock.advance(20)
    clock.jump(jump)  # it was set, or the machine slept: nobody looked for five hours
    clock.advance(10)
    (down,) = [event for event in heard if event.state is State.FIRING]
    assert down.started_at is not None
    assert 20 <= clock.now() - down.started_at <= 30
    assert one(scheduler, "shop").since == down.started_at
    now[0] = GOOD
    clock.advance(10)
    clock.jump(jump)
    clock.advance(30)
    assert heard[-1].state is State.RESOLVED
    assert heard[-1].ended_at is not None
    assert 0 <= clock.now() - heard[-1].ended_at <= 40
