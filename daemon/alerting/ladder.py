"""The life of an escalation between its steps: begun with its alert, counting once that is told, held, ended."""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from daemon.alert import Alert
from daemon.alerting.draft import Draft
from daemon.alerting.rules import Rules
from daemon.config.audience import Escalation, Leg
from daemon.config.targets import unknown
from daemon.store import acks, alerts, escalations
from daemon.store.alerts import Step
from daemon.store.base import Tx
from daemon.store.escalations import Ladder, Stage
from daemon.store.groups import Group
from daemon.units import spoken

STAGE = "escalate"
LEAST = 1.0  # seconds between two steps, whatever was configured


def begin(tx: Tx, alert: Alert, group_ids: Collection[int], rules: Rules, draft: Draft, *, is_new: bool) -> None:
    """Take down the steps of everywhere that an alert is gathered, as they are configured now.

    One that only became worse keeps what it has. Where it was routed before, nobody else is told when somebody else is
    told now.
    """
    if not rules.escalates:
        return
    steps = draft.steps(alert.id)
    before = [] if is_new else escalations.running(tx, alert.id)
    known = {ladder.receiver for ladder in before}
    seen: set[tuple[str, tuple[Escalation, ...]]] = set()
    for group_id in group_ids:
        group = draft.group(tx, group_id)
        configured = _configured(group, rules) if group else ()
        if group is None or not configured or group.receiver in known or (group.receiver, configured) in seen:
            continue
        seen.add((group.receiver, configured))
        escalations.add(tx, alert.id, group.id, group.receiver, configured)
        steps.append(Step(stage=STAGE, verdict="planned", detail=_planned(group, configured)))
    if seen:
        for ladder in before:
            if ladder.group_id not in group_ids:
                _end(tx, ladder, Stage.OVER)
                steps.append(Step(stage=STAGE, verdict="moved", detail=ladder.receiver))


def told(tx: Tx, group: Group, known: Iterable[str], firing: Sequence[Alert], now: float) -> None:
    """A group's receiver knows of these alerts now: from here on it counts for how long nobody takes them on."""
    waiting = escalations.untold(tx, group.id)
    if not waiting:
        return
    heard = set(known)
    about = {alert.id for alert in firing if alert.fingerprint in heard}
    for ladder in waiting:
        if ladder.alert_id in about:
            _count(tx, msgspec.structs.replace(ladder, group_id=group.id), now)


def held(tx: Tx, alert_id: int) -> list[Step]:
    """Somebody has taken the alert on: nobody else is told."""
    steps = []
    for ladder in escalations.running(tx, alert_id):
        if ladder.next_at is not None:
            escalations.put(tx, msgspec.structs.replace(ladder, next_at=None, muted=""))
            steps.append(Step(stage=STAGE, verdict="held", detail=f"{ladder.receiver}, before {_nth(ladder)}"))
    return steps


def resumed(tx: Tx, alert_id: int, now: float) -> list[Step]:
    """Nobody has the alert in hand any more: go on with the step where it stopped, counted from now."""
    steps = []
    for ladder in escalations.running(tx, alert_id):
        if ladder.since is not None and not ladder.is_done:
            _count(tx, ladder, now)
            detail = f"{ladder.receiver}, {_nth(ladder)} in {spoken(gap(ladder.steps, ladder.step))}"
            steps.append(Step(stage=STAGE, verdict="resumed", detail=detail))
    return steps


def ended(tx: Tx, alert_id: int) -> list[Step]:
    """The alert is over. Whoever was told hears of that with the group's receiver."""
    steps = []
    for ladder in escalations.running(tx, alert_id):
        _end(tx, ladder, Stage.OVER)
        steps.append(Step(stage=STAGE, verdict="stopped", detail=f"{ladder.receiver}, after {ladder.step} steps"))
    return steps


def also(tx: Tx, group: Group, resolved: Sequence[Alert], legs: Sequence[Leg], rules: Rules) -> list[Leg]:
    """Who was told of these ended alerts by a step, beside those whom the group's own legs tell of the end."""
    found: list[Leg] = []
    for ladder in escalations.over(tx, group.id, {alert.fingerprint for alert in resolved}):
        escalations.put(tx, msgspec.structs.replace(ladder, state=Stage.CLOSED))
        for step in ladder.steps[: ladder.step]:
            there = still_there(step, rules)
            leg = _beside(there, [*legs, *found]) if there else None
            if leg is not None:
                found.append(leg)
    return found


def gap(steps: Sequence[Escalation], position: int) -> float:
    """Seconds from one step, or from the first telling, to the next."""
    before = steps[position - 1].after if position else 0.0
    return max(LEAST, steps[position].after - before)


def still_there(step: Escalation, rules: Rules) -> Leg | None:
    """Whom a step tells, as far as this configuration knows them; None when it knows nobody of them, or no way.

    A running escalation keeps the names that stood in the configuration when it began.
    """
    settings = rules.settings
    by = tuple(name for name in step.by if name in settings.channels)
    known = frozenset(settings.people), frozenset(settings.teams), frozenset(settings.schedules)
    to = tuple(name for name in step.to if not unknown(name, *known))
    return Leg(by=by, to=to) if by and (to or not step.to) else None


def _configured(group: Group, rules: Rules) -> tuple[Escalation, ...]:
    """A route's own steps, or those it inherited, else the receiver's."""
    node = rules.node(group.node, group.receiver)
    if node is not None and node.escalate is not None:
        return node.escalate
    receiver = rules.settings.receivers.get(group.receiver)
    return receiver.escalate if receiver else ()


def _count(tx: Tx, ladder: Ladder, now: float) -> None:
    """Nobody has it in hand from now on. While it is acknowledged nothing is due."""
    due = None if acks.get(tx, ladder.alert_id) else now + gap(ladder.steps, ladder.step)
    escalations.put(tx, msgspec.structs.replace(ladder, since=now, next_at=due, muted=""))


def _end(tx: Tx, ladder: Ladder, state: Stage) -> None:
    """Where nobody was told anything there is nobody to be told of the end either."""
    left = state if ladder.step else Stage.CLOSED
    escalations.put(tx, msgspec.structs.replace(ladder, state=left, next_at=None, muted=""))


def _beside(step: Leg, legs: Sequence[Leg]) -> Leg | None:
    """A step as a leg, without those who are told over the same first channel anyway."""
    same = [leg for leg in legs if leg.by[:1] == step.by[:1]]
    if not step.to:
        return None if any(not leg.to for leg in same) else Leg(by=step.by)
    told_anyway = {name for leg in same for name in leg.to}
    to = tuple(name for name in step.to if name not in told_anyway)
    return Leg(by=step.by, to=to) if to else None


def _planned(group: Group, configured: Sequence[Escalation]) -> str:
    after = ", ".join(spoken(step.after) for step in configured)
    return f"{group.receiver}: after {after}"


def _nth(ladder: Ladder) -> str:
    return f"step {ladder.step + 1} of {len(ladder.steps)}"


def record(tx: Tx, alert_id: int, steps: list[Step], now: float) -> None:
    """Add to the alert's trace what was decided, where anything was."""
    if steps:
        alerts.record(tx, alert_id, steps, now)
