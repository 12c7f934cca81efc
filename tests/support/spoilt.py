"""Documents in which something else stands in one place."""

import copy
from collections.abc import Iterator
from typing import Any

Spot = tuple[Any, ...]  # the keys and numbers that lead there


def spots(document: Any, path: Spot = ()) -> Iterator[Spot]:
    """Every place of a document, outer ones first."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, below in inner:
        yield (*path, key)
        yield from spots(below, (*path, key))


def spoilt(document: Any, spot: Spot, junk: Any) -> Any:
    """A copy of the document with junk in that place."""
    changed = copy.deepcopy(document)
    within = changed
    for key in spot[:-1]:
        within = within[key]
    within[spot[-1]] = junk
    return changed
