"""How the threshold rules stand, as the overview shows it."""

from collections.abc import Mapping

from daemon.expressions.level import shown, unit_of
from daemon.thresholds.standing import WORST
from daemon.thresholds.watched import Watched
from daemon.web.apps.view import Rule


def rules(watched: Mapping[str, Watched]) -> tuple[Rule, ...]:
    """Those first of which people want to hear; each stands as its worst group does."""
    return tuple(sorted(map(_rule, watched.values()), key=lambda one: _ORDER[one.state]))


_ORDER = {phase.value: number for number, phase in enumerate(WORST)} | {"unknown": len(WORST)}


def _rule(one: Watched) -> Rule:
    worst = one.worst()
    if worst is None or one.waits or one.problem:
        return Rule(name=one.rule.name, state="unknown")
    value, unit = worst.judged.value, unit_of(one.rule.expr, one.rule.level, one.views[0].unit)
    return Rule(
        name=one.rule.name,
        state=worst.phase.value,
        value="" if value is None else shown(value, unit),
        since=worst.since,
    )
