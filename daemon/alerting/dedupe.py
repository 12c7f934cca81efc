"""Is this event new, more of the same, worse, or the end?"""

from enum import StrEnum

import msgspec

from daemon.alert import Alert
from daemon.event import Event, State


class Change(StrEnum):
    """What an event did to its alert."""

    NEW = "new"  # a problem that was not open
    REPEAT = "repeat"  # it is still there: counted
    WORSE = "worse"  # still there, and its severity rose
    RESOLVED = "resolved"  # it is over
    NOT_OPEN = "not_open"  # a resolve of something that is not open: nothing to do


def change(known: Alert | None, event: Event) -> Change:
    """Compare an event with the open alert of its fingerprint, if there is one."""
    if event.state is State.RESOLVED:
        return Change.NOT_OPEN if known is None else Change.RESOLVED
    if known is None:
        return Change.NEW
    return Change.WORSE if event.severity.urgency < known.severity.urgency else Change.REPEAT


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
    """What matchers see: the event's own labels, with `source` and `severity` in tocsin's words.

    So `severity="critical"` matches whatever the source called it.
    """
    return event.labels | {"source": event.source, "severity": event.severity.value}
