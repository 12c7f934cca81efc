"""A week of a shop front in Berlin, worked out by hand and by tocsin: outages, flapping, a window, summer's end.

It is looked at on every whole minute; two readings make a verdict, and one that comes down again within an hour of
having come up must be well twice as long. Monday is 2026-10-19; on Sunday at 03:00 the clock goes back to 02:00.

    what happens                                          counted by hand                                   seconds
    Mon 10:00-10:20   down                                20 min down                                         1,200
    Tue 09:00-10:00   each 5 min one bad look             a single one is no verdict                              0
    Tue 14:00-15:00   3 bad looks, 2 good ones, again     down 14:00-14:03, up by two good looks;               180
                      and again                           down again from 14:05: two minutes after it
                                                          came up, so now four good ones are asked for,
                                                          which come only at 14:58-15:01: up from 14:58       3,180
    Wed 22:00-23:30   degraded                            90 min degraded                                     5,400
    Thu 03:00-05:00   a maintenance window                2 h, whatever it was                                7,200
        03:10-03:40   down, within the window             nothing
        04:50-05:10   down, over its end                  05:00-05:10 down                                      600
    Fri 12:00-13:00   tocsin is blind                     1 h unknown                                         3,600
    Sat 08:00:30      killed; last written at 07:59:30    what was seen at 08:00 is lost: the reading of
                                                          07:59 speaks until 08:01
    Sat 08:30:30      started again                       first look at 08:31; 08:01-08:31 unknown            1,800
    Sat 20:00:30      stopped, started again 10 s later   nothing
    Sun 02:30-02:30   down, from the first 02:30 to the   1 h down                                            3,600
                      second

    The week has 7 x 86,400 + 3,600 = 608,400 s.
    down         1,200 + 180 + 3,180 + 600 + 3,600 =   8,760
    degraded                                           5,400
    unknown      3,600 + 1,800 =                       5,400
    maintenance                                        7,200
    up           608,400 - 26,760 =                  581,640
    uptime       (581,640 + 5,400) / (581,640 + 5,400 + 8,760) = 587,040 / 595,800 = 98.529 %
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.history import period, report, sheet
from daemon.history.period import Period
from daemon.reading import Health
from daemon.store.sqlite import SqliteStore
from watching import BERLIN, NAME, Life, at, clock_for

MONDAY, NEXT = at("2026-10-19"), at("2026-10-26")
DAYS = [at(f"2026-10-{day}") for day in range(19, 27)]
WEEK = Period(name="2026-W43", begin=MONDAY, end=NEXT)

SINGLE = at("2026-10-20 09:00")
FLAPPING = at("2026-10-20 14:00")


def sees(now: float) -> Health:
    """What a look sees at an instant."""
    if at("2026-10-21 22:00") <= now < at("2026-10-21 23:30"):
        return Health.DEGRADED
    if at("2026-10-23 12:00") <= now < at("2026-10-23 13:00"):
        return Health.UNKNOWN
    down = (
        at("2026-10-19 10:00") <= now < at("2026-10-19 10:20"),
        SINGLE <= now < SINGLE + 3_600 and now % 300 == 0,
        FLAPPING <= now < FLAPPING + 3_600 and (now - FLAPPING) % 300 < 180,
        at("2026-10-22 03:10") <= now < at("2026-10-22 03:40"),
        at("2026-10-22 04:50") <= now < at("2026-10-22 05:10"),
        at("2026-10-25 02:30") <= now < at("2026-10-25 02:30", fold=1),
    )
    return Health.DOWN if any(down) else Health.UP


def live(life: Life) -> None:
    """What the operators do in that week."""
    life.to(at("2026-10-22 03:00"))
    life.maintain(['probe="shop"'], 7_200)
    life.to(at("2026-10-24 07:59:30"))
    life.recorder.flush()
    life.to(at("2026-10-24 08:00:30"))
    life.kill()
    life.to(at("2026-10-24 08:30:30"))
    life.start()
    life.to(at("2026-10-24 20:00:30"))
    life.stop()
    life.to(at("2026-10-24 20:00:40"))
    life.start()
    life.to(at("2026-10-26 06:00"))
    life.roll()


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    store = SqliteStore(Path(tmp_path_factory.mktemp("week")) / "tocsin.db")
    life = Life(store, clock_for(at("2026-10-18 23:50")), sees)
    live(life)
    yield life
    life.stop()
    store.close()


@pytest.mark.slow
def test_the_week_is_what_was_worked_out_by_hand(week: Life) -> None:
    assert week.seconds(MONDAY, NEXT) == {
        "up": 581_640.0,
        "degraded": 5_400.0,
        "down": 8_760.0,
        "unknown": 5_400.0,
        "maintenance": 7_200.0,
    }
    assert week.history.uptime(NAME, MONDAY, NEXT) == pytest.approx(587_040 / 595_800, abs=1e-12)


@pytest.mark.slow
def test_each_day_is_and_summer_ends_with_one_of_25_hours(week: Life) -> None:
    days = [
        {time.value: length / 1_000 for time, length in one.times.items()} for one in week.history.shares(NAME, DAYS)
    ]
    assert days == [
        {"up": 85_200.0, "down": 1_200.0},
        {"up": 83_040.0, "down": 3_360.0},
        {"up": 81_000.0, "degraded": 5_400.0},
        {"up": 78_600.0, "maintenance": 7_200.0, "down": 600.0},
        {"up": 82_800.0, "unknown": 3_600.0},
        {"up": 84_600.0, "unknown": 1_800.0},
        {"up": 86_400.0, "down": 3_600.0},
    ]
    assert [sum(day.values()) for day in days] == [86_400.0] * 6 + [90_000.0]


@pytest.mark.slow
def test_when_it_was_what_is_known_to_the_second(week: Life) -> None:
    assert week.line(MONDAY, NEXT) == [
        ("Mon 00:00:00", "up"),
        ("Mon 10:00:00", "down"),
        ("Mon 10:20:00", "up"),
        ("Tue 14:00:00", "down"),
        ("Tue 14:03:00", "up"),
        ("Tue 14:05:00", "down"),
        ("Tue 14:58:00", "up"),
        ("Wed 22:00:00", "degraded"),
        ("Wed 23:30:00", "up"),
        ("Thu 03:00:00", "maintenance"),
        ("Thu 05:00:00", "down"),
        ("Thu 05:10:00", "up"),
        ("Fri 12:00:00", "unknown"),
        ("Fri 13:00:00", "up"),
        ("Sat 08:01:00", "unknown"),
        ("Sat 08:31:00", "up"),
        ("Sun 02:30:00", "down"),
        ("Sun 02:30:00", "up"),
    ]


@pytest.mark.slow
def test_the_report_is(week: Life) -> None:
    """Five incidents count: the one within the window does not, and of the one over its end only what is after it.

    1,200 + 180 + 3,180 + 600 + 3,600 s are 8,760 s: 1,752 s each. Of 595,800 s 99 % leave 5,958 s to be down.
    """
    line = report.line(week.history, NAME, WEEK, 0.99)
    assert (line.incidents, line.longest, line.mean_time_to_repair) == (5, 3_600.0, 1_752.0)
    assert line.budget is not None
    assert (round(line.budget.allowed, 6), line.budget.used, line.budget.left, line.budget.is_kept) == (
        5_958.0,
        8_760.0,
        0.0,
        False,
    )
    # A look each minute makes 608,400 / 60 = 10,140; those at 08:00 to 08:30 on Saturday are lost or were not made.
    # Of Friday's 60 blind ones nothing is known. Bad are 20 on Monday, 12 and 36 on Tuesday, 30 and 20 on Thursday and
    # 60 on Sunday.
    bad = 20 + 12 + 36 + 30 + 20 + 60
    assert line.looks == {"unknown": 60, "down": bad, "degraded": 90, "up": 10_140 - 31 - 60 - bad - 90}
    made = report.report(week.history, [(NAME, 0.99)], WEEK, week.clock.now(), "Europe/Berlin")
    text = sheet.as_text(made)
    assert "2026-W43: 2026-10-19 00:00:00+02:00 to 2026-10-26 00:00:00+01:00 (Europe/Berlin)" in text
    assert " 98.529%  2:26:00 " in text
    assert " 99% BROKEN " in text


@pytest.mark.slow
def test_tiers_agree_with_one_another_and_with_the_readings(week: Life) -> None:
    whole = week.history.tally(NAME, MONDAY, NEXT)
    for step in ("hour", "day"):
        points = week.history.chart(NAME, MONDAY, NEXT, step, BERLIN)
        assert len(points) == {"hour": 169, "day": 7}[step]
        assert sum(one.looks["up"] for one in points) == whole.looks[1]
        assert sum(one.phases["connect"].count for one in points if one.phases) == whole.phases["connect"].count
        assert sum(one.seconds["down"] for one in points) == 8_760.0
        assert sum(sum(one.seconds.values()) for one in points) == 608_400.0


@pytest.mark.slow
def test_incidents_say_what_ended_them(week: Life) -> None:
    incidents = week.history.incidents(NAME, MONDAY, NEXT)
    assert [(one.health.value, one.reason, one.ending) for one in reversed(incidents)] == [
        ("down", "it is down", "up: it is up"),
        ("down", "it is down", "up: it is up"),
        ("down", "it is down", "up: it is up"),
        ("degraded", "it is degraded", "up: it is up"),
        ("down", "it is down", "up: it is up"),
        ("down", "it is down", "up: it is up"),
        ("down", "it is down", "up: it is up"),
    ]
    assert [round((one.ended or 0) - one.began) // 1_000 for one in reversed(incidents)] == [
        1_200, 180, 3_180, 5_400, 1_800, 1_200, 3_600,
    ]  # fmt: skip


@pytest.mark.slow
def test_a_month_so_far_and_a_quarter_are_the_same_time(week: Life) -> None:
    for name in ("2026-10", "2026-Q4", "2026"):
        whole = period.named(name, BERLIN, week.clock.now())
        shares = report.line(week.history, NAME, whole, None).seconds
        assert shares["down"] == 8_760.0
        assert sum(shares.values()) == pytest.approx(week.clock.now() - whole.begin, abs=0.001)
