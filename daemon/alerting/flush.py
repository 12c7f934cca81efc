"""One group at one of its ticks: what mutes its members, what is news for its receiver, and when to look again."""

from collections.abc import Sequence

import msgspec

from daemon.alert import Alert
from daemon.alerting import ladder, mute, notify, post, tick
from daemon.alerting.mute import Muted
from daemon.alerting.route import REPEAT, Node
from daemon.alerting.rules import Rules
from daemon.config.audience import Leg, Receiver
from daemon.event import Severity, State
from daemon.notice import Reason
from daemon.store import acks, alerts, groups, notices, silences
from daemon.store.alerts import Step
from daemon.store.base import Tx
from daemon.store.groups import Group, Member, Told

NEVER = float("inf")


class Flushed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a flush: who was told of what, for metrics and the log."""

    group: str
    receiver: str
    told: list[tuple[Reason, str]]  # why, and the code of the alert that stands first


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A group's members as its receiver is to see them. Each problem is in it once, as its last episode stands."""

    firing: list[Alert]
    resolved: list[Alert]
    muted: list[tuple[Alert, Muted]]
    left: list[Alert]  # open, and routed elsewhere by now
    gone: list[int]  # ids of episodes that a later one of the same problem follows

    @property
    def over(self) -> list[Alert]:
        """Everything that ended, told or not."""
        return [*self.resolved, *(alert for alert, _ in self.muted if alert.state is State.RESOLVED)]


def flush(tx: Tx, group: Group, rules: Rules, now: float) -> Flushed:
    """Name every station: look at the members, tell each kind of leg, let go of what is over, set the next tick."""
    node = rules.node(group.node, group.receiver)
    view = _look(tx, group, node, rules, now)
    receiver = rules.settings.receivers.get(group.receiver)
    reasons, repeat_at = [], NEVER
    in_hand = acks.cover(tx, [alert.id for alert in view.firing])  # then nobody is told again what they know
    for of_ends, legs in _kinds_of_leg(receiver):
        before = groups.told(tx, group.id, of_ends=of_ends)
        due = NEVER if in_hand else _repeat_at(before, node)
        severities = {alert.fingerprint: alert.severity for alert in view.firing}
        over = {alert.fingerprint for alert in view.resolved}
        reason = notify.reason(before, severities, over, of_ends=of_ends, repeat_at=due, now=now)
        if reason is not None:
            first = _tell(tx, group, view, before, reason, legs, rules, now)
            reasons.append((reason, first))
        after = told_after(before, view, severities, reason, now)
        if after is not None and after != before:
            groups.tell(tx, group.id, after, of_ends=of_ends)
        if view.firing and not in_hand:
            repeat_at = min(repeat_at, _repeat_at(after, node))
        ladder.told(tx, group, after.firing if after else (), view.firing, now)
    for alert_id in [*view.gone, *(alert.id for alert in view.over)]:
        groups.drop(tx, group.id, alert_id)
    empty = not (view.firing or view.left or any(alert.state is State.FIRING for alert, _ in view.muted))
    groups.flushed(tx, group, now, _next_tick(group, node, view, repeat_at, now), empty=empty)
    return Flushed(group=group.code, receiver=group.receiver, told=reasons)


def told_after(
    before: Told | None, view: View, severities: dict[str, Severity], reason: Reason | None, now: float
) -> Told | None:
    """What the receiver knows after the flush; None when it knows nothing and there is nothing to know."""
    over = {alert.fingerprint for alert in view.over}
    if reason is None:
        if before is None:
            return None
        firing = {fingerprint: severity for fingerprint, severity in before.firing.items() if fingerprint not in over}
        return Told(at=before.at, firing=firing, aside=[one for one in before.aside if one not in over])
    known = [] if before is None else [*before.firing, *before.aside]
    left = {alert.fingerprint: alert.severity for alert in view.left if alert.fingerprint in known}
    firing = severities | left
    return Told(
        at=now, firing=firing, aside=[one for one in dict.fromkeys(known) if one not in firing | dict.fromkeys(over)]
    )


def _look(tx: Tx, group: Group, node: Node | None, rules: Rules, now: float) -> View:
    """Sort the members by what is to be told of them, and note what mutes them."""
    latest: dict[str, Member] = {}
    view = View(firing=[], resolved=[], muted=[], left=[], gone=[])
    for member in groups.members(tx, group.id):
        if (earlier := latest.get(member.alert.fingerprint)) is not None:
            view.gone.append(earlier.alert.id)
        latest[member.alert.fingerprint] = member
    for member in latest.values():
        alert = member.alert
        muted = mute.why(tx, alert, node, rules, now) if node is not None else None
        _note(tx, group, member, muted, now)
        if muted is not None:
            view.muted.append((alert, muted))
        elif alert.state is State.RESOLVED:
            view.resolved.append(alert)
        else:
            (view.left if member.leaving or node is None else view.firing).append(alert)
    return view


def _note(tx: Tx, group: Group, member: Member, muted: Muted | None, now: float) -> None:
    """Write into the trace that something began or ceased to mute a member; count what a silence hides."""
    if muted is not None and muted.silence:
        silences.hid(tx, muted.silence, member.alert.id, now)
    why = str(muted or "")
    if why != member.muted:
        groups.note_muted(tx, group.id, member.alert.id, why)
        step = Step(stage="mute", verdict=muted.cause if muted else "no_longer", detail=muted.detail if muted else "")
        alerts.record(tx, member.alert.id, [_in(group), step], now)


def _tell(
    tx: Tx, group: Group, view: View, before: Told | None, reason: Reason, legs: Sequence[Leg], rules: Rules, now: float
) -> str:
    """Write the notice and its deliveries, and into the trace of each alert that is news; return the first's code."""
    known = set() if before is None else {*before.firing, *before.aside}
    resolved = [alert for alert in view.resolved if alert.fingerprint in known]
    firing = [*view.firing, *(alert for alert in view.left if alert.fingerprint in known)]
    notice = notices.add(tx, firing, resolved, group.receiver, reason, now, group_id=group.id, labels=group.labels)
    steps = [_in(group), Step(stage="notify", verdict=reason, detail=group.receiver)]
    if group.receiver not in rules.settings.receivers:  # told by an older configuration, which had such a receiver
        steps.append(Step(stage="outbox", verdict="receiver_gone", detail=group.receiver))
    else:
        escalated = ladder.also(tx, group, resolved, legs, rules) if resolved else []
        steps += post.post(tx, notice, [*legs, *escalated], rules, now, group_id=group.id)
    news = [alert for alert in firing if _is_news(alert, before)]
    for alert in [*news, *resolved] or [notice.alert]:
        alerts.record(tx, alert.id, steps, now)
    return notice.alert.code


def _is_news(alert: Alert, before: Told | None) -> bool:
    told = before.firing.get(alert.fingerprint) if before else None
    return told is None or alert.severity.urgency < told.urgency


def _kinds_of_leg(receiver: Receiver | None) -> list[tuple[bool, list[Leg]]]:
    """The legs that hear of ends and those that do not: each kind is told by itself. A lost receiver has none."""
    legs = receiver.notify if receiver else ()
    kinds = [(of_ends, [leg for leg in legs if leg.send_resolved is of_ends]) for of_ends in (True, False)]
    return [kind for kind in kinds if kind[1]] or [(True, [])]


def _repeat_at(told: Told | None, node: Node | None) -> float:
    if told is None or not told.firing:
        return NEVER
    return told.at + (node.repeat if node else REPEAT)


def _next_tick(group: Group, node: Node | None, view: View, repeat_at: float, now: float) -> float | None:
    """When something can have changed without news: at every tick while something is muted, else for the repeat."""
    if node is None:
        return None
    began = now if group.began_at is None else group.began_at
    soonest = tick.after(began, node.interval, now)
    if any(alert.state is State.FIRING for alert, _ in view.muted):
        return soonest
    return max(soonest, tick.at_or_after(began, node.interval, repeat_at)) if repeat_at < NEVER else None


def _in(group: Group) -> Step:
    return Step(stage="group", verdict=group.code, detail=group.receiver)
