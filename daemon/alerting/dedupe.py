"""Is this event new, more of the same, worse, or the end?"""

from enum import StrEnum

import msgspec

from daemon.alert import Alert
from daemon.event import Event, State
from daemon.store.ends import End


class Change(StrEnum):
    """What an event did to its alert."""

    NEW = "new"  # a problem that was not open
    REPEAT = "repeat"  # it is still there: counted
    WORSE = "worse"  # still there, and its severity rose
    RESOLVED = "resolved"  # it is over
    NOT_OPEN = "not_open"  # a resolve of something that is not open: nothing to do
    STALE = "stale"  # it speaks of what was over before: it would end another episode, or begin one without an end


def change(known: Alert | None, event: Event, heard: float | None = None, end: End | None = None) -> Change:
    """Compare an event with the open alert of its fingerprint, if there is one.

    `heard` is when a request came that is only now fed through again, and `end` the last end heard of the problem.
    Both are None for what comes now: such an alarm always counts, whatever times it states.
    """
    if event.state is State.RESOLVED:
        if known is None:
            return Change.NOT_OPEN
        return Change.STALE if _of_before(known, event) or _overtaken(known, heard) else Change.RESOLVED
    if known is None:
        return Change.STALE if _is_over(event, heard, end) else Change.NEW
    return Change.WORSE if event.severity.urgency < known.severity.urgency else Change.REPEAT


def _of_before(known: Alert, event: Event) -> bool:
    """Whether the source says that what ended was over before this began: its clock compared with its clock."""
    begin, end = event.started_at, event.ended_at
    its_own_word = known.started_at < known.first_seen  # else it said none, or one that our clock had not reached
    return its_own_word and begin is not None and end is not None and begin <= end < known.started_at


def _overtaken(known: Alert, heard: float | None) -> bool:
    """Whether the problem was heard of again after this end was."""
    return heard is not None and heard < known.last_seen


def _is_over(event: Event, heard: float | None, end: End | None) -> bool:
    """Whether the end of this was heard since, unless the source says that it began after that end."""
    if heard is None or end is None or heard >= end.heard_at:
        return False
    return event.started_at is None or end.ended_at is None or event.started_at <= end.ended_at


def last_word(known: Alert | None, now: float, heard: float | None) -> float:
    """When an alert was last spoken of, after this event. One that waited in quarantine does not make that earlier."""
    if heard is None:
        return now
    return heard if known is None else max(heard, known.last_seen)


def opened(event: Event, fingerprint: str, labels: dict[str, str], now: float) -> Alert:
    """Make the alert of a new problem; its id is given by the store."""
    return Alert(
        id=0,
        fingerprint=fingerprint,
        source=event.source,
        key=event.key,
        state=State.FIRING,
        severity=event.severity,
        title=event.title,
        text=event.text,
        labels=labels,
        links=event.links,
        started_at=min(event.started_at or now, now),
        ended_at=None,
        first_seen=now,
        last_seen=now,
        count=1,
    )


def repeated(known: Alert, now: float) -> Alert:
    """The same problem, heard of once more; its title and text stay those of its worst."""
    return msgspec.structs.replace(known, last_seen=now, count=known.count + 1)


def worsened(known: Alert, event: Event, labels: dict[str, str], now: float) -> Alert:
    """The same problem with what the event says of it now."""
    return msgspec.structs.replace(
        known,
        severity=event.severity,
        title=event.title,
        text=event.text,
        labels=labels,
        links=event.links,
        last_seen=now,
        count=known.count + 1,
    )


def resolved(known: Alert, event: Event, now: float) -> Alert:
    """The problem's end. What it was called while it fired stays; the end's own text is kept when it has one."""
    return msgspec.structs.replace(
        known,
        state=State.RESOLVED,
        text=event.text or known.text,
        links=known.links | event.links,
        ended_at=max(min(event.ended_at or now, now), known.started_at),
        last_seen=now,
    )


def routing_labels(event: Event) -> dict[str, str]:
    """What matchers see: the event's own labels; `source` and `severity` in tocsin's words where it has none so named.

    A route that was written for Prometheus' `severity: page` goes on matching that.
    """
    return {"source": event.source, "severity": event.severity.value} | event.labels
