"""Whether conditions hold of a reading, and if not, what was there instead."""

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from daemon.conditions.condition import BODY, Condition, Span, Test, Value
from daemon.conditions.literals import number
from daemon.conditions.seen import Missing, Seen, Unseen
from daemon.fitting import cut, line
from daemon.reading import Unit

LONGEST = 300  # characters of one sentence
_QUOTED = 60  # of a text that was there instead
_READ = 4_096  # of it for that: a secret must be whole to be hidden
_WRITTEN = 120  # of the condition itself
_MANY = (list, tuple, set, frozenset, Mapping)
_HUGE = 1e18  # beyond it a number is told roughly

_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def failures(conditions: Iterable[Condition], seen: Seen, node: str = "") -> tuple[str, ...]:
    """One sentence for each condition that does not hold: `time < 2s: it was 3.1s`.

    `node` is who looked. What is not known fails where the look itself came through; where it did not, the look has
    already said why, and what it could not see is no news.
    """
    found = []
    for condition in conditions:
        if condition.node and condition.node != node:
            continue
        try:
            said = _failure(condition, seen)
        except Unseen as unseen:
            said = str(unseen) if seen.came_through else ""
        if said:
            found.append(cut(line(f"{cut(condition.source, _WRITTEN)}: {said}"), LONGEST))
    return tuple(found)


def _failure(condition: Condition, seen: Seen) -> str:
    """What was there instead; empty when it holds. Raises Unseen."""
    subject, test = condition.subject, condition.test
    try:
        value = seen.value(subject)
    except Missing:
        if test.operator == "exists":
            return "" if test.is_not else "there is none"
        if subject.may_lack:
            return ""
        raise
    if test.operator == "exists":
        # A path through `[*]` leads to a list of places, which may be empty.
        is_there = not (subject.path is not None and subject.path.is_many) or bool(value)
        return "" if is_there is not test.is_not else _said(value, subject.unit, seen) if is_there else "there is none"
    match condition.quantity:
        case "length":
            return _length(value, test)
        case "any" | "all":
            return _each(condition, value, seen)
    return "" if holds(test, value) else _instead(test, value, condition, seen)


def holds(test: Test, value: Any) -> bool:
    """Whether this one value is as it must be. What cannot be compared is not."""
    match test.operator:
        case "==" | "!=":
            return _equal(value, test.values[0]) is (test.operator == "==")
        case "~" | "!~":
            text = _text(value)
            return text is not None and _finds(test, text) is (test.operator == "~")
        case "in":
            return any(_one_of(value, one) for one in test.values) is not test.is_not
        case "has":
            has = _has(value, test.values[0])
            return has is not None and has is not test.is_not
    have, want = _number(value), test.values[0]
    return have is not None and isinstance(want, int | float) and _ORDER[test.operator](have, want)


def _length(value: Any, test: Test) -> str:
    if not isinstance(value, (str, *_MANY)):
        return f"it was {shown(value)}, which has no length"
    return "" if holds(test, len(value)) else f"it was {len(value)}"


def _each(condition: Condition, value: Any, seen: Seen) -> str:
    many = condition.subject.path is not None and condition.subject.path.is_many
    if not many and not isinstance(value, list | tuple):
        return f"it was {shown(value, quoted=seen.quoted)}, not a list"
    if not value:
        # Of an empty list everything could be said; whoever watches one wants to know that it is empty.
        return "" if condition.subject.may_lack else "there are none"
    failed = [one for one in value if not holds(condition.test, one)]
    first = f"the first was {shown(failed[0], quoted=seen.quoted)}" if failed else ""
    if condition.quantity == "all":
        return f"not so for {len(failed)} of {len(value)}, {first}" if failed else ""
    return f"so for none of {len(value)}, {first}" if len(failed) == len(value) else ""


def _equal(value: Any, want: Value) -> bool:
    """As people write both: a number and a text of it are the same, and null is nothing else."""
    if want is None or value is None:
        return value is want
    if isinstance(want, bool) or isinstance(value, bool):
        return _text(value) == _text(want)
    if isinstance(want, int | float):
        have = _number(value)
        return have is not None and have == want
    text = _text(value)
    return text is not None and text == want


def _one_of(value: Any, one: Value) -> bool:
    if not isinstance(one, Span):
        return _equal(value, one)
    have = _number(value)
    return have is not None and one.low <= have <= one.high


def _has(value: Any, want: Value) -> bool | None:
    """Whether a list has it as an element, an object as a name, a text as a part; None where nothing can be had."""
    if isinstance(value, list | tuple | set | frozenset):
        return any(_equal(one, want) for one in value)
    part = _text(want)
    if part is None:
        return False if isinstance(value, Mapping | str) else None
    if isinstance(value, Mapping):
        return part in value
    return part in value if isinstance(value, str) else None


def _finds(test: Test, text: str) -> bool:
    # RE2 works on UTF-8; given a text it would also translate the places of what it finds.
    return test.pattern.search(text.encode("utf-8", "replace")) is not None


def _number(value: Any) -> float | None:
    """Read as a number, also from a text; None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return number(value.strip()) if len(value) <= _QUOTED else None
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return value if isinstance(value, int) else None  # of any length: JSON has no limit, and no float would hold it


def _text(value: Any) -> str | None:
    """Write a single value as JSON would; None where it is no single value."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _digits(value)
    return None


def _digits(value: float) -> str:
    if isinstance(value, int):
        return str(value) if abs(value) < _HUGE else f"{'-' if value < 0 else ''}more than 10^18"
    return str(int(value)) if value.is_integer() and abs(value) < _HUGE else str(value)


def _instead(test: Test, value: Any, condition: Condition, seen: Seen) -> str:
    if condition.subject.name != BODY or test.operator not in ("~", "!~", "has"):
        return _said(value, condition.subject.unit, seen)
    if test.is_not or test.operator == "!~":
        return "the body has it"
    return f"the body of {len(value)} characters does not have it" if value else "there is no body"


def _said(value: Any, unit: Unit | None, seen: Seen) -> str:
    return f"it was {shown(value, unit, seen.quoted)}"


def shown(value: Any, unit: Unit | None = None, quoted: Callable[[str], str] = line) -> str:
    """A value for people: short, on one line. `quoted` makes such a line of a text, without what is secret in it."""
    if isinstance(value, list | tuple | set | frozenset):
        # Not what lies deeper: a list of lists of lists is told no better for it.
        some = ", ".join(shown(one, None, quoted) for one in islice(value, 3) if not isinstance(one, _MANY))
        return f"a list of {len(value)}" + (f": {some}" if some else "")
    match value:
        case None:
            return "null"
        case str():
            return f'"{cut(quoted(value[:_READ]), _QUOTED)}"'
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _measured(value, unit) if abs(value) < _HUGE else _digits(value)
    return "an object"


def _measured(value: float, unit: Unit | None) -> str:
    match unit:
        case "seconds":
            return f"{_rounded(value * 1000)}ms" if value < 1 else f"{_rounded(value)}s"
        case "percent":
            return f"{_rounded(value)}%"
        case "days":
            return f"{_rounded(value)} days"
        case "bytes":
            return f"{_digits(value)} bytes"
    return _digits(value)


def _rounded(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
