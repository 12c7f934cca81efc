"""What one group of series took in a rule's window: as much of it as its function needs."""

from abc import abstractmethod
from typing import Self

import msgspec

from daemon.expressions.expression import ABSENT, PERCENTILE, Value
from daemon.series.distinct import Distinct, merge
from daemon.series.key import Kind
from daemon.series.tally import Tally
from daemon.sketch import Counts
from daemon.sketch import merge as merge_counts
from daemon.thresholds.crowd import Crowd
from daemon.thresholds.ranges import Ranges
from daemon.thresholds.rings import NOTHING, Ring

INFINITE = float("inf")


class Gathered(msgspec.Struct, gc=False, eq=False):
    """Tallies of one slot are taken one by one, and put into the window together when all are there.

    There may be tens of thousands, at which the collector of garbage does not look: they refer to nothing that refers
    to them.
    """

    is_new: bool = False  # something was taken since the last `close`
    number: float = 0.0  # how many values those were
    heard: int = NOTHING  # the newest piece in which anything came

    @classmethod
    @abstractmethod
    def begin(cls, size: int, kind: Kind) -> Self:
        """Begin a window of so many pieces over series of a kind."""

    @abstractmethod
    def take(self, tally: Tally) -> None:
        """Take what a series had in the present slot."""

    @abstractmethod
    def close(self, piece: int) -> None:
        """The slot is over: what was taken belongs to this piece."""

    @abstractmethod
    def samples(self, piece: int) -> float:
        """How many values there were in the window that ends with this piece."""

    @abstractmethod
    def ask(self, value: Value, piece: int) -> float | None:
        """The number that is asked for; None where nothing came that has one."""

    def put(self, piece: int, tally: Tally) -> None:
        """Take what came in a piece, be it long ago. Not while a slot is being taken."""
        self.take(tally)
        self.close(piece)


class Amount(Gathered, kw_only=True):
    """How many, and what they add up to. Of a counter both are what it counted."""

    _is_counter: bool
    _numbers: Ring
    _totals: Ring
    _total: float = 0.0

    @classmethod
    def begin(cls, size: int, kind: Kind) -> Self:
        """A counter needs one ring."""
        numbers, is_counter = Ring(size), kind is Kind.COUNTER
        return cls(_is_counter=is_counter, _numbers=numbers, _totals=numbers if is_counter else Ring(size))

    def take(self, tally: Tally) -> None:
        """Add it."""
        self.is_new = True
        if self._is_counter:
            self.number += tally.total
        else:
            self.number += tally.count
            self._total += tally.total

    def close(self, piece: int) -> None:
        """Add the slot to the window."""
        self.is_new = False
        self.heard = max(self.heard, piece)
        self._numbers.put(piece, self.number)
        if not self._is_counter:
            self._totals.put(piece, self._total)
            self._total = 0.0
        self.number = 0.0

    def samples(self, piece: int) -> float:
        """How many."""
        return self._numbers.at(piece)

    def ask(self, value: Value, piece: int) -> float | None:
        """An amount is nought where nothing came; an average there is none."""
        if value.function == "sum":
            return self._totals.at(piece)
        number = self._numbers.at(piece)
        if value.function == "avg":
            return self._totals.at(piece) / number if number else None
        return number


class Extremes(Gathered, kw_only=True):
    """The lowest, the highest, the newest."""

    _size: int
    _numbers: Ring
    _lows: Ring
    _highs: Ring
    _low: float = INFINITE
    _high: float = -INFINITE
    _newest: float = 0.0
    _last: float = 0.0  # what came in the piece `heard`

    @classmethod
    def begin(cls, size: int, kind: Kind) -> Self:  # noqa: ARG003 - all are alike
        """Nothing is lower or higher yet."""
        return cls(_size=size, _numbers=Ring(size), _lows=_lows(size), _highs=_highs(size))

    def take(self, tally: Tally) -> None:
        """Keep what is lower, higher or newer."""
        self.is_new = True
        self.number += tally.count
        self._low = min(self._low, tally.low)
        self._high = max(self._high, tally.high)
        self._newest = tally.last

    def close(self, piece: int) -> None:
        """Put the slot into the window."""
        self.is_new = False
        self._numbers.put(piece, self.number)
        self._lows.put(piece, self._low)
        self._highs.put(piece, self._high)
        if piece >= self.heard:
            self.heard, self._last = piece, self._newest
        self.number, self._low, self._high = 0.0, INFINITE, -INFINITE

    def samples(self, piece: int) -> float:
        """How many values."""
        return self._numbers.at(piece)

    def ask(self, value: Value, piece: int) -> float | None:
        """What is asked for, where anything came."""
        if self.heard <= piece - self._size:
            return None
        if value.function == "last":
            return self._last
        return self._lows.at(piece) if value.function == "min" else self._highs.at(piece)


class Sketched(Gathered, kw_only=True):
    """Percentiles; none is below the lowest value or above the highest, however wide their ranges are."""

    _ranges: Ranges
    _lows: Ring
    _highs: Ring
    _low: float = INFINITE
    _high: float = -INFINITE
    _counts: Counts = {}

    @classmethod
    def begin(cls, size: int, kind: Kind) -> Self:  # noqa: ARG003 - all are alike
        """A sketch for each piece."""
        return cls(_ranges=Ranges(size), _lows=_lows(size), _highs=_highs(size))

    def take(self, tally: Tally) -> None:
        """Add its sketch."""
        self.is_new = True
        self._low = min(self._low, tally.low)
        self._high = max(self._high, tally.high)
        merge_counts(self._counts, tally.counts)

    def close(self, piece: int) -> None:
        """Add the slot's sketch to that of the window."""
        self.is_new = False
        self.heard = max(self.heard, piece)
        self._ranges.put(piece, self._counts)
        self._lows.put(piece, self._low)
        self._highs.put(piece, self._high)
        self._counts, self._low, self._high = {}, INFINITE, -INFINITE

    def samples(self, piece: int) -> float:
        """How many values."""
        return self._ranges.at(piece)

    def ask(self, value: Value, piece: int) -> float | None:
        """The percentile."""
        found = self._ranges.percentile(value.part) if self._ranges.at(piece) else None
        return None if found is None else min(max(found, self._lows.at(piece)), self._highs.at(piece))


class Different(Gathered, kw_only=True):
    """How many different ones."""

    _numbers: Ring
    _crowd: Crowd
    _hashes: Distinct = set()

    @classmethod
    def begin(cls, size: int, kind: Kind) -> Self:  # noqa: ARG003 - all are alike
        """Nobody was there yet."""
        return cls(_numbers=Ring(size), _crowd=Crowd(size))

    def take(self, tally: Tally) -> None:
        """Add who was there."""
        self.is_new = True
        self.number += tally.count
        merge(self._hashes, tally.distinct)

    def close(self, piece: int) -> None:
        """Put the slot's into the window."""
        self.is_new = False
        self.heard = max(self.heard, piece)
        self._numbers.put(piece, self.number)
        self._crowd.put(piece, self._hashes)
        self.number, self._hashes = 0.0, set()

    def samples(self, piece: int) -> float:
        """How often anybody was."""
        return self._numbers.at(piece)

    def ask(self, value: Value, piece: int) -> float | None:  # noqa: ARG002 - there is one question
        """Who was there twice counts once."""
        return self._crowd.at(piece)


_BY_FUNCTION: dict[str, type[Gathered]] = {
    "rate": Amount,
    "sum": Amount,
    "count": Amount,
    ABSENT: Amount,
    "min": Extremes,
    "max": Extremes,
    "last": Extremes,
    "avg": Amount,
    "different": Different,
    PERCENTILE: Sketched,
}


def gathering(function: str) -> type[Gathered]:
    """What must be kept for a function. Rules that keep the same of the same series share it."""
    return _BY_FUNCTION[function]


def _lows(size: int) -> Ring:
    return Ring(size, min, INFINITE)


def _highs(size: int) -> Ring:
    return Ring(size, max, -INFINITE)
