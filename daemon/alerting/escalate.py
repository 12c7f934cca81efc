"""A step of an escalation is due: its people are told that nobody has taken the alert on."""

from collections.abc import Sequence

import msgspec

from daemon.alert import Alert
from daemon.alerting import beside, ladder
from daemon.alerting.flush import Flushed
from daemon.alerting.rules import Rules
from daemon.config.audience import Leg
from daemon.event import State
from daemon.notice import Reason
from daemon.store import acks, alerts, escalations
from daemon.store.alerts import Step
from daemon.store.base import Tx
from daemon.store.escalations import Ladder, Stage
from daemon.store.groups import Group
from daemon.units import spoken

LOOK_AGAIN = 60.0  # seconds until a step is tried again that could not be told because its alert is muted


def go_off(tx: Tx, ladder_id: int, rules: Rules, now: float) -> list[Flushed]:
    """Tell a step, and in the same notice every alert of the group that is as far.

    The timer may speak of what was told with another's already, or of what is over.
    """
    one = escalations.get(tx, ladder_id)
    if one is None or one.state is not Stage.RUNNING or one.next_at is None:
        return []
    if one.next_at > now:
        escalations.put(tx, one)  # whoever lets a timer go off has taken it away
        return []
    group = beside.home(tx, one.alert_id, one.group_id, one.receiver)
    ready: list[tuple[Ladder, Alert]] = []
    for due in escalations.due_with(tx, one, now):
        alert = alerts.get(tx, due.alert_id)
        if alert is None or alert.state is State.RESOLVED:
            ladder.record(tx, due.alert_id, ladder.ended(tx, due.alert_id), now)
        elif acks.get(tx, due.alert_id) is not None:
            ladder.record(tx, due.alert_id, ladder.held(tx, due.alert_id), now)
        elif not _put_off(tx, due, alert, group, rules, now):
            ready.append((due, alert))
    if not ready:
        return []
    said = _tell(tx, group, ready, rules, now)
    for due, _ in ready:
        _advance(tx, due, now)
    return [said]


def _put_off(tx: Tx, due: Ladder, alert: Alert, group: Group | None, rules: Rules, now: float) -> bool:
    """Whether the alert is muted just now: then the step is looked at again later."""
    muted = beside.muted(tx, alert, group, rules, now)
    if muted is None:
        return False
    if str(muted) != due.muted:  # not every minute
        detail = f"{due.receiver}, {_nth(due)}: {muted}"
        alerts.record(tx, alert.id, [Step(stage=ladder.STAGE, verdict="put_off", detail=detail)], now)
    escalations.put(tx, msgspec.structs.replace(due, next_at=now + LOOK_AGAIN, muted=str(muted)))
    return True


def _tell(tx: Tx, group: Group | None, ready: Sequence[tuple[Ladder, Alert]], rules: Rules, now: float) -> Flushed:
    first = ready[0][0]
    step = first.steps[first.step]
    leg = ladder.still_there(step, rules)
    since = min(due.since if due.since is not None else now for due, _ in ready)
    note = f"not acknowledged for {spoken(now - since)}; {_nth(first)}"
    if leg is None:
        note += f"; {', '.join(step.to) or ', '.join(step.by)} cannot be told any more, so you are"
    legs = _everybody(group, first, rules) if leg is None else [leg]
    return beside.tell(
        tx, group, first.receiver, [alert for _, alert in ready], legs, Reason.ESCALATED, note, rules, now
    )


def _everybody(group: Group | None, one: Ladder, rules: Rules) -> Sequence[Leg]:
    """Whom to tell when a step's own people or channels are configured no more: whoever heard of the alert first."""
    names = [one.receiver, group.receiver if group else "", rules.root.receiver]
    found = (rules.settings.receivers[name].notify for name in names if name in rules.settings.receivers)
    return next((legs for legs in found if legs), ())


def _advance(tx: Tx, due: Ladder, now: float) -> None:
    """On to the next step, counted from this one: its people need their time also where it came late."""
    after = msgspec.structs.replace(due, step=due.step + 1, muted="")
    next_at = None if after.is_done else now + ladder.gap(after.steps, after.step)
    escalations.put(tx, msgspec.structs.replace(after, next_at=next_at))


def _nth(one: Ladder) -> str:
    return f"step {one.step + 1} of {len(one.steps)}"
