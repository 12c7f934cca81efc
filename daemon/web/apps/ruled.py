"""How the threshold rules stand, as the overview shows it."""

from collections.abc import Mapping

from daemon.thresholds import told
from daemon.thresholds.standing import WORST, Standing
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
    return Rule(name=one.rule.name, state=worst.phase.value, value=_value(one, worst), since=worst.since)


def _value(one: Watched, worst: Standing) -> str:
    """What it is, and what is too much or too little; nothing of what is only there or not."""
    rule, value = one.rule, worst.judged.value
    if rule.is_absence or value is None:
        return ""
    limit = f"> {rule.above}" if rule.above is not None else f"< {rule.below}"
    return f"{told.number(rule, value, one.views[0].unit)} ({limit})"
