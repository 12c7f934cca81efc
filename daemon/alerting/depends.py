"""Probes that depend on others: the alarm of the one mutes those of the others, as an inhibition would."""

import re
from collections.abc import Iterator, Mapping

from daemon.config.audience import InhibitRule
from daemon.config.looking import DEPENDS_ON, ProbePlan
from daemon.event import PROBE
from daemon.matcher import Matcher
from daemon.reading import Health


def inhibitions(plans: Mapping[str, ProbePlan]) -> Iterator[InhibitRule]:
    """One rule a parent: while it is down, what depends on it is not told."""
    for parent in sorted({name for plan in plans.values() for name in plan.depends_on}):
        yield InhibitRule(
            source_matchers=(
                Matcher("probe", "=", parent),
                Matcher("source", "=", PROBE),
                Matcher("verdict", "=", Health.DOWN.value),
            ),
            target_matchers=(
                Matcher("source", "=", PROBE),
                Matcher(DEPENDS_ON, "=~", f"(.*,)?{re.escape(parent)}(,.*)?"),
            ),
        )
