"""Whom a receiver's `to:` names: people, teams and schedules, and who may be behind each of them."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from daemon.config.findings import quoted
from daemon.config.scalars import meant
from daemon.config.settings import Settings
from daemon.oncall.recurring import Event
from daemon.oncall.schedule import SCHEDULE, TEAM, Book, Cover, Schedule


def unknown(
    target: str, people: AbstractSet[str], teams: AbstractSet[str], schedules: AbstractSet[str] | None = None
) -> str:
    """Say what is wrong with a target; empty when there is such a one. Without `schedules` none may be named."""
    kind, colon, name = target.partition(":")
    known = {TEAM: teams, SCHEDULE: schedules}.get(kind + colon)
    if not colon:
        kinds = ((TEAM, teams), (SCHEDULE, schedules or frozenset()))
        elsewhere = [prefix + target for prefix, names in kinds if target in names]
        hint = f"; did you mean {quoted(elsewhere[0])}?" if elsewhere else meant(target, people)
        return "" if target in people else f"there is no person {quoted(target)}{hint}"
    if known is None:
        may = "a person, or team:<name>" + (", or schedule:<name>" if schedules is not None else "")
        return f"{quoted(target)} is not {may}"
    return "" if name in known else f"there is no {kind} {quoted(name)}{meant(name, known)}"


def everyone(target: str, settings: Settings) -> list[str]:
    """All people who can be told by way of a target, at whatever time."""
    found = [
        person
        for name in passed(target, settings)
        if not name.startswith(SCHEDULE)
        for person in (settings.teams.get(name.removeprefix(TEAM), ()) if name.startswith(TEAM) else (name,))
    ]
    return list(dict.fromkeys(found))


def passed(target: str, settings: Settings) -> list[str]:
    """The target itself, and every target that stands in the schedule that it is, in those that it uses, and so on."""
    found = [target]
    for name in found:  # which grows meanwhile
        if name.startswith(SCHEDULE) and (schedule := settings.schedules.get(name.removeprefix(SCHEDULE))):
            found += dict.fromkeys(below for below in _named(schedule) if below not in found)
    return found


def book(settings: Settings, stored: Mapping[str, tuple[Cover, ...]]) -> Book:
    """The schedules with what was stored for them; a stored override by people who are gone holds no more."""
    known = settings.people
    return Book(
        schedules=settings.schedules,
        teams=settings.teams,
        stored={
            name: tuple(one for one in covers if any(who in known for who in _people(one.who, settings)))
            for name, covers in stored.items()
        },
    )


def named(event: Event, settings: Settings, given: Mapping[str, str]) -> tuple[str, ...]:
    """The people and teams that an event of a calendar means; none when nobody here is called so.

    Its summary counts, which may name several with commas between them, and else its attendees' mail addresses.
    `given` says whom a summary or an address means, before everything else.
    """
    said = {text.strip().casefold(): target for text, target in given.items()}
    said |= {name.casefold(): name for name in settings.people if name.casefold() not in said}
    said |= {(TEAM + name).casefold(): TEAM + name for name in settings.teams if (TEAM + name).casefold() not in said}
    mails = {one.email.casefold(): name for name, one in settings.people.items() if one.email} | said
    for words, known in (((event.summary,), said), (event.summary.split(","), said), (event.attendees, mails)):
        found = [known.get(word.strip().casefold(), "") for word in words]
        if found and all(found):
            return tuple(dict.fromkeys(found))
    return ()


def _people(targets: tuple[str, ...], settings: Settings) -> Iterator[str]:
    for target in targets:
        yield from everyone(target, settings)


def _named(schedule: Schedule) -> Iterator[str]:
    for layer in schedule.layers:
        yield from (*layer.people, *layer.duties.named)
        if layer.use:
            yield SCHEDULE + layer.use
    yield from (override.who for override in schedule.overrides)
