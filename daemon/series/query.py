"""Reads what is kept of series: which there are, and what they took over any stretch of time."""

import copy
from collections.abc import Sequence

import msgspec

from daemon.clock import Clock
from daemon.series.key import Key, Kind, Labels
from daemon.series.selector import Selector
from daemon.series.table import Row, Table
from daemon.series.tally import Tally
from daemon.store.base import Store

Tallies = dict[Labels, list[tuple[int, Tally]]]  # of each group: where each step begins (s), and what came in it


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """What there is under one name."""

    name: str
    kind: Kind
    unit: str
    series: int  # how many


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A series that is known, whether it lives or not."""

    key: Key
    seen: float  # about when something last came (s)


class Query:
    """Answers from the store and from what is not written yet. Raises StoreError."""

    def __init__(self, store: Store, table: Table, clock: Clock) -> None:
        self._store = store
        self._table = table
        self._clock = clock
        self._kept: list[tuple[int, Key, Tally]] = []  # until the store has them
        table.on_closed(self._closed)

    def names(self) -> list[Name]:
        """All names, in order."""
        found: dict[tuple[str, Kind, str], int] = {}
        for key in {key for _, key, _ in self._kept}:
            found[key.name, key.kind, key.unit] = found.get((key.name, key.kind, key.unit), 0) + 1
        return [Name(name=one[0], kind=one[1], unit=one[2], series=found[one]) for one in sorted(found)]

    def list(self, selector: Selector) -> list[Listed]:
        """The series that are meant."""
        seen = {key: start for start, key, _ in self._kept if selector.matches(key)}
        return [Listed(key=key, seen=float(start)) for key, start in seen.items()]

    def tallies(
        self, selector: Selector, begin: float, end: float, step: int = 0, by: Sequence[str] | None = ()
    ) -> Tallies:
        """What came from `begin` up to `end`: in steps that begin at multiples of `step` seconds, or, with 0, as one.

        `by` names the labels by which series are grouped: with none all are added up, None leaves each alone. Steps
        in which nothing came are not in it. What is old is kept in longer steps, and comes in these.
        """
        found: dict[Labels, dict[int, Tally]] = {}
        for start, key, tally in self._kept:
            if begin <= start < end and selector.matches(key):
                group = key.labels if by is None else tuple(one for one in key.labels if one[0] in by)
                steps = found.setdefault(group, {})
                steps.setdefault(start // step * step if step else int(begin), Tally()).merge(copy.deepcopy(tally))
        return {group: sorted(steps.items(), key=lambda one: one[0]) for group, steps in found.items()}

    def _closed(self, start: int, rows: Sequence[Row]) -> None:
        self._kept += [(start, live.key, copy.deepcopy(tally)) for live, tally in rows]
