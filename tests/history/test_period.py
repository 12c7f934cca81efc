"""Periods by the clock of a zone: a day is as long as it is there, and a month is from midnight to midnight."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.history import period
from watching import BERLIN, at

NEW_YORK, KOLKATA, SHANGHAI = ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata"), ZoneInfo("Asia/Shanghai")
BEIRUT, CHATHAM = ZoneInfo("Asia/Beirut"), ZoneInfo("Pacific/Chatham")
NOW = at("2026-11-21 15:30")
HOUR, DAY = 3_600.0, 86_400.0


@pytest.mark.parametrize(
    ("text", "begin", "end", "name"),
    [
        ("2026-10", "2026-10-01", "2026-11-01", "2026-10"),
        ("2026-10-25", "2026-10-25", "2026-10-26", "2026-10-25"),
        ("2026-W43", "2026-10-19", "2026-10-26", "2026-W43"),
        ("2026-w43", "2026-10-19", "2026-10-26", "2026-W43"),
        ("2026-W53", "2026-12-28", "2027-01-04", "2026-W53"),
        ("2026-Q4", "2026-10-01", "2027-01-01", "2026-Q4"),
        ("2026", "2026-01-01", "2027-01-01", "2026"),
        ("today", "2026-11-21", "2026-11-22", "2026-11-21"),
        ("yesterday", "2026-11-20", "2026-11-21", "2026-11-20"),
        ("week", "2026-11-16", "2026-11-23", "2026-W47"),
        ("last week", "2026-11-09", "2026-11-16", "2026-W46"),
        ("month", "2026-11-01", "2026-12-01", "2026-11"),
        (" last   month", "2026-10-01", "2026-11-01", "2026-10"),
        ("quarter", "2026-10-01", "2027-01-01", "2026-Q4"),
        ("last quarter", "2026-07-01", "2026-10-01", "2026-Q3"),
        ("last year", "2025-01-01", "2026-01-01", "2025"),
    ],
)
def test_what_a_period_is_called_says_when_it_is(text: str, begin: str, end: str, name: str) -> None:
    found = period.named(text, BERLIN, NOW)
    assert (found.begin, found.end, found.name) == (at(begin), at(end), name)


def test_the_last_days_end_now_and_begin_at_a_midnight() -> None:
    found = period.named("7d", BERLIN, NOW)
    assert (found.begin, found.end) == (at("2026-11-15"), NOW)
    assert period.named("1d", BERLIN, NOW).begin == at("2026-11-21")


@pytest.mark.parametrize(
    "text",
    ["", "2026-13", "2026-02-30", "2026-W54", "2025-W53", "2026-Q5", "0d", "9999d", "20261", "9999", "0001-01",
     "next week", "2026-10-25T08:00", "٢٠٢٦", "2026-1"],
)  # fmt: skip
def test_what_is_no_period_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match=r"write for example 2026-10|at most the last|no such year|is not a period"):
        period.named(text, BERLIN, NOW)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, dt.date(2026, 3, 29), 23), (BERLIN, dt.date(2026, 10, 25), 25), (BERLIN, dt.date(2026, 10, 26), 24),
        (NEW_YORK, dt.date(2026, 3, 8), 23), (NEW_YORK, dt.date(2026, 11, 1), 25), (SHANGHAI, dt.date(2026, 3, 8), 24),
        # Beirut's clock goes forward at midnight: the day begins at 01:00.
        (BEIRUT, dt.date(2026, 3, 29), 23), (CHATHAM, dt.date(2026, 4, 5), 25),
    ],
)  # fmt: skip
def test_a_day_is_as_long_as_it_is_there(zone: ZoneInfo, day: dt.date, hours: int) -> None:
    found = period.named(day.isoformat(), zone, NOW)
    assert found.end - found.begin == hours * HOUR
    assert period.edges(found.begin, found.end, "day", zone) == [found.begin, found.end]


def test_a_zone_that_is_half_an_hour_off_has_its_own_days() -> None:
    found = period.named("2026-10", KOLKATA, NOW)
    assert found.begin == dt.datetime(2026, 9, 30, 18, 30, tzinfo=dt.UTC).timestamp()
    assert found.end - found.begin == 31 * DAY


@given(
    st.sampled_from([BERLIN, NEW_YORK, KOLKATA, BEIRUT, CHATHAM]),
    st.floats(0, 4e9),
    st.floats(0, 90 * DAY),
    st.sampled_from(["day", "week", "month", "quarter"]),
)
def test_edges_cut_time_without_a_hole(zone: ZoneInfo, begin: float, length: float, unit: period.Unit) -> None:
    found = period.edges(begin, begin + length, unit, zone)
    assert found == sorted(found)
    assert (found[0], found[-1]) == (begin, begin + length)
    for edge in found[1:-1]:
        wall = dt.datetime.fromtimestamp(edge, zone)
        assert period.start_of(unit, wall.date()) == wall.date()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10-25", "2026-10-25"),
        ("2026-10-25 08:30", "2026-10-25 08:30"),
        ("2026-10-25T08:30:15", "2026-10-25 08:30:15"),
    ],
)
def test_a_moment_is_by_the_clock_of_the_zone(text: str, expected: str) -> None:
    assert period.moment(text, BERLIN) == at(expected)


def test_a_moment_may_say_its_own_offset_or_be_seconds() -> None:
    assert period.moment("2026-10-25T08:30:00+08:00", BERLIN) == at("2026-10-25 08:30", SHANGHAI)
    assert period.moment("2026-10-25T00:30:00Z", BERLIN) == at("2026-10-25 00:30", ZoneInfo("UTC"))
    assert period.moment("1795222800", BERLIN) == 1_795_222_800.0
    assert period.moment("1795222800.25", BERLIN) == 1_795_222_800.25


@pytest.mark.parametrize("text", ["", "soon", "0001-01-01", "9999-12-31", "2026-10-25 25:00", "-5"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        period.moment(text, BERLIN)


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        period.between("2026-10-25", "2026-10-24", BERLIN, NOW)
    with pytest.raises(ValueError, match="ends before it begins"):
        period.between("2027-01-01", "", BERLIN, NOW)
