"""The working days of mainland China, as its State Council arranges them year by year.

The arrangement of a year is published in the November before it; the library has it with its next version. For
other years nothing is known, and whoever asks is told Monday to Friday.
"""

import datetime as dt

import chinese_calendar

_SATURDAY = 5
_FIRST: int = min(chinese_calendar.holidays).year
_LAST: int = max(chinese_calendar.holidays).year


def known_since() -> int:
    """The first year whose arrangement is known."""
    return _FIRST


def known_until() -> int:
    """The last year whose arrangement is known."""
    return _LAST


def covers(year: int) -> bool:
    """Whether the arrangement of this year is known."""
    return _FIRST <= year <= _LAST


def is_workday(day: dt.date) -> bool:
    """Whether offices work: Monday to Friday without the holidays, and the weekend days worked in exchange.

    In years that are not known, Monday to Friday.
    """
    if day in chinese_calendar.workdays:
        return True
    return day.weekday() < _SATURDAY and day not in chinese_calendar.holidays


def is_holiday(day: dt.date) -> bool:
    """Whether the day lies in a holiday of the arrangement, exchanged days and the weekends within it among them.

    A weekend beside the holidays is none; in years that are not known, no day is one.
    """
    return day in chinese_calendar.holidays
