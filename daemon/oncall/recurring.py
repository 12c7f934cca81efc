"""Events that come again, as calendars write them: on which days, and when that is.

Rules are tried day by day, from the begin of what is asked for to its end. A rule that never comes true ends there too;
a library's would look for its next day until the year 9999.
"""

import calendar
from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal

import msgspec

from daemon.oncall.wall import instant, shown

_DAY = timedelta(days=1)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """On which days an event comes again."""

    every: Literal["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
    interval: int = 1
    count: int | None = None
    until: datetime | None = None  # on the event's wall
    weekdays: tuple[tuple[int, int], ...] = ()  # which one of the month or year (0 for all), and the day from monday
    monthdays: tuple[int, ...] = ()  # negative ones from the end
    months: tuple[int, ...] = ()
    week_start: int = 0


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What a calendar says of one event, on the wall of its zone."""

    summary: str
    attendees: tuple[str, ...]  # mail addresses
    zone: tzinfo
    begin: datetime
    length: timedelta
    is_exact: bool = False  # the length is time that passes, not time on the wall
    rule: Rule | None = None
    more: tuple[datetime, ...] = ()
    without: frozenset[datetime] = frozenset()


def occurrences(event: Event, begin: float, end: float) -> Iterator[tuple[float, float]]:
    """The times of an event that touch this one."""
    last = shown(end, event.zone) + _DAY
    for wall in sorted({*_begins(event, shown(begin, event.zone) - event.length - _DAY, last), *event.more}):
        if wall not in event.without:
            since = instant(wall, event.zone)
            until = since + event.length.total_seconds() if event.is_exact else instant(wall + event.length, event.zone)
            if since < end and until > begin and since < until:
                yield since, until


def _begins(event: Event, since: datetime, until: datetime) -> Iterator[datetime]:
    """When the event begins, from about `since` on; a rule that counts is counted from its start."""
    rule, first = event.rule, event.begin
    if rule is None:
        yield first
        return
    time = first - datetime.combine(first, datetime.min.time())
    day = first.date() if rule.count is not None else max(first.date(), since.date())
    end = min(until, rule.until) if rule.until is not None else until
    left = rule.count
    while left != 0 and (wall := datetime.combine(day, datetime.min.time()) + time) <= end:
        if matches(rule, first.date(), day):
            yield wall
            left = None if left is None else left - 1
        day += _DAY


def matches(rule: Rule, first: date, day: date) -> bool:
    """Whether an event that began on `first` comes on this day."""
    if rule.months and day.month not in rule.months:
        return False
    if rule.monthdays and not _is_monthday(rule, day):
        return False
    return _apart(rule, first, day) % rule.interval == 0 and _is_its_day(rule, first, day)


def _apart(rule: Rule, first: date, day: date) -> int:
    """How many days, weeks, months or years lie between the two."""
    if rule.every == "DAILY":
        return (day - first).days
    if rule.every == "WEEKLY":
        return (_week(rule, day) - _week(rule, first)).days // 7
    years = day.year - first.year
    return years * 12 + day.month - first.month if rule.every == "MONTHLY" else years


def _is_its_day(rule: Rule, first: date, day: date) -> bool:
    """Whether the day is one of those named; where none is, it is the first one's."""
    if rule.weekdays or rule.monthdays or rule.every == "DAILY":
        return not rule.weekdays or _is_weekday(rule, day)
    if rule.every == "WEEKLY":
        return day.weekday() == first.weekday()
    return day.day == first.day and (rule.every == "MONTHLY" or bool(rule.months) or day.month == first.month)


def _week(rule: Rule, day: date) -> date:
    return day - timedelta(days=(day.weekday() - rule.week_start) % 7)


def _is_monthday(rule: Rule, day: date) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    return day.day in rule.monthdays or day.day - length - 1 in rule.monthdays


def _is_weekday(rule: Rule, day: date) -> bool:
    """Whether it is one of the days of the week that the rule names."""
    if rule.every == "YEARLY" and not rule.months:
        before, length = day.timetuple().tm_yday - 1, 366 if calendar.isleap(day.year) else 365
    else:
        before, length = day.day - 1, calendar.monthrange(day.year, day.month)[1]
    which = before // 7 + 1, -((length - 1 - before) // 7) - 1
    return any(day.weekday() == wanted and (not nth or nth in which) for nth, wanted in rule.weekdays)
