"""When probes look: cron lines over changes of the clocks, hours, quicker looks while failing; on a fake clock."""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

import pytest

from daemon.calendars.cron import Cron
from daemon.calendars.interval import TimeInterval
from daemon.config.looking import ProbePlan
from daemon.probing.rhythm import Now, Rhythm, speaks_until
from daemon.probing.scheduler import ProbeStatus, Scheduler
from daemon.reading import Health, Reading
from daemon.units import Seconds
from daemon.zone import Zone
from fake_clock import BEGIN, FakeClock
from probes_by_hand import BAD, GOOD, Plans, plan
from timed import interval, named

NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")
HOUR = 3_600.0
DAY = 24 * HOUR


def at(text: str, zone: dt.tzinfo = dt.UTC) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def shown(instant: float, zone: dt.tzinfo = dt.UTC) -> str:
    return dt.datetime.fromtimestamp(instant, zone).isoformat(sep=" ").removesuffix("+00:00")


class Eyes:
    """Looks as told, and remembers by both clocks when it was asked."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.says = GOOD
        self.walls: list[float] = []
        self.monos: list[float] = []

    def __call__(self) -> Reading:
        self.walls.append(self._clock.now())
        self.monos.append(self._clock.monotonic())
        return self.says

    def gaps(self) -> list[float]:
        return [round(after - before, 3) for before, after in itertools.pairwise(self.monos)]


def by_cron(name: str, eyes: Callable[[], Reading], line: str, zone: str = "UTC", **more: object) -> ProbePlan:
    return plan(name, eyes, cron=Cron.parse(line), timezone=Zone(zone), **more)


Start = Callable[..., Scheduler]


@pytest.fixture
def start() -> Iterator[Start]:
    started = []

    def begin(clock: FakeClock, *plans: ProbePlan, hours: tuple[TimeInterval, ...] = ()) -> Scheduler:
        settings = Plans(*plans)
        settings.intervals(*hours)
        scheduler = Scheduler(settings, clock, lambda _: None)
        scheduler.start()
        started.append(scheduler)
        return scheduler

    yield begin
    for scheduler in started:
        scheduler.stop()


def one(scheduler: Scheduler, name: str = "job") -> ProbeStatus:
    return next(status for status in scheduler.statuses() if status.name == name)


@pytest.mark.parametrize(
    ("zone", "name", "day", "line", "expected"),
    [
        (NEW_YORK, "America/New_York", "2026-03-07", "30 2 * * *",
         ["2026-03-07 02:30:00-05:00", "2026-03-08 03:00:00-04:00", "2026-03-09 02:30:00-04:00"]),
        (NEW_YORK, "America/New_York", "2026-10-31", "30 1 * * *",
         ["2026-10-31 01:30:00-04:00", "2026-11-01 01:30:00-04:00", "2026-11-02 01:30:00-05:00"]),
        (BERLIN, "Europe/Berlin", "2026-03-28", "15 2 * * *",
         ["2026-03-28 02:15:00+01:00", "2026-03-29 03:00:00+02:00", "2026-03-30 02:15:00+02:00"]),
        (BERLIN, "Europe/Berlin", "2026-10-24", "15 2 * * *",
         ["2026-10-24 02:15:00+02:00", "2026-10-25 02:15:00+02:00", "2026-10-26 02:15:00+01:00"]),
    ],
)  # fmt: skip
def test_a_daily_look_comes_once_a_day_when_the_clocks_change(
    start: Start, zone: ZoneInfo, name: str, day: str, line: str, expected: list[str]
) -> None:
    clock = FakeClock(at(f"{day} 00:00:00", zone))
    eyes = Eyes(clock)
    start(clock, by_cron("job", eyes, line, name))
    clock.advance(3 * DAY)
    assert [shown(round(wall, 3), zone) for wall in eyes.walls] == expected


@pytest.mark.parametrize(("day", "looks"), [("2026-03-08", 46), ("2026-11-01", 50), ("2026-11-02", 48)])
def test_a_look_each_half_hour_goes_on_through_the_change(start: Start, day: str, looks: int) -> None:
    begin = at(f"{day} 00:00:00", NEW_YORK)
    clock = FakeClock(begin - 1)
    eyes = Eyes(clock)
    start(clock, by_cron("job", eyes, "*/30 * * * *", "America/New_York"))
    clock.advance(looks * HOUR / 2)
    assert len(eyes.monos) == looks
    assert set(eyes.gaps()) == {1_800.0}


def test_a_cron_line_with_seconds_is_kept_to_the_second(start: Start, clock: FakeClock) -> None:
    eyes = Eyes(clock)
    scheduler = start(clock, by_cron("job", eyes, "15/20 * * * * *"))
    assert (one(scheduler).cron, one(scheduler).timezone) == ("15/20 * * * * *", "UTC")
    clock.advance(120)
    assert [round(wall - BEGIN, 3) for wall in eyes.walls] == [15, 35, 55, 75, 95, 115]


def test_a_clock_that_is_set_forward_is_noticed_within_a_minute_and_what_was_passed_is_looked_at_once(
    start: Start, clock: FakeClock
) -> None:
    eyes = Eyes(clock)
    scheduler = start(clock, by_cron("job", eyes, "*/10 * * * *"))
    clock.advance(5 * 60)
    clock.jump(45 * 60)
    clock.advance(60)
    assert len(eyes.walls) == 1
    assert one(scheduler).skipped == 4
    assert one(scheduler).next_due == at("2026-11-21 02:00:00")
    clock.advance(10 * 60)
    assert shown(round(eyes.walls[-1])) == "2026-11-21 02:00:00"


@pytest.mark.parametrize("back", [HOUR, 10 * 365 * DAY])
def test_a_clock_that_is_set_back_does_not_stop_the_looking(start: Start, clock: FakeClock, back: float) -> None:
    eyes = Eyes(clock)
    start(clock, by_cron("job", eyes, "0 * * * *"))
    clock.advance(1.5 * HOUR)
    assert len(eyes.walls) == 1
    clock.jump(-back)
    clock.advance(2 * HOUR)
    assert len(eyes.walls) == 3
    assert {round(wall) % 3_600 for wall in eyes.walls} == {0}


@pytest.mark.parametrize("drift", [0.5, -0.5])
def test_a_clock_that_is_drawn_slowly_moves_the_looks_with_it(start: Start, clock: FakeClock, drift: float) -> None:
    eyes = Eyes(clock)
    start(clock, by_cron("job", eyes, "0 * * * *"))
    for _ in range(123):
        clock.advance(60)
        clock.jump(drift)
    assert len(eyes.walls) == 2
    assert all(abs(wall - round(wall / HOUR) * HOUR) <= 0.5 for wall in eyes.walls)


def test_a_clock_that_is_set_moves_no_beat_of_a_probe_without_a_cron_line(start: Start, clock: FakeClock) -> None:
    eyes = Eyes(clock)
    start(clock, plan("job", eyes, every=10))
    for jump in (DAY, -2 * DAY, 30.0):
        clock.advance(100)
        clock.jump(jump)
    assert set(eyes.gaps()) == {10.0}


def test_a_line_whose_years_are_over_is_not_looked_at_and_says_so(start: Start) -> None:
    clock = FakeClock(at("2027-12-31 23:00:00"))
    eyes = Eyes(clock)
    scheduler = start(clock, by_cron("job", eyes, "0 30 * * * ? 2027"))
    assert one(scheduler).next_due == at("2027-12-31 23:30:00")
    clock.advance(2 * DAY)
    assert len(eyes.walls) == 1
    assert one(scheduler).next_due is None
    assert scheduler.coming("job", 5) == []


def test_two_hundred_probes_with_hashed_minutes_are_spread(start: Start, clock: FakeClock) -> None:
    eyes = Eyes(clock)
    start(clock, *(by_cron(f"p{number}", eyes, "H H * * * *") for number in range(200)))
    clock.advance(HOUR)
    assert len(eyes.walls) == 200
    seconds = [int(wall - BEGIN) for wall in eyes.walls]
    assert max(seconds.count(second) for second in seconds) <= 4


def test_the_beat_of_a_name_is_the_same_by_interval_and_stays_where_it_was(start: Start, clock: FakeClock) -> None:
    eyes = Eyes(clock)
    scheduler = start(clock, plan("job", eyes, every=60))
    expected = scheduler.coming("job", 5)
    clock.advance(300)
    assert eyes.walls == pytest.approx(expected)


# --- quicker while it fails


def test_while_it_fails_it_is_looked_at_more_often(start: Start, clock: FakeClock) -> None:
    eyes = Eyes(clock)
    scheduler = start(clock, plan("job", eyes, every=60, every_while_failing=Seconds(5)))
    clock.advance(180)
    assert eyes.gaps() == [60.0, 60.0]
    eyes.says = BAD
    clock.advance(60)
    assert len(eyes.monos) > 3
    before = len(eyes.monos)
    clock.advance(60)
    assert len(eyes.monos) - before == 12
    assert set(eyes.gaps()[-10:]) == {5.0}
    eyes.says = GOOD
    clock.advance(5)
    before = len(eyes.monos)
    clock.advance(180)
    assert len(eyes.monos) - before == 3
    assert eyes.gaps()[-2:] == [60.0, 60.0]
    assert one(scheduler).skipped == 0


def test_degraded_is_failing_and_unknown_is_not(start: Start, clock: FakeClock) -> None:
    for health, looks in ((Health.DEGRADED, 12), (Health.UNKNOWN, 1)):
        eyes = Eyes(clock)
        eyes.says = Reading(health=health, detail="so so")
        start(clock, plan(f"job-{health}", eyes, every=60, every_while_failing=Seconds(5)))
        clock.advance(120)
        before = len(eyes.monos)
        clock.advance(60)
        assert len(eyes.monos) - before == looks


def test_what_looks_by_cron_is_quicker_while_it_fails_too(start: Start, clock: FakeClock) -> None:
    eyes = Eyes(clock)
    start(clock, by_cron("job", eyes, "0 3 * * *", every_while_failing=Seconds(300)))
    eyes.says = BAD
    clock.advance(2 * HOUR + 1)
    assert len(eyes.walls) == 1
    clock.advance(HOUR)
    assert len(eyes.walls) == 13
    eyes.says = GOOD
    clock.advance(300)
    assert len(eyes.walls) == 14
    clock.advance(12 * HOUR)
    assert len(eyes.walls) == 14


def test_a_kind_may_want_the_next_look_sooner(start: Start, clock: FakeClock) -> None:
    eyes = Eyes(clock)
    scheduler = start(clock, plan("job", eyes, every=600))
    eyes.says = Reading(health=Health.UP, detail="ok", again_at=clock.now() + 300)
    clock.advance(60)
    assert len(eyes.walls) == 1
    eyes.says = GOOD
    assert one(scheduler).next_due == BEGIN + 300
    clock.advance(1_000)
    assert [round(wall - BEGIN) for wall in eyes.walls] == [9, 300, 609]


def test_a_kind_that_wants_to_look_without_end_looks_once_a_second(start: Start, clock: FakeClock) -> None:
    eyes = Eyes(clock)
    eyes.says = Reading(health=Health.UP, detail="ok", again_at=1.0)
    start(clock, plan("job", eyes, every=60))
    clock.advance(60)
    eyes.monos.clear()
    clock.advance(30)
    assert 29 <= len(eyes.monos) <= 31


# --- its hours

OFFICE = named("office", interval("09:00-17:00", "monday:friday"))  # BEGIN is a Saturday, 01:00
NIGHT = named("night", interval("22:00-24:00"), interval("00:00-06:00"))


def test_outside_of_its_hours_nobody_looks_and_nothing_is_known(start: Start, clock: FakeClock) -> None:
    eyes = Eyes(clock)
    scheduler = start(clock, plan("job", eyes, every=600, active=("office",)), hours=(OFFICE,))
    assert one(scheduler).verdict is Health.UNKNOWN
    assert one(scheduler).resting == "outside of its active hours until 2026-11-23 09:00 UTC"
    clock.advance(2 * DAY + 8 * HOUR)  # Monday, 09:00
    assert eyes.walls == []
    clock.advance(8 * HOUR)
    assert len(eyes.walls) == 48
    assert one(scheduler).resting == "outside of its active hours until 2026-11-24 09:00 UTC"
    assert one(scheduler).verdict is Health.UNKNOWN
    clock.advance(16 * HOUR)
    assert len(eyes.walls) == 48
    clock.advance(HOUR)
    assert len(eyes.walls) == 54
    assert one(scheduler).verdict is Health.UP
    assert one(scheduler).resting == ""
    assert one(scheduler).skipped == 0


def test_hours_and_a_cron_line_must_both_agree(start: Start, clock: FakeClock) -> None:
    eyes = Eyes(clock)
    scheduler = start(clock, by_cron("job", eyes, "0 */4 * * *", active=("night",)), hours=(NIGHT,))
    expected = ["2026-11-21 04:00:00", "2026-11-22 00:00:00", "2026-11-22 04:00:00", "2026-11-23 00:00:00"]
    assert [shown(due) for due in scheduler.coming("job", 4)] == expected
    clock.advance(2 * DAY - HOUR)
    assert [shown(round(wall)) for wall in eyes.walls] == expected


def test_any_of_several_intervals_will_do(start: Start, clock: FakeClock) -> None:
    eyes = Eyes(clock)
    scheduler = start(clock, plan("job", eyes, every=3_600, active=("night", "office")), hours=(OFFICE, NIGHT))
    clock.advance(DAY)
    assert len(eyes.walls) == 8
    assert len(scheduler.coming("job", 5)) == 5


def test_bad_readings_of_different_days_do_not_add_up(start: Start, clock: FakeClock) -> None:
    eyes = Eyes(clock)
    scheduler = start(clock, plan("job", eyes, every=600, fail_after=2, active=("office",)), hours=(OFFICE,))
    clock.advance(2 * DAY + 15 * HOUR + 50 * 60)
    eyes.says = BAD
    clock.advance(600)
    eyes.says = GOOD
    clock.advance(15 * HOUR + 3_000)
    eyes.says = BAD
    clock.advance(1_200)
    assert [status.verdict for status in scheduler.statuses()] == [Health.UP]


def test_hours_that_are_others_after_a_reload_hold_for_what_did_not_change(clock: FakeClock) -> None:
    eyes = Eyes(clock)
    settings = Plans(plan("job", eyes, every=60, active=("office",)))
    settings.intervals(OFFICE)
    scheduler = Scheduler(settings, clock, lambda _: None)
    scheduler.start()
    clock.advance(600)
    assert eyes.walls == []
    settings.intervals(named("office", interval("00:00-24:00")))
    scheduler.reload()
    clock.advance(600)
    assert len(eyes.walls) == 10
    settings.intervals(OFFICE)
    scheduler.reload()
    clock.advance(600)
    assert len(eyes.walls) == 10
    scheduler.stop()


def test_setting_the_clock_brings_it_into_its_hours(start: Start, clock: FakeClock) -> None:
    eyes = Eyes(clock)
    start(clock, plan("job", eyes, every=60, active=("office",)), hours=(OFFICE,))
    clock.advance(300)
    clock.jump(2 * DAY + 9 * HOUR)
    clock.advance(180)
    assert len(eyes.walls) >= 2
    clock.jump(-9 * HOUR)
    clock.advance(60)
    before = len(eyes.walls)
    clock.advance(600)
    assert len(eyes.walls) == before


def test_hours_that_never_agree_with_the_line_are_found_out_quickly() -> None:
    now = Now(mono=1_000.0, wall=BEGIN)
    rhythm = Rhythm(by_cron("job", lambda: GOOD, "0 3 * * *", active=("office",)), now, (OFFICE,))
    assert rhythm.coming(now, 5) == []
    assert rhythm.next_due(now) is None


def test_nobody_sleeps_longer_than_a_minute_towards_the_wall_clock() -> None:
    now = Now(mono=1_000.0, wall=BEGIN)
    for made in (by_cron("job", lambda: GOOD, "0 0 1 1 *"), plan("job", every=86_400, active=("office",))):
        assert Rhythm(made, now, (OFFICE,)).wake(now) == now.mono + 60
    assert Rhythm(plan("job", every=86_400), now).wake(now) > now.mono + 60


@pytest.mark.parametrize(
    ("line", "seconds"), [("*/5 * * * *", 600), ("0 9 * * *", 2 * 8 * HOUR), ("0 0 1 1 * ", 2 * (41 * DAY - HOUR))]
)
def test_a_reading_speaks_until_the_next_is_due_and_as_long_again(line: str, seconds: float) -> None:
    assert speaks_until(by_cron("job", lambda: GOOD, line), GOOD, BEGIN) == BEGIN + seconds
    assert speaks_until(plan("job", every=30), GOOD, BEGIN) == BEGIN + 60
    assert speaks_until(by_cron("job", lambda: GOOD, "0 0 0 1 1 ? 2020"), GOOD, BEGIN) == BEGIN + DAY


def test_between_two_looks_lies_at_most_so_much() -> None:
    assert plan("job", every=30).interval(BEGIN) == 30
    assert by_cron("job", lambda: GOOD, "*/5 * * * *").interval(BEGIN) == 300
    assert by_cron("job", lambda: GOOD, "0 9 * * MON-FRI").interval(BEGIN) == 3 * DAY
    assert by_cron("job", lambda: GOOD, "0 0 0 1 1 ? 2020").interval(BEGIN) == 60
