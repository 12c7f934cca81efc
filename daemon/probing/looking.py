"""One look as its plan wants it: the kind looks, and the plan's conditions say what that means."""

from collections.abc import Iterator
from functools import partial

from daemon.aside import Aside
from daemon.config.fleet import HERE
from daemon.config.looking import ProbePlan
from daemon.probing.judging import judged, turned
from daemon.probing.parts import Places, Way
from daemon.reading import Looks, Past, Reading

ANEW = "anew"


def look(plan: ProbePlan, past: Past, others: Places, aside: Aside) -> Reading:
    """Look once, from wherever the plan says."""
    if plan.places:
        return others.look(plan, lambda: look_with(plan, plan.probe, aside, past), past)
    return look_with(plan, plan.probe, aside, past)


def look_with(plan: ProbePlan, probe: Looks, aside: Aside, past: Past) -> Reading:
    """Look once from here, in this way."""
    return turned(plan, judged(plan, probe.look_on(past), aside, HERE))


def other_ways(plan: ProbePlan, others: Places, aside: Aside) -> Iterator[Way]:
    """The ways in which a probe is looked at for a second opinion.

    What is near has none, for there is only one way; what calls in is not looked at in any.
    """
    if plan.probe.is_near() or plan.is_called:
        return
    for name, probe in ((ANEW, plan.probe), *plan.probe.otherwise()):
        yield Way(name, probe.timeout, partial(look_with, plan, probe, aside))
    yield from others.ways(plan)
