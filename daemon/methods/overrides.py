"""Somebody takes over: overrides of schedules, said one by one or taken from a calendar."""

import math
from collections.abc import Sequence
from functools import partial

import msgspec

from daemon.config.settings import Settings
from daemon.config.targets import named, unknown
from daemon.errors import MethodError
from daemon.methods.codes import Id, found, number
from daemon.methods.hushing import author as who_asks
from daemon.methods.oncall import Days, OverrideLine, line, scheduled
from daemon.methods.parts import Parts
from daemon.methods.table import INVALID_PARAMS, REFUSED, Caller, Table
from daemon.oncall import ical
from daemon.oncall.ical import Unread
from daemon.oncall.recurring import occurrences
from daemon.oncall.schedule import Cover, Schedule
from daemon.oncall.wall import shown
from daemon.oncall.words import Moment
from daemon.store import overrides
from daemon.store.base import Tx
from daemon.units import seconds

MOST_IMPORTED = 1_000
LAST = 7_258_118_400.0  # where the year 2200 begins
LONGEST_TEXT = 500  # of an author or a comment

_DAY = 86_400.0


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """An event that became no override, and why. `starts_at` is null when that was not looked at any more."""

    summary: str
    starts_at: float | None
    why: str


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a calendar. `known` are those that were there already."""

    added: list[OverrideLine]
    known: int
    skipped: list[Skipped]


def add(table: Table, parts: Parts) -> None:
    """Add of `schedules.*` what changes who is on call."""

    @table.method("schedules.override", "act")
    def _override(
        caller: Caller,
        schedule: str,
        who: str,
        end: float | str,
        start: float | str = "",
        author: str = "",
        comment: str = "",
    ) -> OverrideLine:
        """Put somebody on call for a time, before whatever the schedule says.

        `who` is a person, a team as team:NAME, or several with commas between them. `start` (now) and `end` are dates
        and times by the schedule's clock ("2026-12-24 18:00"), with an offset of their own
        ("2026-12-24T18:00+08:00"), or seconds since the epoch; `end` may also be a duration ("8h"). The author is
        the caller, unless another is named.
        """
        known, settings = scheduled(parts, schedule), parts.settings()
        begin = _instant(parts.clock.now() if start == "" else start, known, "start")
        until = _instant(begin + seconds(end) if _is_duration(end) else end, known, "end")
        cover = Cover(who=_targets(who, settings), begin=begin, end=until)
        return line(_said(parts, known, cover, who_asks(author, caller)[:LONGEST_TEXT], comment[:LONGEST_TEXT]))

    _add_taking(table, parts)

    @table.method("schedules.override_remove", "act")
    def _remove(id: Id) -> OverrideLine:  # noqa: A002 - the name that callers write
        """Take an override away that was said by method; those of the configuration stand there."""
        wanted = number(id, "O")
        return line(found(parts.store.write(lambda tx: overrides.remove(tx, wanted)), id, "O"))


def _add_taking(table: Table, parts: Parts) -> None:
    @table.method("schedules.import", "act")
    def _import(
        caller: Caller,
        schedule: str,
        text: str,
        days: Days = 90,
        people: dict[str, str] = {},  # noqa: B006 - never written to
        author: str = "",
    ) -> Imported:
        """Make overrides of the events of a calendar (iCalendar text); doing it twice does no harm.

        Those of the days to come count. An event is a person's whose name is its summary, or whose mail address is
        among its attendees. `people` says whom other summaries and addresses mean. What cannot be used is named, and
        the rest is taken.
        """
        return _taken(parts, scheduled(parts, schedule), text, days, people, who_asks(author, caller)[:LONGEST_TEXT])


def _said(parts: Parts, known: Schedule, cover: Cover, author: str, comment: str) -> overrides.StoredOverride:
    """Store an override. Raises MethodError for one that makes no sense, or that overlaps another."""
    now = parts.clock.now()
    begins, ends = _spoken(cover.begin, known), _spoken(cover.end, known)
    if cover.end <= cover.begin:
        raise MethodError(f"the end, {ends}, is not after the start, {begins} ({known.time_zone})", code=INVALID_PARAMS)
    if cover.end <= now:
        raise MethodError(f"this is over already: it ends {ends} ({known.time_zone})", code=INVALID_PARAMS)

    def work(tx: Tx) -> overrides.StoredOverride:
        for other in _others(tx, known, cover.begin, cover.end):
            raise MethodError(_overlap(cover, other, known), code=REFUSED, data={"code": _code(other)})
        return overrides.add(tx, known.name, cover.who, cover.begin, cover.end, author, comment, now)

    return parts.store.write(work)


def _taken(parts: Parts, known: Schedule, text: str, days: int, people: dict[str, str], author: str) -> Imported:
    """Store what a calendar says. Raises MethodError for what is no calendar."""
    now, settings = parts.clock.now(), parts.settings()
    for target in people.values():
        _targets(target, settings)
    within = (now, now + days * _DAY)
    covers, skipped = parts.aside(partial(_read, text, known, settings, people, within))  # a calendar may be anybody's
    return parts.store.write(lambda tx: _stored(tx, known, covers, skipped, author, now))


def _read(
    text: str, known: Schedule, settings: Settings, people: dict[str, str], within: tuple[float, float]
) -> tuple[list[tuple[str, Cover]], list[Skipped]]:
    """The times that a calendar's events give to somebody, in order, and the events that could not be used."""
    covers: list[tuple[str, Cover]] = []
    skipped: list[Skipped] = []
    try:
        for event in ical.read(text, known.time_zone.info):
            if isinstance(event, Unread):
                skipped.append(Skipped(summary=event.summary, starts_at=None, why=event.why))
            elif times := list(occurrences(event, *within)):
                if who := named(event, settings, people):
                    covers += [(event.summary, Cover(who=who, begin=begin, end=end)) for begin, end in times]
                else:
                    why = "nobody here has this name, or the mail address of an attendee; say whom it means in `people`"
                    skipped.append(Skipped(summary=event.summary, starts_at=times[0][0], why=why))
    except ValueError as error:
        raise MethodError(f"the text {error}", code=INVALID_PARAMS, data={"field": "text"}) from error
    if len(covers) > MOST_IMPORTED:
        raise MethodError(f"these are more than {MOST_IMPORTED} overrides; ask for fewer days", code=REFUSED)
    return sorted(covers, key=lambda one: (one[1].begin, one[1].end)), skipped


def _stored(
    tx: Tx, known: Schedule, covers: Sequence[tuple[str, Cover]], skipped: list[Skipped], author: str, now: float
) -> Imported:
    """Write down what overlaps nothing; runs in the store's thread."""
    there = _others(tx, known, now, math.inf)
    added, told, same = [], list(skipped), 0
    for summary, cover in covers:
        others = [other for other in there if cover.begin < other.end and other.begin < cover.end]
        if any(_holds(other, cover) for other in others):
            same += 1
        elif others:
            told.append(Skipped(summary=summary, starts_at=cover.begin, why=_overlap(cover, others[0], known)))
        else:
            made = overrides.add(tx, known.name, cover.who, cover.begin, cover.end, author, "from a calendar", now)
            added.append(line(made))
            there.append(msgspec.structs.replace(cover, id=made.id))
    return Imported(added=added, known=same, skipped=told)


def _holds(other: Cover, cover: Cover) -> bool:
    """Whether an override says already what another would; a calendar may show only the rest of a shift."""
    return other.who == cover.who and other.begin <= cover.begin and cover.end <= other.end


def _others(tx: Tx, known: Schedule, begin: float, end: float) -> list[Cover]:
    """The overrides of a time: stored ones, and those of the configuration."""
    stored = [
        Cover(who=one.who, begin=one.starts_at, end=one.ends_at, id=one.id)
        for one in overrides.between(tx, begin, end, known.name)
    ]
    return stored + [cover for cover in known.covers if cover.end > begin and cover.begin < end]


def _overlap(cover: Cover, other: Cover, known: Schedule) -> str:
    one, two = (
        f"{', '.join(c.who)} from {_spoken(c.begin, known)} until {_spoken(c.end, known)}" for c in (cover, other)
    )
    return f"{one} overlaps {_code(other) or 'an override of the configuration'}, {two} ({known.time_zone})"


def _code(cover: Cover) -> str:
    return f"O{cover.id}" if cover.id else ""


def _spoken(at: float, known: Schedule) -> str:
    return f"{shown(at, known.time_zone.info):%Y-%m-%d %H:%M}"


def _targets(who: str, settings: Settings) -> tuple[str, ...]:
    """Read people and teams. Raises MethodError for one that there is not."""
    wanted = tuple(dict.fromkeys(one.strip() for one in who.split(",")))
    for target in wanted:
        if said := unknown(target[:100], settings.people.keys(), settings.teams.keys()):
            raise MethodError(said, code=INVALID_PARAMS, data={"field": "who"})
    return wanted


def _is_duration(given: float | str) -> bool:
    try:
        return isinstance(given, str) and seconds(given) > 0
    except ValueError:
        return False


def _instant(given: float | str, known: Schedule, name: str) -> float:
    """Read a time; by the schedule's clock where it names no offset. Raises MethodError.

    Of whole seconds, which is what calendars know: what is written into one is the same when it is read again.
    """
    try:
        at = known.instant(Moment(given)) if isinstance(given, str) else float(given)
    except ValueError as error:
        said = f"{name}: {str(given)[:60]!r} {error}"
        raise MethodError(said, code=INVALID_PARAMS, data={"field": name}) from error
    if not 0 <= at < LAST:
        raise MethodError(f"{name}: years go from 1970 to 2199", code=INVALID_PARAMS, data={"field": name})
    return float(int(at))
