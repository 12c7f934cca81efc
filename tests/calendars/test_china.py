"""The working days of China, compared with the State Council's notices."""

import datetime as dt

import pytest

from daemon.calendars import china
from timed import at, interval

# Holidays with their first and last day, and the weekend days worked for them.
NOTICES = {
    2024: (
        "0101-0101 0210-0217 0404-0406 0501-0505 0610-0610 0915-0917 1001-1007",
        "0204 0218 0407 0428 0511 0914 0929 1012",
    ),
    2025: ("0101-0101 0128-0204 0404-0406 0501-0505 0531-0602 1001-1008", "0126 0208 0427 0928 1011"),
    2026: (
        "0101-0103 0215-0223 0404-0406 0501-0505 0619-0621 0925-0927 1001-1007",
        "0104 0214 0228 0509 0920 1010",
    ),
}


def days_of(year: int) -> list[dt.date]:
    first = dt.date(year, 1, 1)
    return [day for number in range(366) if (day := first + dt.timedelta(number)).year == year]


@pytest.mark.parametrize("year", NOTICES)
def test_every_day_of_a_year_is_what_the_notice_says(year: int) -> None:
    holidays, worked = NOTICES[year]
    ranges = [one.split("-") for one in holidays.split()]
    for day in days_of(year):
        said = day.strftime("%m%d")
        off = any(first <= said <= last for first, last in ranges)
        assert china.is_holiday(day) == off, day
        assert china.is_workday(day) == (said in worked.split() or (day.isoweekday() <= 5 and not off)), day


def test_no_day_of_any_known_year_is_both_or_a_weekday_that_is_neither() -> None:
    for year in range(china.known_since(), china.known_until() + 1):
        for day in days_of(year):
            assert not (china.is_workday(day) and china.is_holiday(day)), day
            assert day.isoweekday() > 5 or china.is_workday(day) != china.is_holiday(day), day


def test_the_calendar_says_which_years_it_knows() -> None:
    assert china.known_since() <= 2004
    assert china.known_until() >= 2026
    assert china.covers(china.known_since())
    assert china.covers(china.known_until())
    assert not china.covers(china.known_since() - 1)
    assert not china.covers(china.known_until() + 1)


def test_in_years_that_are_not_known_working_days_are_monday_to_friday() -> None:
    for day in days_of(china.known_until() + 1):
        assert china.is_workday(day) == (day.isoweekday() <= 5)
        assert not china.is_holiday(day)


def test_days_begin_and_end_at_midnight_of_the_location() -> None:
    office = interval(times="09:00-18:00", workdays="cn", location="Asia/Shanghai")
    assert office.contains(at("2026-10-10 09:00+08:00"))  # a Saturday that is worked
    assert not office.contains(at("2026-10-07 12:00+08:00"))  # a Wednesday of the National Day's week
    assert not office.contains(at("2026-10-17 12:00+08:00"))  # a Saturday like others
    off = interval(holidays="cn", location="Asia/Shanghai")
    assert off.edge(at("2026-09-30 12:00+08:00"), at("2026-12-01 00:00")) == at("2026-10-01 00:00+08:00")
    assert off.edge(at("2026-10-01 00:00+08:00"), at("2026-12-01 00:00")) == at("2026-10-08 00:00+08:00")
    assert not off.contains(at("2026-10-17 12:00+08:00"))
