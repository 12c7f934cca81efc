"""What would happen to an alarm with these labels at this instant: decided by the same functions, nothing written."""

import math
from collections.abc import Mapping

import msgspec

from daemon.alert import Alert
from daemon.alerting import address, barred, dedupe, explain, route, tick
from daemon.alerting.address import Address
from daemon.alerting.barred import Barred
from daemon.alerting.explain import Identity
from daemon.alerting.route import Node
from daemon.alerting.rules import Rules
from daemon.alerting.said import moment
from daemon.alerting.walk import NodeLook, walk
from daemon.event import Event, Severity, State, cleaned
from daemon.notice import Reason
from daemon.store import alerts, asked, groups, overrides, storms
from daemon.store.base import Tx


class Hears(msgspec.Struct, frozen=True, kw_only=True):
    """One group that it would join: who would be told, when, by which ways. `group` is empty for a new one."""

    place: str
    receiver: str
    group: str
    labels: dict[str, str]
    at: float
    reason: Reason
    muted: Barred | None  # what would mute it at that instant
    held: bool  # for the next digest: the receiver hears of too much
    people: list[Address]
    missing: list[str]  # whom nothing can be sent to, and why


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen, the answer first."""

    answer: str
    at: float
    labels: dict[str, str]  # as routes see them
    identity: Identity
    open_alert: str  # the alert that this would only count up; empty when there is none
    routes: list[NodeLook]
    routes_left: int
    hears: list[Hears]


def rehearsed(tx: Tx, labels: Mapping[str, str], severity: Severity, source: str, rules: Rules, at: float) -> Rehearsal:
    """Name every station once, as `pipeline.accept_one` does. `tx` is only read."""
    known = rules.settings.sources.get(source)
    own = known.labels if known else {}
    event = cleaned(Event(source=source, severity=severity, title="what if", labels={**own, **labels}), at)
    alert = dedupe.opened(event, event.fingerprint(), dedupe.routing_labels(event), at)
    last = alerts.last_with(tx, alert.fingerprint)
    before = last if last is not None and last.state is State.FIRING else None
    routes = walk(rules.root, alert.labels)
    hears = [_hears(tx, node, alert, rules, at) for node in route.matching(rules.root, alert.labels)]
    return Rehearsal(
        answer=_answer(hears, before, at),
        at=at,
        labels=alert.labels,
        identity=explain.identity(alert.source, event.identity(), alert.fingerprint),
        open_alert=before.code if before else "",
        routes=routes[: explain.MOST_ROUTES],
        routes_left=max(0, len(routes) - explain.MOST_ROUTES),
        hears=hears,
    )


def _hears(tx: Tx, node: Node, alert: Alert, rules: Rules, at: float) -> Hears:
    key, labels = node.group_key(alert.labels, alert.fingerprint)
    group = asked.find(tx, node.key, node.receiver, key)
    began, flushed, due = (group.began_at, group.flushed_at, group.next_at) if group else (None, None, None)
    when = tick.for_news(began, flushed, node.wait, node.interval, alert.started_at, at)
    when = max(at, when if due is None else min(when, due))
    told = groups.told(tx, group.id, of_ends=True) or groups.told(tx, group.id, of_ends=False) if group else None
    receiver = rules.settings.receivers.get(node.receiver)
    covers = overrides.covers(tx, when, math.nextafter(when, math.inf)) if rules.settings.schedules else {}
    to = address.addresses(receiver.notify if receiver else (), rules.settings, (when,), covers)
    return Hears(
        place=node.place,
        receiver=node.receiver,
        group=group.code if group else "",
        labels=labels,
        at=when,
        reason=Reason.NEW_MEMBER if told and told.firing else Reason.FIRST,
        muted=barred.now(tx, alert, node, rules, when),
        held=alert.severity is not Severity.CRITICAL and storms.over(tx, node.receiver) is not None,
        people=to.addresses,
        missing=to.missing,
    )


def _answer(hears: list[Hears], before: Alert | None, at: float) -> str:
    if before is not None:
        return f"nobody would be told: {before.code} is open with the same labels, and would only be counted"
    told = [_who(one, at) for one in hears if one.people and one.muted is None]
    kept = [_why_not(one, at) for one in hears if not one.people or one.muted is not None]
    if not told:
        return f"nobody would be told: {'; '.join(kept)}"
    return "; ".join([*told, *kept])


def _who(one: Hears, at: float) -> str:
    people = [f"{to.recipient or 'the room'} by {', then '.join(hop.channel for hop in to.hops)}" for to in one.people]
    when = "at once" if one.at <= at else f"at {moment(one.at, at)}"
    how = f"{when} in the digest that gathers" if one.held else when
    group = f" with {one.group}" if one.group and one.at > at else ""
    return f"{one.receiver} would be told {how}{group}: {', '.join(people)}"


def _why_not(one: Hears, at: float) -> str:
    if one.muted is not None:
        return f"{one.receiver}, {one.muted.spoken(at)}"
    if one.missing:
        return f"{one.receiver} is nobody: {', '.join(one.missing)}"
    return f"the receiver {one.receiver} has no `notify:`, so it would be recorded only"
