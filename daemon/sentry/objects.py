"""Values out of JSON that may be anything: the one that is meant where it is there, else an empty one."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from daemon.fitting import cut

LONG, SHORT = 8_192, 200  # characters
LARGEST = 1e24  # no number of anything; beyond it sums lose their meaning, and in the end are infinite

_encode = msgspec.json.Encoder().encode


def mapping(value: object) -> Mapping[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object, most: int) -> Iterator[Mapping[str, Any]]:
    """The objects of a list, which may stand in `values`."""
    listed = value.get("values") if isinstance(value, dict) else value
    if isinstance(listed, list):
        yield from (one for one in listed[:most] if isinstance(one, dict))


def text(value: object, most: int = SHORT) -> str:
    """A text of so many characters at most; numbers are written, all else is nothing."""
    if isinstance(value, str):
        return cut(value, most)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return str(value)[:most]


def written(value: object, most: int = SHORT) -> str:
    """Whatever it is as text: what is no text as JSON."""
    if isinstance(value, str):
        return cut(value, most)
    try:
        return cut(_encode(value).decode("utf-8", "replace"), most) if value is not None else ""
    except RecursionError:  # a little deeper than what could just be read
        return ""


def number(value: object) -> float | None:
    """A finite number, also one that came as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def amount(value: object) -> float | None:
    """A number that can be added up with others."""
    found = number(value)
    return found if found is not None and abs(found) < LARGEST else None


def pairs(value: object, most: int = 100, longest: int = SHORT) -> tuple[tuple[str, str], ...]:
    """What an object or a list of pairs holds, as text and sorted by name."""
    if isinstance(value, dict):
        listed = list(value.items())[:most]
    elif isinstance(value, list):
        listed = [tuple(one) for one in value[:most] if isinstance(one, list) and len(one) == 2]  # noqa: PLR2004 - a pair
    else:
        return ()
    found = {text(name): written(one, longest) for name, one in listed}
    return tuple(sorted((name, one) for name, one in found.items() if name))
