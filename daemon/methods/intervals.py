"""The time intervals that routes name: what they are, and whether an instant is in them."""

import datetime as dt

import msgspec

from daemon.calendars import china
from daemon.calendars.interval import TimeInterval
from daemon.errors import MethodError
from daemon.methods.parts import Parts
from daemon.methods.table import INVALID_PARAMS, NOT_FOUND, Table
from daemon.payload.stamps import instant


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a time interval: what it says, and whether the instant is in it."""

    says: str
    inside: bool


class IntervalAt(msgspec.Struct, frozen=True, kw_only=True):
    """A time interval at an instant.

    `until` is when that changes, or nothing if it stays so for 400 days; `note` says what the answer rests on.
    """

    name: str
    at: float
    inside: bool
    until: float | None
    entries: list[Entry]
    note: str = ""


def add(table: Table, parts: Parts) -> None:
    """Add `intervals.*`."""

    @table.method("intervals.list", "read")
    def _list() -> list[IntervalAt]:
        """List the time intervals, with what each says and whether it is now."""
        now = parts.clock.now()
        return [_at(interval, now) for interval in parts.settings().time_intervals.values()]

    @table.method("intervals.test", "read")
    def _test(name: str, at: str | float = "") -> IntervalAt:
        """Tell whether an instant is in a time interval, and until when that stays so.

        `at` is a time such as `2026-10-01T09:00:00+08:00`, in UTC where it names no offset, or seconds since
        the epoch; without it, now.
        """
        interval = parts.settings().time_intervals.get(name)
        if interval is None:
            known = ", ".join(parts.settings().time_intervals) or "none"
            raise MethodError(f"there is no time interval {name[:100]!r}; there are: {known}", code=NOT_FOUND)
        then = parts.clock.now() if at == "" else instant(at)
        if then is None:
            said = f"{str(at)[:100]!r} is not a time; write for example 2026-10-01T09:00:00+08:00"
            raise MethodError(f"intervals.test: at: {said}", code=INVALID_PARAMS, data={"field": "at"})
        return _at(interval, then)


def _at(interval: TimeInterval, at: float) -> IntervalAt:
    return IntervalAt(
        name=interval.name,
        at=at,
        inside=interval.contains(at),
        until=interval.edge(at),
        entries=[Entry(says=str(one), inside=one.contains(at)) for one in interval.time_intervals],
        note=_note(interval, at),
    )


def _note(interval: TimeInterval, at: float) -> str:
    """Say that an answer rests on Monday to Friday, for want of a calendar."""
    national = [one for one in interval.time_intervals if one.workdays or one.holidays]
    if all(china.covers(dt.datetime.fromtimestamp(at, one.zone).year) for one in national):
        return ""
    return (
        f"the Chinese calendar is known from {china.known_since()} to {china.known_until()}; "
        "in other years working days are Monday to Friday, and there are no holidays"
    )
