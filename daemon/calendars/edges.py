"""The next instant at which something changes: looked for from edge to edge, over pieces of time with one offset."""

import datetime as dt
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from daemon.calendars.offsets import DAY, offset, turn

HORIZON = 400 * 86_400.0  # how far ahead is looked: every yearly rule comes round within it
_EPOCH = dt.date(1970, 1, 1).toordinal()


class Daily(Protocol):
    """What is decided for a day and a minute of the zone's own time."""

    @property
    def zone(self) -> dt.tzinfo:
        """Whose days and minutes are meant."""

    @property
    def marks(self) -> Sequence[int]:
        """The minutes of a day at which it may change, midnight first."""

    def has_day(self, day: dt.date) -> bool:
        """Whether the day can be in it at all."""

    def has_minute(self, minute: int) -> bool:
        """Whether the minute is in it on such days."""


class Changing(Protocol):
    """What is so at one instant and otherwise at another."""

    def edge(self, at: float, until: float) -> float | None:
        """The next instant after `at`, and before `until`, at which it changes."""


def first_edge(daily: Daily, at: float, until: float, *, inside: bool) -> float | None:
    """Find the first instant after `at` at which it is not `inside` any more, or is at last."""
    ends = (*daily.marks[1:], DAY // 60)
    for begin, end, ahead in _pieces(daily.zone, at, until):
        for day in range(math.floor((begin + ahead) / DAY), math.ceil((end + ahead) / DAY)):
            on = daily.has_day(dt.date.fromordinal(_EPOCH + day))
            if not on and not inside:
                continue
            midnight = day * DAY - ahead
            for mark, next_mark in zip(daily.marks, ends, strict=True):
                since, before = max(midnight + mark * 60, begin), min(midnight + next_mark * 60, end)
                if since < before and (on and daily.has_minute(mark)) != inside:
                    return float(since)
    return None


def first_change(
    parts: Sequence[Changing], at: float, until: float, has_changed: Callable[[float], bool]
) -> float | None:
    """Find the first edge of any part at which `has_changed` says yes; no part is asked for an edge twice."""
    edges = [part.edge(at, until) for part in parts]
    while (soonest := min((edge for edge in edges if edge is not None), default=None)) is not None:
        if has_changed(soonest):
            return soonest
        edges = [
            part.edge(soonest, until) if edge == soonest else edge for part, edge in zip(parts, edges, strict=True)
        ]
    return None


def _pieces(zone: dt.tzinfo, at: float, until: float) -> Iterator[tuple[float, float, int]]:
    """Cut the time into pieces in which the zone's offset stays the same: begin, end, offset in seconds."""
    while at < until:
        end = min(at + DAY, until)
        end = turn(zone, at, end) or end
        yield at, end, offset(zone, at)
        at = end
