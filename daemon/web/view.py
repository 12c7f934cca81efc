"""What may be shown of probes, as values: names, states, times. Nothing here can hold a target, a label, a reason."""

import datetime as dt
from collections.abc import Iterable

import msgspec

from daemon.history.query import Timing
from daemon.history.stretches import Time

DAYS = 90
WINDOWS = {"24h": 86_400.0, "7d": 7 * 86_400.0, "30d": 30 * 86_400.0, "90d": 90 * 86_400.0}  # of rolling uptime

# How long a day was what, in milliseconds, in the order of TIMES. Thousands of days are alike, and then one value.
Day = tuple[int, ...]
TIMES = tuple(Time)

# What stands for many: the first of these that any of them is in.
_WORST = (Time.DOWN, Time.DEGRADED, Time.UNKNOWN, Time.MAINTENANCE, Time.UP, Time.PAUSED)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One probe. `since` is from when on it is so, where that is known."""

    name: str
    title: str
    state: Time
    since: float | None
    days: tuple[Day, ...]  # the last one is today, as far as it has come
    uptime: tuple[float | None, ...]  # by WINDOWS, each a part of 1


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A time that a probe was down, or degraded. `ended` is None while it still is."""

    name: str
    title: str
    group: str
    state: Time
    began: float
    ended: float | None


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Probes that belong together. Its days and uptime are those of all of them, added up."""

    name: str
    state: Time
    days: tuple[Day, ...]
    uptime: tuple[float | None, ...]
    lines: tuple[Line, ...]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """All that is shown, as it was at an instant."""

    at: float
    zone: dt.tzinfo
    days: tuple[dt.date, ...]
    state: Time
    groups: tuple[Group, ...]
    current: tuple[Trouble, ...]  # newest first
    past: tuple[Trouble, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """All probes that are shown."""
        return tuple(line for group in self.groups for line in group.lines)


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """How long looks took in an hour: the mean seconds of each phase, and of all; None where none was answered."""

    begin: float
    phases: dict[str, float]
    mean: float | None
    p95: float | None


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """How long the looks of the last day took. Phases are in order, and only those that the probe's kind declares."""

    hours: tuple[Hour, ...]
    phases: dict[str, Timing]
    total: Timing | None


def worst(states: Iterable[Time]) -> Time:
    """What stands for many."""
    found = set(states)
    return next((state for state in _WORST if state in found), Time.UNKNOWN)


def seconds(day: Day, time: Time) -> float:
    """How long it was that."""
    return day[TIMES.index(time)] / 1_000


def uptime(day: Day) -> float | None:
    """The part of the time that counts; None where nothing is known."""
    up, degraded, down = (day[TIMES.index(time)] for time in (Time.UP, Time.DEGRADED, Time.DOWN))
    judged = up + degraded + down
    return (up + degraded) / judged if judged else None


def added(days: Iterable[Day]) -> Day:
    """The same day of several probes."""
    return tuple(map(sum, zip(*days, strict=True)))
