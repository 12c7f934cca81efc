"""The way of one event inside a transaction: what it changes, who hears of it, what goes into the outbox.

Everything here runs in the store's thread, within the caller's transaction: values in, values out.
"""

from collections.abc import Sequence

import msgspec

from daemon.alert import Alert
from daemon.alerting import address, dedupe, notify, route
from daemon.alerting.dedupe import Change
from daemon.config.settings import Settings
from daemon.event import Event, State
from daemon.notice import Reason
from daemon.store import alerts, ends, notices, outbox, overrides
from daemon.store.alerts import Step
from daemon.store.base import Tx


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one event. `code` is empty when it changed nothing and belongs to no open alert."""

    code: str
    source: str
    change: Change
    told: list[tuple[str, Reason]]  # receivers with a notice, and why


def accept(
    tx: Tx, events: Sequence[Event], settings: Settings, now: float, heard: float | None = None
) -> list[Accepted]:
    """Take events, in order; all of them or, when one raises, none.

    `heard` is when they came, where that was before now: they waited in quarantine.
    """
    return [accept_one(tx, event, event.fingerprint(), settings, now, heard) for event in events]


def end(tx: Tx, alert: Alert, text: str, settings: Settings, now: float) -> Accepted:
    """End an open alert, whatever its identity was made of; one that is over already stays as it is."""
    event = Event(source=alert.source, state=State.RESOLVED, severity=alert.severity, title=alert.title, text=text)
    return accept_one(tx, event, alert.fingerprint, settings, now)


def accept_one(
    tx: Tx, event: Event, fingerprint: str, settings: Settings, now: float, heard: float | None = None
) -> Accepted:
    """Name every station once: dedupe, (inhibit, silence,) route, (group,) notify, outbox."""
    change, alert = _deduped(tx, event, fingerprint, now, heard)
    if alert is None:
        return Accepted(code="", source=event.source, change=change, told=[])
    steps = [Step(stage="dedupe", verdict=change.value)]
    if change is Change.STALE:  # the alert is as it was, so there is nothing to tell
        alerts.record(tx, alert.id, steps, now)
        return Accepted(code=alert.code, source=event.source, change=change, told=[])
    # inhibition and silences stand here: what they mute goes no further, and says so in the trace
    told = notices.told(tx, alert.id) if change is not Change.NEW else {}
    hearing = route.receivers(settings.route, alert.labels)
    if alert.state is State.RESOLVED:  # whoever was told that it began is told that it is over
        hearing = list(dict.fromkeys([*told, *hearing]))
    steps.append(Step(stage="route", verdict="matched", detail=", ".join(hearing)))
    # grouping stands here: it decides when a receiver hears, and of what else together with this
    reasons: list[tuple[str, Reason]] = []
    for name in hearing:
        reason = notify.reason(told.get(name), alert)
        steps.append(Step(stage="notify", verdict=reason or "nothing_new", detail=name))
        if reason is not None:
            steps += _posted(tx, alert, name, reason, settings, now)
            reasons.append((name, reason))
    # A repeat that tells nobody anything leaves no trace: there is no end of them.
    if reasons or change is not Change.REPEAT:
        alerts.record(tx, alert.id, steps, now)
    return Accepted(code=alert.code, source=event.source, change=change, told=reasons)


def _deduped(tx: Tx, event: Event, fingerprint: str, now: float, heard: float | None) -> tuple[Change, Alert | None]:
    """Say what the event is to what is known, and write that down; without an alert when it belongs to none."""
    known = alerts.open_with(tx, fingerprint)
    end = None if heard is None else ends.last(tx, fingerprint)
    change = dedupe.change(known, event, heard, end)
    if event.state is State.RESOLVED and change is not Change.STALE:
        ends.note(tx, event.source, fingerprint, now if heard is None else heard, event.ended_at)
    return change, _saved(tx, known, event, fingerprint, change, dedupe.last_word(known, now, heard))


def _saved(tx: Tx, known: Alert | None, event: Event, fingerprint: str, change: Change, at: float) -> Alert | None:
    """Write what the event did to its alert; None when there is none. `at` is its last word, `last_seen`."""
    if change in (Change.NOT_OPEN, Change.STALE):
        return known
    if known is None:
        return alerts.add(tx, dedupe.opened(event, fingerprint, dedupe.routing_labels(event), at))
    if change is Change.REPEAT:
        alerts.seen_again(tx, known.id, at)
        return dedupe.repeated(known, at)
    if change is Change.WORSE:
        alert = dedupe.worsened(known, event, dedupe.routing_labels(event), at)
    else:
        alert = dedupe.resolved(known, event, at)
    alerts.replace(tx, alert)
    return alert


def _posted(tx: Tx, alert: Alert, receiver: str, reason: Reason, settings: Settings, now: float) -> list[Step]:
    """Write the notice and one outbox row per recipient; say what was written."""
    notice = notices.add(tx, alert, receiver, reason, now)
    known = settings.receivers.get(receiver)
    if known is None:  # told by an older configuration, which had such a receiver
        return [Step(stage="outbox", verdict="receiver_gone", detail=receiver)]
    covers = overrides.covers_at(tx, now) if settings.schedules else {}
    addressed = address.addresses(known, settings, alert.state, now, covers)
    steps = [Step(stage="outbox", verdict="missing", detail=said) for said in addressed.missing]
    for to in addressed.addresses:
        delivery = outbox.put(tx, notice, to.recipient, to.hops, now)
        ways = " then ".join(hop.channel for hop in to.hops)
        steps.append(Step(stage="outbox", verdict=f"D{delivery}", detail=f"{to.recipient or 'room'} by {ways}"))
    return steps if addressed.addresses else [*steps, Step(stage="outbox", verdict="nobody", detail=receiver)]
