"""What came in a slot, one series after the other: pairs that are made when they are looked at, and not kept.

A hundred thousand tuples that live as long as a slot is worked on make the collector of garbage look at all that there
is, again and again, which holds up everybody for tens of milliseconds. Two lists do not.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from daemon.series.live import Live
from daemon.series.tally import Tally

Row = tuple[Live, Tally]


class Rows(Sequence[Row]):
    """Series, and what came in each."""

    __slots__ = ("_lives", "_tallies")

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._lives: list[Live] = []
        self._tallies: list[Tally] = []
        for live, tally in rows:
            self.append(live, tally)

    def append(self, live: Live, tally: Tally) -> None:
        """One more."""
        self._lives.append(live)
        self._tallies.append(tally)

    def __iter__(self) -> Iterator[Row]:
        return zip(self._lives, self._tallies, strict=True)

    def __len__(self) -> int:
        return len(self._lives)

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> "Rows": ...
    def __getitem__(self, at: "int | slice") -> "Row | Rows":
        if isinstance(at, slice):
            return Rows(zip(self._lives[at], self._tallies[at], strict=True))
        return self._lives[at], self._tallies[at]
