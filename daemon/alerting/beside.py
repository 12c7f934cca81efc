"""A notice beside a group's own: it is about some of the group's alerts, and changes nothing of what the group told."""

from collections.abc import Sequence

from daemon.alert import Alert
from daemon.alerting import mute, post, route
from daemon.alerting.flush import Flushed
from daemon.alerting.mute import Muted
from daemon.alerting.rules import Rules
from daemon.config.audience import Leg
from daemon.notice import Reason
from daemon.store import alerts, memberships, notices
from daemon.store.alerts import Step
from daemon.store.base import Tx
from daemon.store.groups import Group


def tell(
    tx: Tx,
    group: Group | None,
    receiver: str,
    about: Sequence[Alert],
    legs: Sequence[Leg],
    reason: Reason,
    note: str,
    rules: Rules,
    now: float,
) -> Flushed:
    """Write the notice with its deliveries, and into the trace of every alert that is in it."""
    group_id, labels = (group.id, group.labels) if group else (None, {})
    notice = notices.add(tx, about, [], receiver, reason, now, group_id=group_id, labels=labels, note=note)
    outcome = post.post(tx, notice, legs, rules, now, group_id=group_id)
    steps = [Step(stage="notify", verdict=reason, detail=f"{receiver}: {note}"), *outcome]
    for alert in about:
        alerts.record(tx, alert.id, steps, now)
    unheard = post.unheard(notice, legs, outcome)
    told = [(reason, notice.alert.code)]
    return Flushed(group=group.code if group else "", receiver=receiver, told=told, unheard=unheard)


def muted(tx: Tx, alert: Alert, group: Group | None, rules: Rules, now: float) -> Muted | None:
    """What mutes an alert now: in this group or, where its route is gone, wherever the alert is routed today."""
    node = rules.node(group.node, group.receiver) if group else None
    return mute.why(tx, alert, node or next(route.matching(rules.root, alert.labels)), rules, now)


def home(tx: Tx, alert_id: int, group_id: int | None, receiver: str) -> Group | None:
    """The group of this id while the alert is in it, else one of the same receiver, else any that it is in."""
    found = memberships.staying(tx, alert_id)
    found.sort(key=lambda group: (group.id != group_id, group.receiver != receiver, group.id))
    return found[0] if found else None
