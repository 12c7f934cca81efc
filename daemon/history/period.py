"""Periods as people name them: a day, a week, a month, a quarter, the last so many days, by the clock of a zone."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from daemon.oncall.wall import instant, shown
from daemon.payload import stamps

Unit = Literal["day", "week", "month", "quarter", "year"]

MOST_DAYS = 3_660
YEARS = range(1970, 9_000)
_SECONDS = re.compile(r"\d{9,11}(\.\d{1,9})?", re.ASCII)
_LAST = re.compile(r"(\d{1,4})d", re.ASCII)
_SHORT = re.compile(r"(\d{1,5})([mh])", re.ASCII)
_LONG = {"m": 60.0, "h": 3_600.0}
_NAMED: tuple[tuple[Unit, re.Pattern[str]], ...] = (
    ("day", re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)),
    ("week", re.compile(r"(\d{4})-W(\d\d)", re.ASCII)),
    ("month", re.compile(r"(\d{4})-(\d\d)", re.ASCII)),
    ("quarter", re.compile(r"(\d{4})-Q([1-4])", re.ASCII)),
    ("year", re.compile(r"(\d{4})", re.ASCII)),
)
_WORDS: dict[str, tuple[Unit, int]] = {"today": ("day", 0), "yesterday": ("day", -1)} | {
    words: (unit, back)
    for unit in ("day", "week", "month", "quarter", "year")
    for words, back in ((unit, 0), (f"last {unit}", -1))
}  # type: ignore[assignment]
HOW = (
    "write for example 2026-10, 2026-10-25, 2026-W43, 2026-Q4 or 2026; day, week, month, quarter or year for the"
    ' present one, "last month" and so on for the one before; 30d for the last thirty days'
)


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """From one instant up to another, in seconds since the epoch."""

    name: str
    begin: float
    end: float


def named(text: str, zone: dt.tzinfo, now: float) -> Period:
    """Read a period. Raises ValueError with what would be right."""
    text = " ".join(text.split())
    today = shown(now, zone).date()
    if match := _LAST.fullmatch(text):
        if not 0 < int(match[1]) <= MOST_DAYS:
            raise ValueError(f"at most the last {MOST_DAYS} days can be asked for")
        return Period(name=text, begin=midnight(today - dt.timedelta(days=int(match[1]) - 1), zone), end=now)
    if match := _SHORT.fullmatch(text):
        if not int(match[1]):
            raise ValueError(f"{text!r} is no time at all")
        return Period(name=text, begin=now - int(match[1]) * _LONG[match[2]], end=now)
    if text.lower() in _WORDS:
        unit, back = _WORDS[text.lower()]
        first = start_of(unit, today)
        if back:
            first = start_of(unit, first - dt.timedelta(days=1))
        return _period(unit, first, zone)
    for unit, pattern in _NAMED:
        if match := pattern.fullmatch(text.upper()):
            try:
                return _period(unit, _first(unit, [int(part) for part in match.groups()]), zone)
            except (ValueError, OverflowError):
                break
    raise ValueError(f"{text[:40]!r} is not a period; {HOW}")


def between(begin: str, end: str, zone: dt.tzinfo, now: float) -> Period:
    """Read a begin and an end, each a day or an instant; a day is its midnight. Without an end it is now."""
    since, until = moment(begin, zone), moment(end, zone) if end else now
    if since >= until:
        raise ValueError("the period ends before it begins")
    return Period(name=f"{begin} to {end or 'now'}", begin=since, end=until)


def moment(text: str, zone: dt.tzinfo) -> float:
    """Read a day, a time by the clock of the zone, an RFC 3339 time with an offset, or seconds since the epoch."""
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        wall = dt.datetime.fromisoformat(text)
    except ValueError:
        at = stamps.instant(text)
        if at is None:
            raise ValueError(f"{text[:40]!r} is not a time; write for example 2026-10-25 or 2026-10-25 08:00") from None
        return at
    if wall.year not in YEARS:
        raise ValueError(f"{text[:40]!r} is not a time of which anything could be kept")
    return instant(wall, zone) if wall.tzinfo is None else wall.timestamp()


def edges(begin: float, end: float, unit: Unit, zone: dt.tzinfo) -> list[float]:
    """The begin, each midnight that begins a unit after it, and the end. A day may have 23 or 25 hours."""
    return [begin, *_starts(begin, end, unit, zone), end]


def _starts(begin: float, end: float, unit: Unit, zone: dt.tzinfo) -> Iterator[float]:
    first = following(unit, start_of(unit, shown(begin, zone).date()))
    while (at := midnight(first, zone)) < end:
        if at > begin:
            yield at
        first = following(unit, first)


def start_of(unit: Unit, day: dt.date) -> dt.date:
    """The first day of the day, week, month, quarter or year in which a day lies."""
    match unit:
        case "day":
            return day
        case "week":
            return day - dt.timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return day.replace(month=1, day=1)


def following(unit: Unit, first: dt.date) -> dt.date:
    """The first day of the next one."""
    match unit:
        case "day":
            return first + dt.timedelta(days=1)
        case "week":
            return first + dt.timedelta(days=7)
        case "month":
            return start_of("month", first + dt.timedelta(days=31))
        case "quarter":
            return start_of("month", first + dt.timedelta(days=93))
        case "year":
            return first.replace(year=first.year + 1)


def midnight(day: dt.date, zone: dt.tzinfo) -> float:
    """When a day begins."""
    return instant(dt.datetime.combine(day, dt.time()), zone)


_FIRST: dict[Unit, Callable[..., dt.date]] = {
    "day": dt.date,
    "week": lambda year, week: dt.date.fromisocalendar(year, week, 1),
    "month": lambda year, month: dt.date(year, month, 1),
    "quarter": lambda year, quarter: dt.date(year, 3 * quarter - 2, 1),
    "year": lambda year: dt.date(year, 1, 1),
}


def _first(unit: Unit, numbers: list[int]) -> dt.date:
    if numbers[0] not in YEARS:
        raise ValueError("of no such year anything is kept")
    return _FIRST[unit](*numbers)


def _period(unit: Unit, first: dt.date, zone: dt.tzinfo) -> Period:
    year, week, _ = first.isocalendar()
    name = {
        "day": f"{first:%Y-%m-%d}",
        "week": f"{year}-W{week:02}",
        "month": f"{first:%Y-%m}",
        "quarter": f"{first.year}-Q{(first.month + 2) // 3}",
        "year": f"{first.year}",
    }[unit]
    return Period(name=name, begin=midnight(first, zone), end=midnight(following(unit, first), zone))
