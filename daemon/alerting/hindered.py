"""Why a receiver that an alert was routed to has had nothing of it."""

from collections.abc import Sequence

from daemon.alert import Alert
from daemon.alerting.barred import Mute
from daemon.alerting.grouped import GroupLook
from daemon.alerting.rules import Rules
from daemon.alerting.said import Hindrance, moment
from daemon.alerting.ways import NoticeLook
from daemon.event import State
from daemon.store import storms, timers
from daemon.store.alerts import Step, Trace
from daemon.store.base import Tx
from daemon.store.timers import Kind


def hindrances(
    tx: Tx,
    alert: Alert,
    groups: Sequence[GroupLook],
    said: Sequence[NoticeLook],
    traces: Sequence[Trace],
    mutes: Sequence[Mute],
    rules: Rules,
    now: float,
) -> list[Hindrance]:
    """For each of its groups whose receiver has had no delivery about it, why."""
    reached = {one.receiver for one in said if one.deliveries}
    noticed = {one.receiver for one in said}
    steps = [step for trace in traces for step in trace.steps]
    found = []
    for group in groups:
        if group.receiver in reached:
            continue
        if group.receiver in noticed:
            found.append(_unsent(tx, group.receiver, steps, rules, now))
        elif alert.state is State.RESOLVED:
            found.append(Hindrance(receiver=group.receiver, why=_over(group, mutes)))
        elif group.member:
            found.append(_waits(group, now))
    return found


def _waits(group: GroupLook, now: float) -> Hindrance:
    if group.muted is not None:
        return Hindrance(receiver=group.receiver, why=group.muted.spoken(now))
    if group.next_at is None:
        return Hindrance(receiver=group.receiver, why=f"its group {group.code} has nothing to tell")
    if group.next_at <= now:
        return Hindrance(receiver=group.receiver, why=f"its group {group.code} is about to be told", yet=True)
    why = f"it waits for its group {group.code} until {moment(group.next_at, now)}"
    return Hindrance(receiver=group.receiver, why=why, yet=True)


def _over(group: GroupLook, mutes: Sequence[Mute]) -> str:
    """Why the end came without a beginning having been told."""
    last = next((one.spoken() for one in reversed(mutes) if one.group == group.code), "")
    return f"{last}, and then it was over" if last else f"it was over before its group {group.code} was to be told"


def _unsent(tx: Tx, receiver: str, steps: Sequence[Step], rules: Rules, now: float) -> Hindrance:
    """Why a notice made no delivery, and whether there may still be one."""
    known = rules.settings.receivers.get(receiver)
    storm = storms.over(tx, receiver)
    if storm is not None and any(step.stage == "storm" and step.verdict == "held" for step in steps):
        at = timers.at(tx, Kind.DIGEST, storm.id)
        when = f" at {moment(at, now)}" if at is not None else ""
        return Hindrance(
            receiver=receiver, why=f"{receiver} hears of too much: it is in the next digest{when}", yet=True
        )
    if known is None:
        return Hindrance(receiver=receiver, why=f"there is no receiver {receiver} any more")
    if not known.notify:
        return Hindrance(receiver=receiver, why=f"the receiver {receiver} has no `notify:`, so it is recorded only")
    missing = dict.fromkeys(step.detail for step in steps if step.stage == "outbox" and step.verdict == "missing")
    return Hindrance(receiver=receiver, why=f"{receiver} is nobody: {', '.join(missing) or 'no address'}")
