"""Who is on call: now, next, and in the days to come."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import msgspec

from daemon.config.targets import book
from daemon.errors import MethodError
from daemon.methods.parts import Parts
from daemon.methods.table import NOT_FOUND, REFUSED, Table
from daemon.oncall import ical
from daemon.oncall.roster import LOOK_AHEAD, walk
from daemon.oncall.schedule import Book, Schedule, Shift
from daemon.oncall.wall import instant, shown
from daemon.store import overrides
from daemon.store.overrides import StoredOverride

Days = Annotated[int, msgspec.Meta(ge=1, le=366)]

MOST_SHIFTS = 5_000
SHOWN_BACK = timedelta(days=7)  # how long what is over stays in the calendar
SHOWN_ON = 35 * 86_400.0  # how much longer the last shift in it may be
TOGETHER = 20  # shifts worked out before others are let in between

_DAY = 86_400.0


class OnCall(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on call by one schedule. `until` is null when nobody else is within 90 days, and so is `next_from`."""

    schedule: str
    time_zone: str
    who: tuple[str, ...]
    until: float | None
    next: tuple[str, ...]
    next_from: float | None
    next_until: float | None


class ScheduleLine(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule in a list. `overrides` counts those that hold now or later, the configuration's among them."""

    name: str
    time_zone: str
    layers: int
    overrides: int
    who: tuple[str, ...]


class OverrideLine(msgspec.Struct, frozen=True, kw_only=True):
    """An override. One of the configuration has no code, and nobody who said so."""

    code: str
    schedule: str
    who: tuple[str, ...]
    starts_at: float
    ends_at: float
    author: str = ""
    comment: str = ""


class Rota(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule's shifts; where nobody is on call there is none."""

    name: str
    time_zone: str
    shifts: list[Shift]
    overrides: list[OverrideLine]


def add(table: Table, parts: Parts) -> None:
    """Add `oncall.now`, and of `schedules.*` what only looks."""

    @table.method("oncall.now", "read")
    def _now(schedule: str = "") -> list[OnCall]:
        """Tell who is on call now, until when, and who is next: by one schedule, or by each of them."""
        rota, now = current(parts), parts.clock.now()
        names = [scheduled(parts, schedule).name] if schedule else list(rota.schedules)
        return [_line(parts, rota, name, now) for name in names]

    @table.method("schedules.list", "read")
    def _list() -> list[ScheduleLine]:
        """List the schedules, and who is on call by each now."""
        rota, now = current(parts), parts.clock.now()
        return [
            ScheduleLine(
                name=name,
                time_zone=str(schedule.time_zone),
                layers=len(schedule.layers),
                overrides=sum(cover.end > now for cover in rota.covers(name)),
                who=_line(parts, rota, name, now).who,
            )
            for name, schedule in rota.schedules.items()
        ]

    @table.method("schedules.get", "read")
    def _get(schedule: str, days: Days = 14) -> Rota:
        """Show the shifts of a schedule in the days to come, and its overrides."""
        return _rota(parts, scheduled(parts, schedule), days)

    @table.method("schedules.ical", "read")
    def _ical(schedule: str, days: Days = 90) -> str:
        """Write the shifts of the last week and of the days to come as a calendar (iCalendar text).

        The HTTP door gives the same under /schedules/NAME.ics.
        """
        return _calendar(parts, scheduled(parts, schedule), days)


def scheduled(parts: Parts, name: str) -> Schedule:
    """Find a schedule by its name. Raises MethodError."""
    known = parts.settings().schedules
    if name not in known:
        names = ", ".join(known) or "none"
        raise MethodError(f"there is no schedule {name[:100]!r}; there are: {names}", code=NOT_FOUND)
    return known[name]


def current(parts: Parts, since: float | None = None) -> Book:
    """All schedules with the overrides that hold from now on, or from another time."""
    begin = parts.clock.now() if since is None else since
    return book(parts.settings(), parts.store.read(lambda tx: overrides.covers(tx, begin)))


def line(one: StoredOverride) -> OverrideLine:
    """What is shown of a stored override."""
    return OverrideLine(
        code=one.code,
        schedule=one.schedule,
        who=one.who,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        author=one.author,
        comment=one.comment,
    )


def _rota(parts: Parts, known: Schedule, days: int) -> Rota:
    now = parts.clock.now()
    stored = parts.store.read(lambda tx: overrides.between(tx, now, schedule=known.name))
    own = [
        OverrideLine(code="", schedule=known.name, who=cover.who, starts_at=cover.begin, ends_at=cover.end)
        for cover in known.covers
        if cover.end > now
    ]
    return Rota(
        name=known.name,
        time_zone=str(known.time_zone),
        shifts=list(_walked(parts, current(parts), known.name, now, now + days * _DAY)),
        overrides=sorted([*own, *map(line, stored)], key=lambda one: one.starts_at),
    )


def _calendar(parts: Parts, known: Schedule, days: int) -> str:
    now = parts.clock.now()
    zone = known.time_zone.info
    today = shown(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = instant(today - SHOWN_BACK, zone)
    end = now + days * _DAY
    # The last shift is shown whole where it ends in time: the next calendar then says the same of it.
    found = _walked(parts, current(parts, begin), known.name, begin, end + SHOWN_ON)
    return ical.write(known.name, itertools.takewhile(lambda shift: shift.begin < end, found), now)


def _line(parts: Parts, rota: Book, name: str, now: float) -> OnCall:
    end = now + LOOK_AHEAD
    coming = _walked(parts, rota, name, now, end)
    first = next(coming, None)
    is_now = first is not None and first.begin == now
    then = next(coming, None) if is_now else first
    return OnCall(
        schedule=name,
        time_zone=str(rota.schedules[name].time_zone),
        who=first.who if first and is_now else (),
        until=first.end if first and is_now and first.end < end else None,
        next=then.who if then else (),
        next_from=then.begin if then else None,
        next_until=then.end if then and then.end < end else None,
    )


def _walked(parts: Parts, rota: Book, name: str, begin: float, end: float) -> Iterator[Shift]:
    """The shifts, letting others in between; a schedule of very short ones is not worked out for ever."""
    for number, shift in enumerate(walk(rota, name, begin, end), start=1):
        if number > MOST_SHIFTS:
            raise MethodError(f"these are more than {MOST_SHIFTS} shifts; ask for fewer days", code=REFUSED)
        if number % TOGETHER == 0:
            parts.clock.breathe()
        yield shift
