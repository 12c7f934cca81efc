"""What a plan's conditions make of a reading: down where one of `down:` does not hold, degraded likewise."""

import msgspec

from daemon.aside import LARGE, Aside
from daemon.conditions.holding import failures
from daemon.conditions.seen import Seen
from daemon.config.looking import ProbePlan
from daemon.reading import Health, Reading


def judged(plan: ProbePlan, reading: Reading, aside: Aside, node: str = "") -> Reading:
    """The reading with what does not hold. It never becomes better: what the kind itself calls down is down.

    `node` is who looked. Of a look that saw nothing, nothing is asked.
    """
    conditions = (*plan.down, *plan.degraded)
    if not conditions or reading.health is Health.UNKNOWN:
        return reading

    def ask() -> tuple[tuple[str, ...], tuple[str, ...]]:
        seen = Seen(reading, plan.probe.quoted)
        return failures(plan.down, seen, node), failures(plan.degraded, seen, node)

    cost = len(reading.body) * sum(one.is_of_body for one in conditions)
    down, degraded = aside(ask) if cost > LARGE else ask()
    if not down and not degraded:
        return reading
    reading = msgspec.structs.replace(reading, failed=(*down, *degraded))
    if down and reading.health is not Health.DOWN:
        return _worse(plan, reading, Health.DOWN, down)
    if degraded and reading.health is Health.UP:
        return _worse(plan, reading, Health.DEGRADED, degraded)
    return reading


def turned(plan: ProbePlan, reading: Reading) -> Reading:
    """Of a probe that is upside down: what is down is as it should be, and what works is not.

    A look that hung or broke comes by here never: it is down whichever way.
    """
    if not plan.upside_down or reading.health is Health.UNKNOWN:
        return reading
    if reading.health is Health.DOWN:
        detail = f"as it should be: {reading.detail}"
        return msgspec.structs.replace(reading, health=Health.UP, detail=detail, failed=())
    detail = f"it works, and should not: {reading.detail}"
    return msgspec.structs.replace(reading, health=Health.DOWN, detail=detail, failed=())


def _worse(plan: ProbePlan, reading: Reading, health: Health, failed: tuple[str, ...]) -> Reading:
    """The first that failed is what a title has room for; what was answered is what people ask for next."""
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    evidence = reading.evidence
    if reading.body and "body" not in evidence:
        evidence = evidence | {"body": plan.probe.quoted(reading.body)}
    return msgspec.structs.replace(reading, health=health, detail=failed[0] + more, evidence=evidence)
