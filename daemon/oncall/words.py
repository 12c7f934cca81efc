"""The words in which schedules are written: each is the text itself, checked, and knows what it means.

What is wrong is a ValueError whose sentence follows the quoted text: `is not a time of day; write …`.
"""

import calendar
import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FIRST_YEAR, LAST_YEAR = 1970, 2199

_DAY = timedelta(days=1)
_UNITS = {"hour": timedelta(hours=1), "day": _DAY, "week": timedelta(weeks=1)}
_LONGEST = timedelta(days=366)

_EVERY = re.compile(r"every (\d{1,4}) (hour|day|week)s?", re.ASCII)
_TIME = re.compile(r"(\d\d?):(\d\d)", re.ASCII)
_HANDOVER = re.compile(r"(?:([a-z]+) )?(\d\d?:\d\d)", re.ASCII)
_HOURS = re.compile(r"(\d\d?:\d\d) ?- ?(\d\d?:\d\d)", re.ASCII)
_DAYS = re.compile(r"([a-z]+)(?: ?[-:] ?([a-z]+))?", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_MOMENT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[T ](?P<time>\d\d?:\d\d)(?::(?P<second>\d\d))? ?(?P<offset>Z|[+-]\d\d:?\d\d)?", re.ASCII
)


class Rotation(str):
    """How long a turn is: `daily`, `weekly`, `every 3 days`, `every 2 weeks`, `every 12 hours`."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Take a rotation of an hour to a year."""
        if not timedelta(0) < _step(text) <= _LONGEST:
            raise ValueError("is not a rotation; write daily, weekly, every 3 days, every 2 weeks or every 12 hours")
        return super().__new__(cls, text)

    @property
    def step(self) -> timedelta:
        """From one hand-over to the next, on the clock on the wall."""
        return _step(self)

    @property
    def is_of_weeks(self) -> bool:
        """Whether every hand-over falls on the same day of the week."""
        return _step(self) % _UNITS["week"] == timedelta(0)


@functools.cache
def _step(text: str) -> timedelta:
    """The length of a turn; nothing for what is no rotation."""
    if text in ("daily", "weekly"):
        return _DAY if text == "daily" else _UNITS["week"]
    match = _EVERY.fullmatch(text)
    return int(match[1]) * _UNITS[match[2]] if match else timedelta(0)


class Handover(str):
    """When the next one takes over: `09:00`, `monday 09:00`."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Take a time of day, with or without a day of the week before it."""
        match = _HANDOVER.fullmatch(text)
        if not match or (match[1] and match[1] not in WEEKDAYS):
            raise ValueError("is not a hand-over; write for example 09:00 or monday 09:00")
        time_of_day(match[2])
        return super().__new__(cls, text)

    @property
    def weekday(self) -> str:
        """The day of the week; empty when it names none."""
        return self.rpartition(" ")[0]

    @property
    def time(self) -> timedelta:
        """The time of day, from midnight."""
        return time_of_day(self.rpartition(" ")[2])


class Hours(str):
    """A part of the day: `09:00-18:00`, and over midnight `18:00-09:00`."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Take two times of day that are not the same."""
        match = _HOURS.fullmatch(text)
        if not match:
            raise ValueError("is no part of a day; write for example 18:00-09:00")
        begin, end = time_of_day(match[1]), time_of_day(match[2], most=_DAY)
        if begin == end:
            raise ValueError("begins when it ends; leave it out for the whole day")
        return super().__new__(cls, text)

    @property
    def begin(self) -> timedelta:
        """When it begins, from midnight."""
        return time_of_day(self.partition("-")[0].strip())

    @property
    def end(self) -> timedelta:
        """When it ends, from the midnight before its beginning."""
        end = time_of_day(self.partition("-")[2].strip(), most=_DAY)
        return end if end > self.begin else end + _DAY


class Days(str):
    """A day of the week or a run of them: `saturday`, `monday-friday`, `friday-monday`."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Take names of days, in full."""
        match = _DAYS.fullmatch(text)
        for name in match.groups() if match else ("",):
            if name is not None and name not in WEEKDAYS:
                raise ValueError("is no day of the week; write for example saturday or monday-friday")
        return super().__new__(cls, text)

    @property
    def numbers(self) -> frozenset[int]:
        """The days, from 0 for monday."""
        first, *last = (WEEKDAYS.index(name) for name in re.split(r" ?[-:] ?", self))
        length = (last[0] - first) % 7 if last else 0
        return frozenset((first + i) % 7 for i in range(length + 1))


class Day(str):
    """A date: `2026-11-23`."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Take a date that there is."""
        midnight(text)
        return super().__new__(cls, text)

    @property
    def midnight(self) -> datetime:
        """Where it begins, on the clock on the wall."""
        return midnight(self)


@dataclass(frozen=True)
class _Said:
    """What a moment says: a time on the wall, and how far that wall is from UTC, where it says so."""

    wall: datetime
    offset: timedelta | None


class Moment(str):
    """A date and time, on the wall of whoever reads it or with its own offset: `2026-12-24 18:00`, `…T18:00+08:00`."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Take a date that there is, and a time of day."""
        _said(text)
        return super().__new__(cls, text)

    @property
    def wall(self) -> datetime:
        """The time as it is written."""
        return _said(self).wall

    @property
    def instant(self) -> float | None:
        """When it is, in seconds since the epoch; None when that depends on whose wall it is."""
        said = _said(self)
        return None if said.offset is None else (said.wall - said.offset).replace(tzinfo=UTC).timestamp()


@functools.lru_cache(4_096)
def _said(text: str) -> _Said:
    match = _MOMENT.fullmatch(text)
    if not match:
        raise ValueError('is not a date and time; write for example "2026-12-24 18:00"')
    second = int(match["second"] or 0)
    if second >= 60:  # noqa: PLR2004 - seconds of a minute
        raise ValueError("is not a date and time: a minute has 60 seconds")
    wall = midnight(match["date"]) + time_of_day(match["time"]) + timedelta(seconds=second)
    given = match["offset"]
    if not given:
        return _Said(wall, None)
    if given == "Z":
        return _Said(wall, timedelta(0))
    minutes = int(given[1:3]) * 60 + int(given[-2:])
    if minutes > 14 * 60 or int(given[-2:]) >= 60:  # noqa: PLR2004 - no place on earth is farther from UTC
        raise ValueError(f"has an offset that no place on earth has: {given}")
    return _Said(wall, timedelta(minutes=-minutes if given[0] == "-" else minutes))


@functools.cache
def time_of_day(text: str, most: timedelta = timedelta(hours=23, minutes=59)) -> timedelta:
    """Read `09:00` as the time from midnight. Raises ValueError."""
    match = _TIME.fullmatch(text)
    hour, minute = (int(match[1]), int(match[2])) if match else (99, 99)
    found = timedelta(hours=hour, minutes=minute)
    if minute >= 60 or found > most:  # noqa: PLR2004 - minutes of an hour
        raise ValueError(f"has a time that no clock shows: {text}; write for example 09:00")
    return found


@functools.lru_cache(4_096)
def midnight(text: str) -> datetime:
    """Read `2026-11-23`. Raises ValueError."""
    match = _DATE.fullmatch(text)
    if not match:
        raise ValueError("is not a date; write for example 2026-11-23")
    year, month, day = (int(part) for part in match.groups())
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"is not a date that schedules know: years go from {FIRST_YEAR} to {LAST_YEAR}")
    if not 1 <= month <= 12:  # noqa: PLR2004 - months of a year
        raise ValueError(f"is not a date: there is no month {month}")
    length = calendar.monthrange(year, month)[1]
    if not 1 <= day <= length:
        raise ValueError(f"is not a date: {calendar.month_name[month]} {year} has {length} days")
    return datetime(year, month, day)  # noqa: DTZ001 - a wall has no zone until a schedule reads it
