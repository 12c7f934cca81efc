"""From what a probe's time was to what people are shown of it: days, uptime, when it was down."""

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec

from daemon.history.period import midnight
from daemon.history.stretches import PER_SECOND, Span, Time, ms, shares
from daemon.oncall.wall import shown
from daemon.web.view import DAYS, TIMES, WINDOWS, Day

INCIDENTS = 14 * 86_400.0  # seconds for which what is over is listed
MOST_OF_ONE = 20  # incidents of one probe: what flaps must not push everything else off the list

_BAD = (Time.DOWN, Time.DEGRADED)


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """The days that are shown, by the clock of the page's zone, and the rolling windows beside them."""

    now: int
    days: tuple[dt.date, ...]
    edges: tuple[int, ...]  # the midnights, and now
    windows: tuple[int, ...]  # where each begins, the longest first, and now

    @property
    def begin(self) -> int:
        """From when on anything must be known."""
        return min(self.edges[0], self.windows[0])


class Spell(msgspec.Struct, frozen=True):
    """A time that it was down, or degraded, in milliseconds. `end` is None while it still is."""

    time: Time
    begin: int
    end: int | None


def calendar(now: float, zone: dt.tzinfo) -> Calendar:
    """Find the days. One may have 23 or 25 hours."""
    today = shown(now, zone).date()
    days = tuple(today - dt.timedelta(days=back) for back in range(DAYS - 1, -1, -1))
    at = ms(now)
    return Calendar(
        now=at,
        days=days,
        edges=(*(min(at, ms(midnight(day, zone))) for day in days), at),
        windows=(*(at - ms(length) for length in sorted(WINDOWS.values(), reverse=True)), at),
    )


def days_of(spans: Sequence[Span], edges: Sequence[int]) -> tuple[Day, ...]:
    """What the time between each two edges was."""
    found = [one.times for one in shares(spans, edges)]
    return tuple(tuple([times.get(time, 0) for time in TIMES]) for times in found)


def rolling(spans: Sequence[Span], windows: Sequence[int]) -> tuple[Day, ...]:
    """What the time since each window's begin was; the shortest first, as in WINDOWS."""
    found: list[Day] = []
    total = (0,) * len(TIMES)
    for part in reversed(days_of(spans, windows)):
        total = tuple(map(sum, zip(total, part, strict=True)))
        found.append(total)
    return tuple(found)


def spells(spans: Iterable[Span]) -> list[Spell]:
    """When it was down, and when degraded, newest first.

    What nobody could see in the middle of an outage does not make two of it, and at its end does not end it.
    """
    found: list[Spell] = []
    is_open = False  # whether the last one may still go on
    for span in spans:
        if span.time in _BAD:
            if is_open and found[-1].time is span.time:
                found[-1] = Spell(span.time, found[-1].begin, span.end)
            else:
                found.append(Spell(span.time, span.begin, span.end))
            is_open = True
        elif span.time is not Time.UNKNOWN:
            is_open = False
    if is_open:
        found[-1] = Spell(found[-1].time, found[-1].begin, None)
    return found[::-1]


def recent(found: Iterable[Spell], now: int) -> list[Spell]:
    """Those that are still interesting."""
    since = now - ms(INCIDENTS)
    return [one for one in found if one.end is None or one.end > since][:MOST_OF_ONE]


def state(spans: Sequence[Span], health: Time) -> tuple[Time, float | None]:
    """How it stands and since when: what covers its time goes before its verdict."""
    if not spans:
        return health, None
    last = spans[-1]
    stands = last.time if last.time in (Time.MAINTENANCE, Time.PAUSED) else health
    return stands, last.begin / PER_SECOND if last.time is stands else None
