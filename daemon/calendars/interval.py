"""Time intervals as Alertmanager has them, with the working days of a country beside them."""

import calendar
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Literal

from daemon.calendars import china
from daemon.calendars.edges import HORIZON, first_change, first_edge
from daemon.calendars.spans import MIDNIGHT, MonthDays, Months, TimeOfDay, Weekdays, Years
from daemon.zone import Zone

Country = Literal["cn"]
_DAYS_IN_WEEK = 7
_WORKDAYS: Mapping[Country, Callable[[dt.date], bool]] = {"cn": china.is_workday}
_HOLIDAYS: Mapping[Country, Callable[[dt.date], bool]] = {"cn": china.is_holiday}


@dataclass(frozen=True, kw_only=True)
class Times:
    """From one time of the day up to another, which is outside of it already."""

    start_time: TimeOfDay = field(metadata={"doc": "the first minute in it, such as 09:00"})
    end_time: TimeOfDay = field(metadata={"doc": "the first minute after it, such as 17:00; 24:00 ends the day"})

    def __post_init__(self) -> None:
        """Refuse what contains nothing."""
        since, until = self.start_time, self.end_time
        if TimeOfDay(0) < until < since:
            instead = f"write two: {since} to 24:00, and 00:00 to {until}"
            raise ValueError(f"{since} to {until} ends before it begins; {instead}")
        if since >= until:
            hint = "a whole day is 00:00 to 24:00" if since == until else "the end of the day is 24:00"
            raise ValueError(f"{since} to {until} contains nothing; {hint}")

    def __str__(self) -> str:
        """Both times."""
        return f"{self.start_time}-{self.end_time}"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Everything that it names must be so; of several ranges in one list, one is enough."""

    times: tuple[Times, ...] = field(default=(), metadata={"doc": "times of the day"})
    weekdays: tuple[Weekdays, ...] = field(
        default=(), metadata={"doc": "days of the week, which begins on sunday: `monday:friday`"}
    )
    days_of_month: tuple[MonthDays, ...] = field(
        default=(), metadata={"doc": "days of the month, from its end when negative: `1:5`, `-3:-1`"}
    )
    months: tuple[Months, ...] = field(default=(), metadata={"doc": "months by name or number: `january:march`, `5`"})
    years: tuple[Years, ...] = field(default=(), metadata={"doc": "years: `2026`, `2025:2027`"})
    location: Zone = field(
        default=Zone(), metadata={"doc": "time zone in which all that is meant; `Local` is the machine's"}
    )
    workdays: Country | None = field(
        default=None,
        metadata={"doc": "days on which offices of this country work, weekends worked in exchange among them"},
    )
    holidays: Country | None = field(
        default=None,
        metadata={"doc": "days of this country's holidays, exchanged days and weekends within them among them"},
    )

    def contains(self, at: float) -> bool:
        """Whether this instant is in it."""
        then = dt.datetime.fromtimestamp(at, self.zone)
        return self.has_minute(then.hour * 60 + then.minute) and self.has_day(then.date())

    def edge(self, at: float, until: float) -> float | None:
        """The next instant after `at`, and before `until`, at which `contains` changes."""
        return first_edge(self, at, until, inside=self.contains(at))

    @property
    def zone(self) -> dt.tzinfo:
        """Whose days and minutes are meant."""
        return self.location.info

    @cached_property
    def marks(self) -> tuple[int, ...]:
        """The minutes of a day at which it may change, midnight first."""
        ends = {one.minute for times in self.times for one in (times.start_time, times.end_time)}
        return tuple(sorted({0, *ends} - {MIDNIGHT}))

    def has_minute(self, minute: int) -> bool:
        """Whether the minute of a day is in it."""
        return not self.times or any(one.start_time.minute <= minute < one.end_time.minute for one in self.times)

    def has_day(self, day: dt.date) -> bool:
        """Whether the day is in it, at whatever times."""
        return (
            (not self.years or any(day.year in one for one in self.years))
            and (not self.months or any(day.month in one for one in self.months))
            and (not self.weekdays or any(day.isoweekday() % _DAYS_IN_WEEK in one for one in self.weekdays))
            and (not self.days_of_month or self._has_day_of_month(day))
            and (self.workdays is None or _WORKDAYS[self.workdays](day))
            and (self.holidays is None or _HOLIDAYS[self.holidays](day))
        )

    def _has_day_of_month(self, day: dt.date) -> bool:
        _, length = calendar.monthrange(day.year, day.month)
        return any(begin <= day.day <= end for begin, end in (one.in_month(length) for one in self.days_of_month))

    def __str__(self) -> str:
        """Write it in one line, such as `weekdays monday:friday, times 09:00-17:00, location Asia/Shanghai`."""
        named = {one.name: getattr(self, one.name) for one in fields(self)}
        said = [
            f"{name} {' '.join(map(str, value)) if isinstance(value, tuple) else value}"
            for name, value in named.items()
            if value and value != Zone()
        ]
        return ", ".join(said) or "always"


@dataclass(frozen=True, kw_only=True)
class TimeInterval:
    """A time interval that routes name: in it is whatever one of its entries contains."""

    name: str = field(metadata={"doc": "what routes call it"})
    time_intervals: tuple[Interval, ...] = field(default=(), metadata={"doc": "the entries; one is enough"})

    def contains(self, at: float) -> bool:
        """Whether this instant is in it."""
        return any(one.contains(at) for one in self.time_intervals)

    def edge(self, at: float, until: float | None = None) -> float | None:
        """The next instant after `at` at which `contains` changes; None when it does not for more than a year."""
        inside = self.contains(at)
        until = at + HORIZON if until is None else until
        return first_change(self.time_intervals, at, until, lambda then: self.contains(then) != inside)
