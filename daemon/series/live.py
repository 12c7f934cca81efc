"""One series while it lives: what came since the last slot was closed. `add` is called for every number that comes."""

from abc import ABC, abstractmethod

from daemon import sketch
from daemon.series import distinct
from daemon.series.key import Key, Kind
from daemon.series.tally import Tally

FOLD = 512  # values of a spread that wait until they are sketched


class Live(ABC):
    """A series. Whoever has found it once may keep it while `is_live`, and add to it again and again."""

    __slots__ = ("is_live", "key", "number")

    def __init__(self, key: Key, number: int) -> None:
        self.key = key
        self.number = number  # in the store
        self.is_live = True  # until it expires: then it is to be found anew

    @abstractmethod
    def add(self, value: float, weight: float = 1.0) -> None:
        """Take a finite value that stands for `weight` of its like."""

    @abstractmethod
    def take(self) -> Tally | None:
        """What came since the last time; None when nothing did."""


class CounterLive(Live):
    """So many more."""

    __slots__ = ("count", "total")

    def __init__(self, key: Key, number: int) -> None:
        super().__init__(key, number)
        self.count = 0
        self.total = 0.0

    def add(self, value: float, weight: float = 1.0) -> None:
        """Count so many more, of which only one in `weight` was told."""
        self.count += 1
        self.total += value * weight

    def take(self) -> Tally | None:
        """How many more there were."""
        if not self.count:
            return None
        tally = Tally(count=float(self.count), total=self.total, low=self.total, high=self.total, last=self.total)
        self.count, self.total = 0, 0.0
        return tally


class GaugeLive(Live):
    """So much now."""

    __slots__ = ("tally", "value")

    def __init__(self, key: Key, number: int) -> None:
        super().__init__(key, number)
        self.value = 0.0  # what it is; stays when a slot is closed
        self.tally: Tally | None = None

    def add(self, value: float, weight: float = 1.0) -> None:
        """So much it is from now on."""
        self.value = value
        tally = self.tally
        if tally is None:
            self.tally = Tally(count=weight, total=value * weight, low=value, high=value, last=value)
            return
        tally.count += weight
        tally.total += value * weight
        tally.low = min(tally.low, value)
        tally.high = max(tally.high, value)
        tally.last = value

    def shift(self, by: float) -> None:
        """So much more or less than it was."""
        self.add(self.value + by)

    def take(self) -> Tally | None:
        """What it was, from the lowest to the highest."""
        tally, self.tally = self.tally, None
        return tally


class SpreadLive(Live):
    """One of many values."""

    __slots__ = ("tally", "values")

    def __init__(self, key: Key, number: int) -> None:
        super().__init__(key, number)
        self.values: list[float] = []
        self.tally: Tally | None = None

    def add(self, value: float, weight: float = 1.0) -> None:
        """Take one of them."""
        if weight != 1.0:
            self._merge(
                Tally(weight, value * weight, value, value, value, {sketch.place(value): max(1, round(weight))})
            )
            return
        values = self.values
        values.append(value)
        if len(values) >= FOLD:
            self._fold()

    def take(self) -> Tally | None:
        """What all of them add up to."""
        if self.values:
            self._fold()
        tally, self.tally = self.tally, None
        return tally

    def _fold(self) -> None:
        values, self.values = self.values, []
        found = sketch.counted(values)
        self._merge(Tally(float(len(values)), sum(values), min(values), max(values), values[-1], found))

    def _merge(self, other: Tally) -> None:
        if self.tally is None:
            self.tally = other
        else:
            self.tally.merge(other)


class SetLive(Live):
    """Somebody or something."""

    __slots__ = ("count", "hashes")

    def __init__(self, key: Key, number: int) -> None:
        super().__init__(key, number)
        self.count = 0
        self.hashes: set[int] = set()

    def add(self, value: float, weight: float = 1.0) -> None:  # noqa: ARG002 - who was there does not weigh
        """Take the hash of it (`distinct.hashed`)."""
        self.count += 1
        self.hashes.add(int(value))
        if len(self.hashes) > 2 * distinct.MOST:
            distinct.merge(self.hashes, ())

    def take(self) -> Tally | None:
        """Who all was there."""
        if not self.count:
            return None
        distinct.merge(self.hashes, ())
        there = distinct.number(self.hashes)
        tally = Tally(float(self.count), there, there, there, there, {}, self.hashes)
        self.count, self.hashes = 0, set()
        return tally


LIVE: dict[Kind, type[Live]] = {
    Kind.COUNTER: CounterLive,
    Kind.GAUGE: GaugeLive,
    Kind.SPREAD: SpreadLive,
    Kind.SET: SetLive,
}
