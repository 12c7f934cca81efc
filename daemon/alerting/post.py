"""From a notice to the outbox: one row for each recipient, with the ways to reach them."""

import math
from collections.abc import Sequence

from daemon.alert import Alert
from daemon.alerting import address
from daemon.alerting.rules import Rules
from daemon.config.audience import Leg
from daemon.notice import Notice
from daemon.store import folding, outbox, overrides
from daemon.store.alerts import Step
from daemon.store.base import Tx

_NOBODY = "nobody"  # the verdict of the last step, when there was nobody to tell


def post(
    tx: Tx, notice: Notice, legs: Sequence[Leg], rules: Rules, now: float, *, group_id: int | None = None
) -> list[Step]:
    """Put a delivery for everybody behind these legs; say what was put.

    Where all of a group is over, whoever cannot have heard of its beginning is spared the end.
    """
    addressed = _addressed(tx, notice, legs, rules, now, group_id)
    steps = [Step(stage="outbox", verdict="missing", detail=said) for said in addressed.missing]
    for to in addressed.addresses:
        who = f"{to.recipient or 'room'} by {' then '.join(hop.channel for hop in to.hops)}"
        chain = outbox.chain_of(to.recipient, to.hops)
        if group_id is not None and notice.ends_all and folding.fold(tx, group_id, chain, notice.id, now):
            steps.append(Step(stage="outbox", verdict="folded", detail=f"{who}: {folding.OVER}"))
            continue
        delivery = outbox.put(tx, notice, to.recipient, to.hops, now)
        steps.append(Step(stage="outbox", verdict=f"D{delivery}", detail=who))
    return steps if addressed.addresses else [*steps, Step(stage="outbox", verdict=_NOBODY, detail=notice.receiver)]


def unheard(notice: Notice, legs: Sequence[Leg], steps: Sequence[Step]) -> list[tuple[Alert, str]]:
    """What fires and reaches nobody, and why, as the steps of its post say; without legs one is silent by choice."""
    if not (legs and notice.firing and steps[-1].verdict == _NOBODY):
        return []
    return [(notice.alert, "; ".join(step.detail for step in steps[:-1]) or "no address for any of its channels")]


def _addressed(
    tx: Tx, notice: Notice, legs: Sequence[Leg], rules: Rules, now: float, group_id: int | None
) -> address.Addressed:
    """Expand the legs. The end goes to whoever was on call when it was told that it began, not to who is by now."""
    if not rules.settings.schedules:
        return address.addresses(legs, rules.settings, (now,), {})
    times = folding.told_at(tx, group_id, notice.id) if group_id is not None and not notice.firing else []
    times = times or [now]
    covers = overrides.covers(tx, min(times), math.nextafter(max(times), math.inf))
    return address.addresses(legs, rules.settings, times, covers)
