"""The groups that an alert is or was in: what was told of each, and when it is looked at again and why then."""

import re
from collections.abc import Sequence

import msgspec

from daemon.alert import Alert
from daemon.alerting import barred
from daemon.alerting.barred import Barred
from daemon.alerting.route import Node
from daemon.alerting.rules import Rules
from daemon.store import asked, groups
from daemon.store.alerts import Trace
from daemon.store.base import Tx
from daemon.store.groups import Group
from daemon.units import spoken

_IN_GROUP = re.compile(r"(?P<receiver>.*) in G(?P<group>\d+)", re.DOTALL)  # what `gather` writes of a route


class Routed(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a route took an alert, as its trace says."""

    at: float
    place: str
    receiver: str
    group: int


class GroupLook(msgspec.Struct, frozen=True, kw_only=True):
    """One group that it is or was in. `place` is empty where no route of now makes this group."""

    code: str
    place: str
    receiver: str
    labels: dict[str, str]
    member: bool
    told: bool  # its receiver was last told that this fires
    flushed_at: float | None
    next_at: float | None
    why_then: str
    muted: Barred | None  # what keeps it from being told now


def looks(tx: Tx, alert: Alert, traces: Sequence[Trace], rules: Rules, now: float) -> list[GroupLook]:
    """Those that it is in, and those that its trace speaks of."""
    found = {group.id: group for group in groups.of_alert(tx, alert.id)}
    grouped = {int(step.verdict[1:]) for trace in traces for step in trace.steps if step.stage == "group"}
    for group_id in grouped | {one.group for one in routed(traces)}:
        if group_id not in found and (group := groups.get(tx, group_id)) is not None:
            found[group_id] = group
    return [_look(tx, found[group_id], alert, rules, now) for group_id in sorted(found)]


def routed(traces: Sequence[Trace]) -> list[Routed]:
    """Each time that a route took it."""
    return [
        Routed(at=trace.at, place=step.verdict, receiver=match["receiver"], group=int(match["group"]))
        for trace in traces
        for step in trace.steps
        if step.stage == "route" and (match := _IN_GROUP.fullmatch(step.detail))
    ]


def why_then(tx: Tx, group: Group, node: Node | None) -> str:
    """Why a group is looked at again just when it is."""
    if group.next_at is None:
        return "nothing in it can change without news"
    if node is None:
        return "no route makes this group any more; whoever was told hears the end"
    if group.began_at is None:
        return f"group_wait: {spoken(node.wait)} from its first alarm"
    if asked.has_muted(tx, group.id):
        return f"group_interval: something in it is muted, which is looked at every {spoken(node.interval)}"
    told = [one for of_ends in (True, False) if (one := groups.told(tx, group.id, of_ends=of_ends)) is not None]
    if told and group.next_at >= min(one.at for one in told) + node.repeat:
        return f"repeat_interval: what still fires is told again after {spoken(node.repeat)}"
    return f"group_interval: news is told at most every {spoken(node.interval)}"


def _look(tx: Tx, group: Group, alert: Alert, rules: Rules, now: float) -> GroupLook:
    node = rules.node(group.node, group.receiver)
    leaving = asked.is_leaving(tx, group.id, alert.id)
    told = [groups.told(tx, group.id, of_ends=of_ends) for of_ends in (True, False)]
    return GroupLook(
        code=group.code,
        place=node.place if node else "",
        receiver=group.receiver,
        labels=group.labels,
        member=leaving is False,
        told=any(one is not None and alert.fingerprint in one.firing for one in told),
        flushed_at=group.flushed_at,
        next_at=group.next_at,
        why_then=why_then(tx, group, node),
        muted=None if node is None or leaving is None else barred.now(tx, alert, node, rules, now),
    )
