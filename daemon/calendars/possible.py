"""Whether an interval can ever be: there is no 30 February, and no Sunday that is a given Monday."""

import calendar
import datetime as dt
from collections.abc import Iterator

from daemon.calendars import china
from daemon.calendars.interval import Interval
from daemon.calendars.spans import Years

_ROUND = 28  # years in which a year begins on each weekday, with and without a 29 February


def can_be(interval: Interval) -> bool:
    """Whether there is a day that has all that the interval names."""
    return any(interval.has_day(day) for year in _years(interval) for day in _days(year))


def _years(interval: Interval) -> Iterator[int]:
    """One year of each kind that the interval names; a year that the calendar knows is a kind of its own."""
    seen = set()
    national = bool(interval.workdays or interval.holidays)
    all_kinds = Years(china.known_since(), china.known_until() + _ROUND)
    for span in interval.years or (all_kinds,):
        for year in range(span.first, span.last + 1):
            own = year if national and china.covers(year) else None
            kind = (own, calendar.isleap(year), dt.date(year, 1, 1).weekday())
            if kind not in seen:
                seen.add(kind)
                yield year


def _days(year: int) -> Iterator[dt.date]:
    first = dt.date(year, 1, 1).toordinal()
    return (dt.date.fromordinal(first + day) for day in range(365 + calendar.isleap(year)))
