"""Time intervals from the texts that a file has."""

from datetime import datetime

from daemon.calendars.interval import Country, Interval, TimeInterval, Times
from daemon.calendars.spans import MonthDays, Months, TimeOfDay, Weekdays, Years
from daemon.zone import Zone


def interval(
    times: str = "",
    weekdays: str = "",
    days: str = "",
    months: str = "",
    years: str = "",
    location: str = "UTC",
    workdays: Country | None = None,
    holidays: Country | None = None,
) -> Interval:
    """Build one entry; ranges stand beside each other, times as 09:00-17:00."""
    pairs = [one.split("-") for one in times.split()]
    return Interval(
        times=tuple(Times(start_time=TimeOfDay.parse(a), end_time=TimeOfDay.parse(b)) for a, b in pairs),
        weekdays=tuple(map(Weekdays.parse, weekdays.split())),
        days_of_month=tuple(map(MonthDays.parse, days.split())),
        months=tuple(map(Months.parse, months.split())),
        years=tuple(map(Years.parse, years.split())),
        location=Zone.parse(location),
        workdays=workdays,
        holidays=holidays,
    )


def named(name: str, *entries: Interval) -> TimeInterval:
    """Give entries a name."""
    return TimeInterval(name=name, time_intervals=entries)


def at(text: str) -> float:
    """Read an instant such as `2026-10-01 09:00+08:00`; without an offset it is UTC."""
    when = datetime.fromisoformat(text if "+" in text or "Z" in text else f"{text}+00:00")
    return when.timestamp()
