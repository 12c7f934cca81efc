"""One look as its plan wants it: the kind looks, and the plan's conditions say what that means."""

from collections.abc import Iterator

from daemon.aside import Aside
from daemon.config.fleet import HERE
from daemon.config.looking import ProbePlan
from daemon.probing.judging import judged
from daemon.probing.parts import Places
from daemon.probing.vantage import FromNode
from daemon.reading import Looks, Past, Reading

ANEW = "anew"


def look(plan: ProbePlan, past: Past, others: Places, aside: Aside) -> Reading:
    """Look once, from wherever the plan says."""
    if plan.places:
        return others.look(plan, lambda: look_with(plan, plan.probe, past, aside), past)
    return look_with(plan, plan.probe, past, aside)


def look_with(plan: ProbePlan, probe: Looks, past: Past, aside: Aside, place: str = HERE) -> Reading:
    """Look once, in this way, as the `place` that conditions may speak of."""
    reading = probe.look_on(past)
    # A node has judged what it saw: it had the whole body.
    return reading if isinstance(probe, FromNode) else judged(plan, reading, aside, place)


def other_ways(plan: ProbePlan, others: Places) -> Iterator[tuple[str, Looks]]:
    """The ways in which a probe is looked at for a second opinion. What is near has none: there is only one way."""
    if plan.probe.is_near():
        return
    yield ANEW, plan.probe
    yield from plan.probe.otherwise()
    yield from others.ways(plan)
