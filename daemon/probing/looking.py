"""One look as its plan wants it: the kind looks, and the plan's conditions say what that means."""

from daemon.config.looking import ProbePlan
from daemon.reading import Past, Reading


def look(plan: ProbePlan, past: Past) -> Reading:
    """Look once."""
    return plan.probe.look_on(past)
