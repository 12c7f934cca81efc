"""One group at one of its ticks: what mutes its members, what is news for its receiver, and when to look again."""

from collections.abc import Sequence

import msgspec

from daemon.alert import Alert
from daemon.alerting import ladder, mute, notify, post, storm, tick
from daemon.alerting.mute import Cause, Muted
from daemon.alerting.route import REPEAT, Node
from daemon.alerting.rules import Rules
from daemon.config.audience import Leg, Receiver
from daemon.event import Severity, State
from daemon.notice import Notice, Reason
from daemon.store import acks, alerts, flaps, groups, notices, silences
from daemon.store.alerts import Step
from daemon.store.base import Tx
from daemon.store.groups import Group, Member, Told

NEVER = float("inf")


class Flushed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a flush: who was told of what, for metrics and the log."""

    group: str
    receiver: str
    told: list[tuple[Reason, str]]  # why, and the code of the alert that stands first
    unheard: list[tuple[Alert, str]] = []  # what fires and was to be told, but there was nobody, and why


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A group's members as its receiver is to see them. Each problem is in it once, as its last episode stands."""

    firing: list[Alert]
    resolved: list[Alert]
    muted: list[tuple[Alert, Muted]]
    flapping: list[Alert]  # of those muted because they flap, the ones that this group was not told of
    left: list[Alert]  # open, and routed elsewhere by now
    gone: list[int]  # ids of episodes that a later one of the same problem follows

    @property
    def over(self) -> list[Alert]:
        """Everything that ended, told or not; the end of what flaps is told once it has settled."""
        ended = (alert for alert, why in self.muted if alert.state is State.RESOLVED and not why.passes)
        return [*self.resolved, *ended]


def flush(tx: Tx, group: Group, rules: Rules, now: float) -> Flushed:
    """Name every station: look at the members, tell each kind of leg, let go of what is over, set the next tick."""
    node = rules.node(group.node, group.receiver)
    view = _look(tx, group, node, rules, now)
    receiver = rules.settings.receivers.get(group.receiver)
    reasons, unheard, repeat_at = [], [], NEVER
    in_hand = acks.cover(tx, [alert.id for alert in view.firing])  # then nobody is told again what they know
    for of_ends, legs in _kinds_of_leg(receiver):
        before = groups.told(tx, group.id, of_ends=of_ends)
        due = NEVER if in_hand else _repeat_at(before, node)
        severities = {alert.fingerprint: alert.severity for alert in view.firing}
        over = {alert.fingerprint for alert in view.resolved}
        reason = notify.reason(before, severities, over, of_ends=of_ends, repeat_at=due, now=now)
        if reason is not None:
            notice, nobody = _tell(tx, group, view, before, reason, legs, rules, now)
            reasons.append((reason, notice.alert.code))
            unheard += nobody
        if view.flapping:
            notice, nobody = _tell_flapping(tx, group, view, legs, rules, now)
            reasons.append((Reason.FLAPPING, notice.alert.code))
            unheard += nobody
        after = told_after(before, view, severities, reason, now)
        if after is not None and after != before:
            groups.tell(tx, group.id, after, of_ends=of_ends)
        if view.firing and not in_hand:
            repeat_at = min(repeat_at, _repeat_at(after, node))
        ladder.told(tx, group, after.firing if after else (), view.firing, now)
    for alert in view.flapping:
        flaps.tell(tx, alert.fingerprint, group.id)
    for alert_id in [*view.gone, *(alert.id for alert in view.over)]:
        groups.drop(tx, group.id, alert_id)
    empty = not (view.firing or view.left or any(_stays(*one) for one in view.muted))
    groups.flushed(tx, group, now, _next_tick(group, node, view, repeat_at, now), empty=empty)
    return Flushed(group=group.code, receiver=group.receiver, told=reasons, unheard=unheard)


def told_after(
    before: Told | None, view: View, severities: dict[str, Severity], reason: Reason | None, now: float
) -> Told | None:
    """What the receiver knows after the flush; None when it knows nothing and there is nothing to know.

    What was told to flap is set aside: as it stands once it has settled it is news, be it there or over.
    """
    over = {alert.fingerprint for alert in view.over}
    flapping = [alert.fingerprint for alert in view.flapping]
    if before is None and reason is None and not flapping:
        return None
    known = dict.fromkeys([*before.firing, *before.aside] if before else [])
    if reason is None:
        at, firing = before.at if before else now, before.firing if before else {}
    else:
        left = {alert.fingerprint: alert.severity for alert in view.left if alert.fingerprint in known}
        at, firing = now, severities | left
    firing = {one: severity for one, severity in firing.items() if one not in over and one not in flapping}
    aside = [one for one in known | dict.fromkeys(flapping) if one not in firing and one not in over]
    return Told(at=at, firing=firing, aside=aside)


def _look(tx: Tx, group: Group, node: Node | None, rules: Rules, now: float) -> View:
    """Sort the members by what is to be told of them, and note what mutes them."""
    latest: dict[str, Member] = {}
    view = View(firing=[], resolved=[], muted=[], flapping=[], left=[], gone=[])
    for member in groups.members(tx, group.id):
        if (earlier := latest.get(member.alert.fingerprint)) is not None:
            view.gone.append(earlier.alert.id)
        latest[member.alert.fingerprint] = member
    desk = mute.Desk(tx, node, rules, now) if node is not None else None
    for member in latest.values():
        alert = member.alert
        muted = desk.why(alert) if desk is not None else None
        _note(tx, group, member, muted, now)
        if muted is not None:
            view.muted.append((alert, muted))
            if desk is not None and muted.cause is Cause.FLAPPING and desk.is_untold(alert, group.id):
                view.flapping.append(alert)
        elif alert.state is State.RESOLVED:
            view.resolved.append(alert)
        else:
            (view.left if member.leaving or desk is None else view.firing).append(alert)
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
) -> tuple[Notice, list[tuple[Alert, str]]]:
    """Write the notice and its deliveries, and into the trace of each alert that is news; say what nobody hears."""
    known = set() if before is None else {*before.firing, *before.aside}
    resolved = [alert for alert in view.resolved if alert.fingerprint in known]
    firing = [*view.firing, *(alert for alert in view.left if alert.fingerprint in known)]
    notice = notices.add(tx, firing, resolved, group.receiver, reason, now, group_id=group.id, labels=group.labels)
    news = [alert for alert in firing if _is_news(alert, before)]
    told = [*news, *resolved] or [notice.alert]
    escalated = ladder.also(tx, group, resolved, legs, rules) if resolved else []
    return notice, _posted(tx, group, notice, told, legs, rules, now, escalated)


def _tell_flapping(
    tx: Tx, group: Group, view: View, legs: Sequence[Leg], rules: Rules, now: float
) -> tuple[Notice, list[tuple[Alert, str]]]:
    """Say once that these come and go."""
    firing = [alert for alert in view.flapping if alert.state is State.FIRING]
    resolved = [alert for alert in view.flapping if alert.state is State.RESOLVED]
    notice = notices.add(
        tx, firing, resolved, group.receiver, Reason.FLAPPING, now, group_id=group.id, labels=group.labels
    )
    return notice, _posted(tx, group, notice, view.flapping, legs, rules, now)


def _posted(
    tx: Tx,
    group: Group,
    notice: Notice,
    news: Sequence[Alert],
    legs: Sequence[Leg],
    rules: Rules,
    now: float,
    escalated: Sequence[Leg] = (),
) -> list[tuple[Alert, str]]:
    """Put the notice's deliveries, or keep it for a digest; write that into the trace of each alert that is news.

    Those who were escalated to hear of the end whatever becomes of the receiver. Returns what fires and reaches nobody,
    with the reason; a receiver without legs is silent by choice.
    """
    receiver = rules.settings.receivers.get(group.receiver)
    if receiver is None:  # told by an older configuration, which had such a receiver
        outcome = [Step(stage="outbox", verdict="receiver_gone", detail=group.receiver)]
    elif storm.holds(tx, notice, receiver, now):
        outcome = [Step(stage="storm", verdict="held", detail=f"for the next digest to {group.receiver}")]
    else:
        outcome = post.post(tx, notice, legs, rules, now, group_id=group.id)
    steps = [_in(group), Step(stage="notify", verdict=notice.reason, detail=group.receiver), *outcome]
    if escalated:
        steps += post.post(tx, notice, escalated, rules, now, group_id=group.id)
    for alert in news:
        alerts.record(tx, alert.id, steps, now)
    if not (legs and notice.firing and outcome[-1].verdict == post.NOBODY):
        return []
    why = "; ".join(step.detail for step in outcome[:-1]) or "no address for any of its channels"
    return [(notice.alert, why)]


def _stays(alert: Alert, muted: Muted) -> bool:
    """Whether a muted alert stays in its group."""
    return alert.state is State.FIRING or muted.passes


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
    if any(_stays(*one) for one in view.muted):
        return soonest
    return max(soonest, tick.at_or_after(began, node.interval, repeat_at)) if repeat_at < NEVER else None


def _in(group: Group) -> Step:
    return Step(stage="group", verdict=group.code, detail=group.receiver)
