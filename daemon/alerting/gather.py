"""Which groups an alert belongs to, and when each of them is to be flushed because of it."""

from daemon.alert import Alert
from daemon.alerting import route, tick
from daemon.alerting.draft import Draft
from daemon.alerting.route import Node
from daemon.alerting.rules import Rules
from daemon.store import facts, groups, notices
from daemon.store.alerts import Step
from daemon.store.base import Tx
from daemon.store.groups import Group, Told

DIGEST = "rules"  # the fact that names the rules by which open alerts are gathered


def gathered(tx: Tx, alert: Alert, rules: Rules, now: float, draft: Draft, *, is_new: bool = False) -> list[int]:
    """Make an open alert a member of the groups that its labels lead to, and let it leave all others.

    One that is new is in no other. Returns the groups that have news; the draft is told which nodes took it.
    """
    here = []
    for node in route.matching(rules.root, alert.labels):
        group_id = _joined(tx, node, alert, draft, now)
        step = Step(stage="route", verdict=node.place, detail=f"{node.receiver} in G{group_id}")
        draft.steps(alert.id).append(step)
        here.append(group_id)
    if not is_new:
        for group in groups.of_alert(tx, alert.id):
            if group.id not in here:
                groups.leave(tx, group.id, alert.id)
    return here


def _joined(tx: Tx, node: Node, alert: Alert, draft: Draft, now: float) -> int:
    """Make it a member of its group at this node, and the group due; return the group's id."""
    key, labels = node.group_key(alert.labels, alert.fingerprint)
    first = tick.for_news(None, None, node.wait, node.interval, alert.started_at, now)
    group = groups.made(tx, node.key, node.receiver, key, labels, first, announce=first > now)
    if group is not None:
        draft.made(group, alert)
    else:
        group = groups.found(tx, node.key, node.receiver, key)
        draft.touch(group.id)
        at = _news_at(group, node, alert, now)
        groups.schedule(tx, group, at, announce=at > now)
    groups.join(tx, group.id, alert.id)
    return group.id


def ended(tx: Tx, alert: Alert, rules: Rules, now: float, draft: Draft) -> list[int]:
    """An alert is over: that is news in all its groups, also those that it had left."""
    found = groups.of_alert(tx, alert.id)
    for group in found:
        node = rules.node(group.node, group.receiver)
        at = now if node is None else _news_at(group, node, alert, now)
        groups.schedule(tx, group, at, announce=at > now)
        draft.steps(alert.id).append(Step(stage="group", verdict=group.code, detail=group.receiver))
    return [group.id for group in found]


def regathered(tx: Tx, alert: Alert, rules: Rules, now: float) -> None:
    """The rules have changed: gather an open alert by the new ones.

    A receiver that has heard of it, in whichever group, is not told again because the group is another one now.
    """
    before = {group.id: group.receiver for group in groups.of_alert(tx, alert.id)}
    rules.inhibition.begins(tx, alert)
    here = gathered(tx, alert, rules, now, Draft())
    for group_id in here:
        group = groups.get(tx, group_id)
        if group is None or group_id in before or not notices.heard_firing(tx, [alert.id], group.receiver):
            continue
        _told_before(tx, group_id, alert, now)
        for old, receiver in before.items():
            if receiver == group.receiver and old not in here:
                _moved_away(tx, old, alert, now)


def _told_before(tx: Tx, group_id: int, alert: Alert, now: float) -> None:
    """The group's receiver knows of this alert already."""
    for of_ends in (True, False):
        told = groups.told(tx, group_id, of_ends=of_ends) or Told(at=now, firing={})
        known = Told(at=told.at, firing=told.firing | {alert.fingerprint: alert.severity}, aside=told.aside)
        groups.tell(tx, group_id, known, of_ends=of_ends)


def _moved_away(tx: Tx, group_id: int, alert: Alert, now: float) -> None:
    """It is told in another group of the same receiver now: should it ever come back to this one, it is news there."""
    groups.drop(tx, group_id, alert.id)
    for of_ends in (True, False):
        if (told := groups.told(tx, group_id, of_ends=of_ends)) is not None:
            firing = {one: severity for one, severity in told.firing.items() if one != alert.fingerprint}
            aside = [one for one in told.aside if one != alert.fingerprint]
            groups.tell(tx, group_id, Told(at=told.at, firing=firing, aside=aside), of_ends=of_ends)
    if (group := groups.get(tx, group_id)) is not None:
        groups.schedule(tx, group, now)  # it may be empty


def are_current(tx: Tx, rules: Rules) -> bool:
    """Whether the open alerts are gathered by these rules."""
    return facts.get(tx, DIGEST) == rules.digest


def note_current(tx: Tx, rules: Rules) -> None:
    """From now on they are."""
    facts.note(tx, DIGEST, rules.digest)


def _news_at(group: Group, node: Node, alert: Alert, now: float) -> float:
    return tick.for_news(group.began_at, group.flushed_at, node.wait, node.interval, alert.started_at, now)
