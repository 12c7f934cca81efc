"""One look as its plan wants it: the kind looks, and the plan's conditions say what that means."""

from collections.abc import Iterator

from daemon.config.looking import ProbePlan
from daemon.probing.parts import Places
from daemon.reading import Looks, Past, Reading

ANEW = "anew"


def look(plan: ProbePlan, past: Past, others: Places) -> Reading:
    """Look once, from wherever the plan says."""
    if plan.places:
        return others.look(plan, lambda: look_with(plan, plan.probe, past), past)
    return look_with(plan, plan.probe, past)


def look_with(plan: ProbePlan, probe: Looks, past: Past) -> Reading:
    """Look once, in this way."""
    del plan
    return probe.look_on(past)


def other_ways(plan: ProbePlan, others: Places) -> Iterator[tuple[str, Looks]]:
    """The ways in which a probe is looked at for a second opinion.

    What is near has none, for there is only one way; what calls in is not looked at in any.
    """
    if plan.probe.is_near() or plan.is_called:
        return
    yield ANEW, plan.probe
    yield from plan.probe.otherwise()
    yield from others.ways(plan)
