"""Calendars as text (RFC 5545): events read from them, shifts written to them."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import msgspec

from daemon.oncall.recurring import Event, Rule
from daemon.oncall.schedule import Shift
from daemon.oncall.words import FIRST_YEAR, LAST_YEAR

MAX_EVENTS = 2_000
MAX_EXTRA = 1_000  # dates that one event lists
LONGEST = timedelta(days=366)

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PARTS = frozenset(("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST"))
_RULES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """An event that cannot be used, and why."""

    summary: str
    why: str


class _Found(msgspec.Struct, kw_only=True):
    """An event before those that replace one of its times are taken into account."""

    uid: str
    event: Event | None  # None for one that was called off
    replaces: datetime | None  # the time, in UTC where it has a zone


def read(text: str, zone: tzinfo) -> Iterator[Event | Unread]:
    """Yield what stands in a calendar.

    A time without a zone is read by the clock of `zone`. Zones are known by their names; what a calendar says about
    the rules of its own is not taken over. Raises ValueError for what is no calendar.
    """
    found: list[_Found] = []
    for number, piece in enumerate(_pieces(text)):
        if number >= MAX_EVENTS:
            raise ValueError(f"holds more than {MAX_EVENTS} events")
        component, summary = None, ""
        try:
            component = icalendar.Event.from_ical(piece)
            summary = _text(component.get("SUMMARY"))
            found.append(_found(component, summary, zone))
        except (ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
            yield Unread(summary=summary, why=str(error)[:200])
    replaced: dict[str, list[datetime]] = {}
    for one in found:
        if one.replaces is not None:
            replaced.setdefault(one.uid, []).append(one.replaces)
    for one in found:
        if one.event is not None and one.replaces is not None:
            yield one.event
        elif one.event is not None:
            others = {_wall(other, one.event.zone) for other in replaced.get(one.uid, ())}
            yield msgspec.structs.replace(one.event, without=one.event.without | others)


def write(name: str, shifts: Iterable[Shift], now: float) -> str:
    """A calendar with one event a shift."""
    made = icalendar.Calendar()
    made.add("PRODID", "-//tocsin//schedules//EN")
    made.add("VERSION", "2.0")
    made.add("X-WR-CALNAME", name)
    for shift in shifts:
        event = icalendar.Event()
        event.add("SUMMARY", ", ".join(shift.who))
        event.add("DTSTART", datetime.fromtimestamp(shift.begin, UTC))
        event.add("DTEND", datetime.fromtimestamp(shift.end, UTC))
        event.add("DTSTAMP", datetime.fromtimestamp(int(now), UTC))
        named = f"{name} {shift.end} {shift.who}"  # the end stays the same while a shift goes on
        event.add("UID", f"{hashlib.sha256(named.encode()).hexdigest()[:32]}@tocsin")
        made.add_component(event)
    text: bytes = made.to_ical()
    return text.decode()


def _pieces(text: str) -> Iterator[str]:
    """The text of each event, without what may be nested in it."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if not any(line.strip().upper() == "BEGIN:VCALENDAR" for line in lines[:20]):
        raise ValueError("is not a calendar: it has no line BEGIN:VCALENDAR")
    inside: list[str] = []
    kept: list[str] = []
    for line in lines:
        word, _, what = line.rstrip().upper().partition(":")  # a line that begins with a space goes on with the last
        if word == "BEGIN":
            inside.append(what)
        if inside[-1:] == ["VEVENT"]:
            kept.append(line)
        if word == "END":
            if not inside or inside.pop() != what:
                raise ValueError(f"is not a calendar: END:{what[:40]} ends nothing that has begun")
            if what == "VEVENT":
                yield "\r\n".join(kept) + "\r\n"
                kept = []
    if inside:
        raise ValueError(f"is not a whole calendar: END:{inside[-1][:40]} is missing")


def _found(component: Any, summary: str, zone: tzinfo) -> _Found:
    uid = _text(component.get("UID"))
    replaces = component.get("RECURRENCE-ID")
    begin, own = _time(component.get("DTSTART"), zone, "DTSTART")
    if _text(component.get("STATUS")).upper() == "CANCELLED":
        event = None
    else:
        length, is_exact = _length(component, begin, own)
        attendees = component.get("ATTENDEE") or []
        event = Event(
            summary=summary,
            attendees=tuple(_mail(one) for one in (attendees if isinstance(attendees, list) else [attendees])),
            zone=own,
            begin=begin,
            length=length,
            is_exact=is_exact,
            rule=_rule(component.get("RRULE"), own),
            more=_dates(component.get("RDATE"), own),
            without=frozenset(_dates(component.get("EXDATE"), own)),
        )
    return _Found(uid=uid, event=event, replaces=None if replaces is None else _aware(replaces.dt, own))


def _time(value: Any, zone: tzinfo, name: str) -> tuple[datetime, tzinfo]:
    """A time on the wall, and whose wall that is."""
    if value is None or isinstance(value, list):
        raise ValueError(f"it has no {name}, or more than one")
    said = value.dt
    if not isinstance(said, date):
        raise TypeError(f"its {name} is not a time")
    own = zone
    if isinstance(said, datetime):
        if said.tzinfo is not None:
            own = said.tzinfo if isinstance(said.tzinfo, ZoneInfo) else ZoneInfo("UTC")
        elif named := value.params.get("TZID"):
            raise ValueError(f"its time zone {str(named)[:60]!r} is not known")
    wall = _wall(said, own)
    if not FIRST_YEAR <= wall.year <= LAST_YEAR:
        raise ValueError(f"its {name} is not between {FIRST_YEAR} and {LAST_YEAR}")
    return wall, own


def _wall(said: Any, zone: tzinfo) -> datetime:
    """A date, a time without a zone or one with a zone, as this wall shows it."""
    if not isinstance(said, datetime):
        return datetime(said.year, said.month, said.day)  # noqa: DTZ001 - on the wall of the event
    return said if said.tzinfo is None else said.astimezone(zone).replace(tzinfo=None)


def _aware(said: Any, zone: tzinfo) -> datetime:
    return _wall(said, zone).replace(tzinfo=zone)


def _length(component: Any, begin: datetime, zone: tzinfo) -> tuple[timedelta, bool]:
    """How long it is, and whether that is time that passes rather than time on the wall."""
    end, duration = component.get("DTEND"), component.get("DURATION")
    is_exact = False
    if end is not None:
        length = _wall(end.dt, zone) - begin
    elif duration is not None:
        length = duration.dt
        is_exact = length % timedelta(days=1) != timedelta(0)
    else:
        length = timedelta(0) if isinstance(component["DTSTART"].dt, datetime) else timedelta(days=1)
    if length <= timedelta(0):
        raise ValueError("it ends when it begins, or before")
    if length > LONGEST:
        raise ValueError("it is longer than a year")
    return length, is_exact


def _rule(value: Any, zone: tzinfo) -> Rule | None:
    if value is None:
        return None
    if isinstance(value, list):
        raise TypeError("it has more than one rule")
    said = {str(name).upper(): part if isinstance(part, list) else [part] for name, part in dict(value).items()}
    if strange := sorted(said.keys() - _PARTS):
        raise ValueError(f"its rule says {', '.join(strange)[:100]}, which is not understood here")
    every = str(said["FREQ"][0]).upper()
    if every not in _RULES:
        raise ValueError(f"it comes again {every[:20]}; only {', '.join(_RULES)} are understood here")
    weekdays = tuple(_weekday(str(one)) for one in said.get("BYDAY", ()))
    if every in ("DAILY", "WEEKLY") and any(nth for nth, _ in weekdays):
        raise ValueError(f"its rule numbers weekdays, which {every} cannot do")
    interval, count = int(said.get("INTERVAL", [1])[0]), said.get("COUNT")
    if interval < 1:
        raise ValueError("its rule has an INTERVAL below 1")
    return Rule(
        every=every,  # type: ignore[arg-type] # one of _RULES
        interval=interval,
        count=max(0, int(count[0])) if count else None,
        until=_until(said["UNTIL"][0], zone) if "UNTIL" in said else None,
        weekdays=weekdays,
        monthdays=tuple(int(one) for one in said.get("BYMONTHDAY", ())),
        months=tuple(int(one) for one in said.get("BYMONTH", ())),
        week_start=_WEEKDAYS.index(str(said.get("WKST", ["MO"])[0]).upper()),
    )


def _until(said: Any, zone: tzinfo) -> datetime:
    """The last time; a date means the whole of that day."""
    wall = _wall(said, zone)
    return wall if isinstance(said, datetime) else wall + timedelta(days=1, seconds=-1)


def _weekday(text: str) -> tuple[int, int]:
    """Read `MO`, `2MO` or `-1FR`."""
    nth, day = text[:-2], text[-2:].upper()
    return int(nth) if nth else 0, _WEEKDAYS.index(day)


def _dates(value: Any, zone: tzinfo) -> tuple[datetime, ...]:
    if value is None:
        return ()
    found = [one.dt for line in (value if isinstance(value, list) else [value]) for one in line.dts]
    if len(found) > MAX_EXTRA:
        raise ValueError(f"it lists more than {MAX_EXTRA} dates")
    return tuple(_wall(one[0] if isinstance(one, tuple) else one, zone) for one in found)


def _text(value: Any) -> str:
    first = value[0] if isinstance(value, list) else value
    return "" if first is None else str(first)[:200].strip()


def _mail(value: Any) -> str:
    text = str(value)
    return text[len("mailto:") :].lower() if text.lower().startswith("mailto:") else text.lower()
