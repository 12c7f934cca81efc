"""Cron: a line that names instants, and the next one of them in a time zone, found by jumps and never by steps."""

import datetime as dt
import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from daemon.calendars.cronfields import WEEK, Fields, Month, Pick, read
from daemon.calendars.offsets import DAY, offset, turn

AHEAD = 50  # years that are searched: a fifth Monday of February comes back after 40 at most
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - what clocks show, wherever they are
_SECOND = dt.timedelta(seconds=1)
_NEAR = 2 * DAY  # seconds within which a change of the clocks may bring a time back that was over
_LATEST = 9_000  # the year after which nothing is searched
_FIRST_STEP = 64.0  # seconds

Time = tuple[int, int, int]


@dataclass(frozen=True)
class Cron:
    """A cron line as it is written: 5 fields, 6 (seconds first), 7 (seconds first, year last), or a macro."""

    text: str

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """Read one. Raises ValueError with what would be right."""
        _read(text, "")
        return cls(text)

    def __str__(self) -> str:
        """Write it as it is read."""
        return self.text


class Firings:
    """The instants of a cron line in a time zone. Instants are whole seconds since the epoch.

    When the clocks change, a line with a wildcard for minute or hour goes by the time that passes. Any other fires
    once: what lies in the hour that is left out, right after it; what lies in the hour that comes twice, in the first.
    """

    __slots__ = ("_fields", "_zone")

    def __init__(self, cron: Cron, zone: dt.tzinfo, seed: str) -> None:
        """`seed` decides what `H` is."""
        has_hash = "H" in cron.text.upper()  # without any, thousands of probes share what is read of one line
        self._fields = _read(cron.text, seed if has_hash else "")
        self._zone = zone

    def after(self, at: float) -> float | None:
        """The first one after this instant; None when there is none any more, or never was."""
        found = self._by_elapsed(math.floor(at) + 1) if self._fields.by_elapsed else self._by_clocks(math.floor(at))
        return None if found is None else float(found)

    def before(self, at: float) -> float | None:
        """The last one before this instant: the firing after the latest instant that still has one before `at`."""
        step, low = _FIRST_STEP, at
        while (found := self.after(low)) is None or found >= at:
            if low <= 0:
                return None
            low, step = max(0.0, low - step), step * 2
        high = at
        while found + 1 < high:
            middle = math.floor((found + high) / 2)
            nearer = self.after(middle)
            if nearer is None or nearer >= at:
                high = middle
            else:
                found = nearer
        return found

    def coming(self, at: float, most: int) -> Iterator[float]:
        """The next ones."""
        for _ in range(most):
            found = self.after(at)
            if found is None:
                return
            yield found
            at = found

    def _by_elapsed(self, start: int) -> int | None:
        """The first one that is not before `start`: whenever the clocks show what the line names."""
        while True:
            until = turn(self._zone, start, start + _NEAR)
            local = self._local(start)
            found = self._first(local)
            at = None if found is None else start + round((found - local).total_seconds())
            if until is not None and (at is None or at >= until):
                start = until  # what comes after the change, it may be earlier by the clocks
            elif found is None or at is None:
                return None
            elif at <= start + _NEAR:
                return at
            else:
                instant, is_shown = self._instant(found)
                if is_shown:
                    return instant
                start = instant

    def _by_clocks(self, before: int) -> int | None:
        """The first one after `before`: each time that is named counts once, whether or not the clocks show it."""
        here = dt.datetime.fromtimestamp(before, self._zone)
        local = here.replace(tzinfo=None, fold=0) + _SECOND
        if here.fold:  # in the hour that comes a second time: all of it has been
            again = turn(self._zone, before - _NEAR, before)
            if again is not None:
                local = _EPOCH + dt.timedelta(seconds=again + offset(self._zone, again - 1))
        found = self._first(local)
        return None if found is None else self._instant(found)[0]

    def _local(self, at: int) -> dt.datetime:
        return dt.datetime.fromtimestamp(at, self._zone).replace(tzinfo=None, fold=0)

    def _instant(self, local: dt.datetime) -> tuple[int, bool]:
        """When the clocks first show this, or else the end of what they leave out; and whether they do show it."""
        at = round(local.replace(tzinfo=self._zone).timestamp())
        if self._local(at) == local:
            return at, True
        return turn(self._zone, at - _NEAR, at) or at, False

    def _first(self, local: dt.datetime) -> dt.datetime | None:
        """The first time by the clocks, from this one on, that the line names."""
        fields = self._fields
        time = _time_from(fields, (local.hour, local.minute, local.second))
        day = local.date()
        if time is None or not self._has(day):
            time = (fields.hours[0], fields.minutes[0], fields.seconds[0])
            found = self._day_after(day)
            if found is None:
                return None
            day = found
        return dt.datetime.combine(day, dt.time(*time))

    def _has(self, day: dt.date) -> bool:
        fields = self._fields
        return (
            day.month in fields.months
            and (not fields.years or day.year in fields.years)
            and day.day in _days(fields.picks, day.year, day.month)
        )

    def _day_after(self, day: dt.date) -> dt.date | None:
        fields = self._fields
        for year in self._years(day.year):
            for month in fields.months:
                if year == day.year and month < day.month:
                    continue
                days = _days(fields.picks, year, month)
                if (year, month) == (day.year, day.month):
                    days = [one for one in days if one > day.day]
                if days:
                    return dt.date(year, month, min(days))
        return None

    def _years(self, first: int) -> Iterator[int]:
        if self._fields.years:
            return iter([year for year in self._fields.years if year >= first])
        return iter(range(first, min(first + AHEAD, _LATEST) + 1))


@lru_cache(maxsize=256)
def _read(text: str, seed: str) -> Fields:
    return read(text, seed)


def _time_from(fields: Fields, least: Time) -> Time | None:
    """The first time of a day that is named and not before this one."""
    hour, minute, second = least
    if hour in fields.hours:
        if minute in fields.minutes and second <= fields.seconds[-1]:
            return hour, minute, fields.seconds[bisect_left(fields.seconds, second)]
        if minute < fields.minutes[-1]:
            return hour, fields.minutes[bisect_left(fields.minutes, minute + 1)], fields.seconds[0]
    if hour < fields.hours[-1]:
        return fields.hours[bisect_left(fields.hours, hour + 1)], fields.minutes[0], fields.seconds[0]
    return None


def _days(picks: tuple[Pick, ...], year: int, month: int) -> list[int]:
    """The days of a month that are named, in no order."""
    first = dt.date(year, month, 1)
    following = dt.date(year + month // 12, month % 12 + 1, 1)
    what = Month(first.isoweekday() % WEEK, (following - first).days)
    if not picks:
        return list(range(1, what.length + 1))
    return [day for pick in picks for day in pick(what)]
