"""Time in which nobody was to look is no uptime and no downtime, to the second; and how long a reading speaks."""

import pytest

from daemon.calendars.cron import Cron
from daemon.reading import Health
from daemon.store.sqlite import SqliteStore
from daemon.zone import Zone
from probes_by_hand import plan
from timed import interval, named
from watching import HOUR, NAME, Life, at, clock_for

NOON = at("2026-11-21 12:00")
DAY = 24 * HOUR
OFFICE = named("office", interval("08:00-18:00", location="Europe/Berlin"))


def down(_: float) -> Health:
    return Health.DOWN


@pytest.fixture
def life(store: SqliteStore) -> Life:
    life = Life(store, clock_for(NOON - 300, 10), down, every=10)
    life.to(NOON)
    return life


def test_what_is_paused_is_neither_up_nor_down(life: Life) -> None:
    life.to(NOON + 63)
    life.scheduler.calls.pause(NAME, "lin", "new disks", NOON + 603)
    life.to(NOON + 700)
    life.recorder.flush()
    assert life.line(NOON, NOON + 700) == [
        ("Sat 12:00:00", "down"),
        ("Sat 12:01:03", "paused"),
        ("Sat 12:10:03", "unknown"),
        ("Sat 12:10:10", "down"),
    ]
    life.stop()


def test_a_pause_that_is_ended_by_hand_ends_then(life: Life) -> None:
    life.to(NOON + 63)
    life.scheduler.calls.pause(NAME, "lin", "", None)
    life.to(NOON + 200)
    life.recorder.flush()
    life.to(NOON + 251)
    life.scheduler.calls.resume(NAME, "lin")
    life.to(NOON + 300)
    life.recorder.flush()
    assert life.seconds(NOON, NOON + 300) == {"down": 103.0, "paused": 188.0, "unknown": 9.0}
    life.stop()


def test_a_pause_over_a_stop_counts_all_of_it(life: Life) -> None:
    life.scheduler.calls.pause(NAME, "lin", "", NOON + HOUR)
    life.to(NOON + 100)
    life.stop()
    life.clock.advance(HOUR)
    life.start()
    life.to(NOON + 2 * HOUR)
    life.recorder.flush()
    assert life.seconds(NOON, NOON + 2 * HOUR) == {"paused": HOUR, "unknown": 110.0, "down": HOUR - 110}
    life.stop()


def test_outside_of_its_hours_is_rest_also_when_tocsin_is_stopped_as_they_begin(store: SqliteStore) -> None:
    """Open from 8 to 18; the first look is a minute later. On Monday tocsin is stopped from 07:00 to 09:00."""
    begin = at("2026-11-21 18:00")
    life = Life(store, clock_for(begin - HOUR), down, active=("office",))
    life.stop()
    life.plans.intervals(OFFICE)
    life.start()
    life.to(at("2026-11-23 07:00"))
    life.stop()
    life.clock.advance(2 * HOUR)
    life.start()
    life.to(at("2026-11-24"))
    life.recorder.flush()
    sunday, monday, tuesday = (at(f"2026-11-{day}") for day in (22, 23, 24))
    assert life.seconds(sunday, monday) == {"paused": 14 * HOUR, "unknown": 60.0, "down": 10 * HOUR - 60}
    assert life.seconds(monday, tuesday) == {"paused": 14 * HOUR, "unknown": HOUR + 60, "down": 9 * HOUR - 60}
    assert life.line(begin - 60, begin + 60)[-1] == ("Sat 18:00:00", "paused")
    life.stop()


def test_a_window_within_a_rest_is_rest(life: Life) -> None:
    life.scheduler.calls.pause(NAME, "lin", "", NOON + 600)
    life.maintain(["probe=shop"], 300)
    life.to(NOON + 700)
    life.recorder.flush()
    assert life.seconds(NOON, NOON + 600) == {"paused": 600.0}
    life.stop()


def test_a_reading_of_a_cron_line_speaks_until_the_next_one(store: SqliteStore) -> None:
    """Looked at each day at 03:00: what was seen then holds through the next night, and not for ever."""
    life = Life(store, clock_for(NOON), lambda _: Health.UP)
    life.stop()
    cron = plan(NAME, life.look, cron=Cron.parse("0 3 * * *"), timezone=Zone("Europe/Berlin"))
    life.plans.put(cron)
    life.start()
    life.to(at("2026-11-26 12:00"))
    life.recorder.flush()
    assert life.line(at("2026-11-22 03:00"), at("2026-11-26 12:00")) == [("Sun 03:00:00", "up")]
    life.stop()
    life.clock.advance(5 * DAY)
    life.start()
    life.recorder.flush()
    # The last look was on Thursday the 26th at 03:00; the one of Friday was missed, and that of Saturday too.
    assert life.line(at("2026-11-26"), at("2026-12-01"))[-2:] == [("Thu 00:00:00", "up"), ("Sat 03:00:00", "unknown")]
    life.stop()


def test_what_fails_is_looked_at_more_often_and_is_down_as_long(store: SqliteStore) -> None:
    life = Life(
        store,
        clock_for(NOON, 60),
        lambda now: Health.DOWN if NOON + 600 <= now < NOON + 900 else Health.UP,
        every_while_failing=5,
        steady=0,
    )
    life.to(NOON + 1_800)
    life.roll()
    line = life.line(NOON + 300, NOON + 1_800)
    assert [time for _, time in line] == ["up", "down", "up"]
    assert line[1][0] == "Sat 12:10:00"
    assert NOON + 900 <= at(f"2026-11-21 {line[2][0][4:]}") <= NOON + 905
    assert life.history.tally(NAME, NOON, NOON + 1_800).looks[3] >= 50
    life.stop()
