"""What one group of series took in a rule's window: as much of it as its function needs."""

from abc import ABC, abstractmethod

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


class Gathered(ABC):
    """Tallies of one slot are taken one by one, and put into the window together when all are there."""

    __slots__ = ("heard", "is_new", "number")

    def __init__(self, size: int, kind: Kind) -> None:  # noqa: ARG002 - the others need them
        self.is_new = False  # something was taken since the last `close`
        self.number = 0.0  # how many values those were
        self.heard = NOTHING  # the newest piece in which anything came

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


class Amount(Gathered):
    """How many, and what they add up to. Of a counter both are what it counted."""

    __slots__ = ("_is_counter", "_numbers", "_total", "_totals")

    def __init__(self, size: int, kind: Kind) -> None:
        super().__init__(size, kind)
        self._is_counter = kind is Kind.COUNTER
        self._numbers = Ring(size)
        self._totals = self._numbers if self._is_counter else Ring(size)
        self._total = 0.0

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


class Extremes(Gathered):
    """The lowest, the highest, the newest."""

    __slots__ = ("_high", "_highs", "_last", "_low", "_lows", "_newest", "_numbers", "_size")

    def __init__(self, size: int, kind: Kind) -> None:
        super().__init__(size, kind)
        self._size = size
        self._numbers = Ring(size)
        self._lows, self._low = Ring(size, min, INFINITE), INFINITE
        self._highs, self._high = Ring(size, max, -INFINITE), -INFINITE
        self._newest = 0.0
        self._last = 0.0  # what came in the piece `heard`

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


class Sketched(Gathered):
    """Percentiles; none is below the lowest value or above the highest, however wide their ranges are."""

    __slots__ = ("_counts", "_high", "_highs", "_low", "_lows", "_ranges")

    def __init__(self, size: int, kind: Kind) -> None:
        super().__init__(size, kind)
        self._ranges = Ranges(size)
        self._lows, self._low = Ring(size, min, INFINITE), INFINITE
        self._highs, self._high = Ring(size, max, -INFINITE), -INFINITE
        self._counts: Counts = {}

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


class Different(Gathered):
    """How many different ones."""

    __slots__ = ("_crowd", "_hashes", "_numbers")

    def __init__(self, size: int, kind: Kind) -> None:
        super().__init__(size, kind)
        self._numbers = Ring(size)
        self._crowd = Crowd(size)
        self._hashes: Distinct = set()

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
