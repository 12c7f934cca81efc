"""Conditions that were probably meant the other way round."""

from collections.abc import Mapping

from daemon.conditions.condition import Condition
from daemon.conditions.holding import holds, shown
from daemon.reading import Fact

STATUS = "status"
_ILL = 500  # codes from here on are nobody's wish; a page that asks for a password answers 401, and that is well


def doubt(condition: Condition, gives: Mapping[str, Fact]) -> str:
    """Say so when it does not hold of a reading of which nobody would complain; empty when it does."""
    fact = gives.get(condition.subject.name)
    if fact is None or fact.ideal is None or condition.quantity or condition.test.operator == "exists":
        return ""
    if holds(condition.test, fact.ideal) or _is_wanted(condition):
        return ""
    best = shown(fact.ideal, fact.unit)
    return f"conditions say what must hold, not what is wrong: this one fails when {condition.subject.name} is {best}"


def _is_wanted(condition: Condition) -> bool:
    """Whether it asks for certain codes that somebody may well want to see."""
    test = condition.test
    return (
        condition.subject.name == STATUS
        and test.operator in ("==", "in")
        and not test.is_not
        and any(isinstance(one, int | float) and one < _ILL for one in (getattr(v, "low", v) for v in test.values))
    )
