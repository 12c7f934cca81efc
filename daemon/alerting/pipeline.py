"""The way of one event inside a transaction: what it changes, and which groups have news of it.

Everything here runs in the store's thread, within the caller's transaction: values in, values out.
"""

from collections.abc import Iterable, Sequence

import msgspec

from daemon.alert import Alert
from daemon.alerting import acknowledge, dedupe, flapping, gather, ladder, lasting, until
from daemon.alerting.dedupe import Change
from daemon.alerting.draft import Draft
from daemon.alerting.flush import Flushed, flush
from daemon.alerting.rules import Rules
from daemon.event import Event, State
from daemon.store import absences, alerts, ends
from daemon.store.alerts import Step
from daemon.store.base import Tx


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one event. `code` is empty when it changed nothing and belongs to no open alert."""

    code: str
    source: str
    change: Change
    groups: list[int] = []  # the groups that have news of it


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all events of one request, and of the groups that were due at once."""

    accepted: list[Accepted]
    flushed: list[Flushed]


def accept(tx: Tx, events: Sequence[Event], rules: Rules, now: float, heard: float | None = None) -> Outcome:
    """Take events, in order; all of them or, when one raises, none. Groups that need not wait are flushed with them.

    `heard` is when they came, where that was before now: they waited in quarantine.
    """
    draft = Draft()
    accepted = [accept_one(tx, event, event.fingerprint(), rules, now, draft, heard) for event in events]
    return Outcome(accepted=accepted, flushed=_flushed(tx, accepted, rules, now, draft))


def end(tx: Tx, open_alerts: Iterable[Alert], text: str, rules: Rules, now: float) -> Outcome:
    """End open alerts, whatever their identities were made of; one that is over already stays as it is."""
    draft = Draft()
    accepted = [_over(tx, alert, text, rules, now, draft) for alert in open_alerts]
    return Outcome(accepted=accepted, flushed=_flushed(tx, accepted, rules, now, draft))


def accept_one(
    tx: Tx, event: Event, fingerprint: str, rules: Rules, now: float, draft: Draft, heard: float | None = None
) -> Accepted:
    """Name every station once: dedupe, inhibition, route and group. Telling is the groups' affair."""
    if event.unless_heard_by is not None and heard is None:
        absences.expect(tx, event, fingerprint, event.unless_heard_by, now)
    change, before, alert = _deduped(tx, event, fingerprint, now, heard)
    if alert is None:
        return Accepted(code="", source=event.source, change=change)
    lasting.note(tx, event, alert, change)
    if change is not Change.NEW:
        draft.forget()
    if change is not Change.REPEAT:  # there is no end of repeats, so they leave no trace
        draft.steps(alert.id).append(Step(stage="dedupe", verdict=change.value))
    news: list[int] = []
    if before is not None and change in (Change.NEW, Change.RESOLVED):
        flapping.note(tx, alert, rules.settings.flapping, now)
    if change in (Change.NEW, Change.WORSE):
        rules.inhibition.ends(tx, alert)
        rules.inhibition.begins(tx, alert)
        news = gather.gathered(tx, alert, rules, now, draft, is_new=change is Change.NEW)
        ladder.begin(tx, alert, news, rules, draft, is_new=change is Change.NEW)
    elif change is Change.RESOLVED:
        rules.inhibition.ends(tx, alert)
        news = gather.ended(tx, alert, rules, now, draft)
        acknowledge.over(tx, alert, draft.steps(alert.id))
    return Accepted(code=alert.code, source=event.source, change=change, groups=news)


def over(tx: Tx, alert: Alert, text: str, rules: Rules, now: float) -> Accepted:
    """End one open alert; its groups are flushed when they are due."""
    draft = Draft()
    accepted = _over(tx, alert, text, rules, now, draft)
    draft.write(tx, now)
    return accepted


def _over(tx: Tx, alert: Alert, text: str, rules: Rules, now: float, draft: Draft) -> Accepted:
    event = Event(source=alert.source, state=State.RESOLVED, severity=alert.severity, title=alert.title, text=text)
    return accept_one(tx, event, alert.fingerprint, rules, now, draft)


def _flushed(tx: Tx, accepted: Sequence[Accepted], rules: Rules, now: float, draft: Draft) -> list[Flushed]:
    """End the silences that held until these alerts were resolved, then flush those groups that need not wait."""
    if ended := [one.code for one in accepted if one.change is Change.RESOLVED]:
        until.resolved(tx, ended, rules, now)
    touched = dict.fromkeys(group_id for one in accepted for group_id in one.groups)
    found = (draft.group(tx, group_id) for group_id in touched)
    due = [group for group in found if group is not None and group.next_at is not None and group.next_at <= now]
    flushed = [flush(tx, group, rules, now, draft) for group in due]
    draft.write(tx, now)
    return flushed


def _deduped(
    tx: Tx, event: Event, fingerprint: str, now: float, heard: float | None
) -> tuple[Change, Alert | None, Alert | None]:
    """Say what the event is to what is known, and write that down.

    With the last alert of its problem as it was, and with the one that it belongs to as it is now, if to any.
    """
    last = alerts.last_with(tx, fingerprint)
    known = last if last is not None and last.state is State.FIRING else None
    end = None if heard is None else ends.last(tx, fingerprint)
    change = dedupe.change(known, event, heard, end)
    if event.state is State.RESOLVED and change is not Change.STALE:
        ends.note(tx, event.source, fingerprint, now if heard is None else heard, event.ended_at)
    return change, last, _saved(tx, known, event, fingerprint, change, dedupe.last_word(known, now, heard))


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
