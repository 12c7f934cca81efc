"""What came in series, remembered in a list: answers as `daemon.series.query.Query` does, without a store."""

import copy
from collections.abc import Sequence

from daemon.series.key import Key
from daemon.series.query import MOST, Listed, Tallies, TooMuch
from daemon.series.rows import Row
from daemon.series.selector import Selector
from daemon.series.table import Table
from daemon.series.tally import Tally


class Remembered:
    """Every slot that was closed."""

    def __init__(self, table: Table) -> None:
        self.most = MOST  # numbers in one answer
        self._kept: list[tuple[int, Key, Tally]] = []
        table.on_closed(self.closed)

    def list(self, selector: Selector) -> "list[Listed]":
        seen = {key: start for start, key, _ in self._kept if selector.matches(key)}
        return [Listed(key=key, seen=float(start), number=1) for key, start in seen.items()]

    def tallies(
        self, selector: Selector, begin: float, end: float, step: int = 0, by: Sequence[str] | None = ()
    ) -> Tallies:
        found: dict[tuple[tuple[str, str], ...], dict[int, Tally]] = {}
        for start, key, tally in self._kept:
            if begin <= start < end and selector.matches(key):
                group = key.labels if by is None else tuple(one for one in key.labels if one[0] in by)
                steps = found.setdefault(group, {})
                steps.setdefault(start // step * step if step else int(begin), Tally()).merge(copy.deepcopy(tally))
        if sum(map(len, found.values())) > self.most:
            raise TooMuch(f"that are more than {self.most} numbers")
        return {group: sorted(steps.items(), key=lambda one: one[0]) for group, steps in found.items()}

    def closed(self, start: int, rows: Sequence[Row]) -> None:
        self._kept += [(start, live.key, copy.deepcopy(tally)) for live, tally in rows]
