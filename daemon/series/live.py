"""One series while it lives: what came since the last slot was closed. `add` is called for every number that comes."""

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from itertools import repeat
from operator import mul

import msgspec

from daemon import sketch
from daemon.series import distinct
from daemon.series.distinct import Distinct
from daemon.series.key import Key, Kind
from daemon.series.tally import NO_COUNTS, Tally

FOLD = 128  # values of a spread that wait until they are sketched; each takes 32 bytes until then
MOST_WEIGHT = 2.0**32  # values of a spread for which one may stand: more of them are no number that can be kept


class Texts(msgspec.Struct, gc=False):
    """Values that wait as text: to put one there costs a fraction of adding it, and together they are added quickly."""

    read: Callable[[bytes], Sequence[float]]  # makes finite numbers of what waits; a plain function, see `Live`
    scale: float = 1.0  # from their unit to that of the series
    weight: float = 1.0
    waiting: bytearray = msgspec.field(default_factory=bytearray)


class Live(msgspec.Struct, gc=False, eq=False):
    """A series. Whoever has found it once may keep it while `is_live`, and add to it again and again.

    There may be a hundred thousand: none of them is looked at by the collector of garbage, which would hold up
    everybody. So they refer to nothing that refers to them.
    """

    key: Key
    number: int = 0  # in the store, once it is known there
    seen: int = 0  # when the last slot began in which something came (s)
    is_live: bool = True  # until it expires: then it is to be found anew
    texts: Texts | None = None  # where whoever reads texts lets them wait

    @abstractmethod
    def add(self, value: float, weight: float = 1.0) -> None:
        """Take a finite value that stands for `weight` of its like."""

    def add_all(self, values: Sequence[float], weight: float = 1.0) -> None:
        """Take several of them, and at least one."""
        for value in values:
            self.add(value, weight)

    def settle(self) -> None:
        """Add what waits as text."""
        texts = self.texts
        if texts is None or not texts.waiting:
            return
        waiting = bytes(texts.waiting)
        texts.waiting.clear()
        values = texts.read(waiting)
        if values:
            self.add_all(values if texts.scale == 1.0 else list(map(mul, values, repeat(texts.scale))), texts.weight)

    @abstractmethod
    def take(self) -> Tally | None:
        """What came since the last time; None when nothing did."""

    def goes_on(self, last: float) -> None:
        """Take up what it was before: told once, when the store has said what is known of it."""


class CounterLive(Live):
    """So many more."""

    count: int = 0
    total: float = 0.0

    def add(self, value: float, weight: float = 1.0) -> None:
        """Count so many more, of which only one in `weight` was told."""
        self.count += 1
        self.total += value * weight

    def add_all(self, values: Sequence[float], weight: float = 1.0) -> None:
        """Count all of them."""
        self.count += len(values)
        self.total += sum(values) * weight

    def take(self) -> Tally | None:
        """How many more there were."""
        self.settle()
        if not self.count:
            return None
        tally = Tally(count=float(self.count), total=self.total, low=self.total, high=self.total, last=self.total)
        self.count, self.total = 0, 0.0
        return tally


class GaugeLive(Live):
    """So much now."""

    value: float = 0.0  # what it is; stays when a slot is closed
    is_known: bool = False  # whether it is that much, and not so much more than it once was
    tally: Tally | None = None

    def add(self, value: float, weight: float = 1.0) -> None:
        """So much it is from now on."""
        self.settle()  # what waits came before
        self.is_known = True
        self._is(Tally(weight, value * weight, value, value, value))

    def add_all(self, values: Sequence[float], weight: float = 1.0) -> None:
        """So much it was, one after the other."""
        self.is_known = True
        self._is(Tally(len(values) * weight, sum(values) * weight, min(values), max(values), values[-1]))

    def shift(self, by: float) -> None:
        """So much more or less than it was."""
        self.settle()
        value = self.value + by
        if math.isfinite(value):
            self._is(Tally(1.0, value, value, value, value))

    def goes_on(self, last: float) -> None:
        """It was so much before: what only shifted it since was meant from there."""
        if self.is_known:
            return
        self.is_known = True
        if not math.isfinite(self.value + last):
            return
        self.value += last
        if self.tally is not None:
            tally = self.tally
            tally.total += last * tally.count
            tally.low, tally.high, tally.last = tally.low + last, tally.high + last, tally.last + last

    def _is(self, now: Tally) -> None:
        self.value = now.last
        if self.tally is None:
            self.tally = now
        else:
            self.tally.merge(now)

    def take(self) -> Tally | None:
        """What it was, from the lowest to the highest."""
        self.settle()
        tally, self.tally = self.tally, None
        return tally


class SpreadLive(Live):
    """One of many values."""

    values: list[float] = []
    tally: Tally | None = None

    def add(self, value: float, weight: float = 1.0) -> None:
        """Take one of them."""
        if weight != 1.0:
            self._merge((value,), weight)
            return
        values = self.values
        values.append(value)
        if len(values) >= FOLD:
            self._fold()

    def take(self) -> Tally | None:
        """What all of them add up to."""
        self.settle()
        if self.values:
            self._fold()
        tally, self.tally = self.tally, None
        return tally

    def add_all(self, values: Sequence[float], weight: float = 1.0) -> None:
        """Take all of them at once."""
        self._merge(values, weight)

    def _fold(self) -> None:
        values = self.values
        self._merge(values, 1.0)
        values.clear()  # not another list: the collector of garbage would begin for them

    def _merge(self, values: Sequence[float], weight: float) -> None:
        found, each = sketch.counted(values), max(1, round(min(weight, MOST_WEIGHT)))
        if each > 1:
            found = {number: count * each for number, count in found.items()}
        tally = Tally(len(values) * weight, sum(values) * weight, min(values), max(values), values[-1], found)
        if self.tally is None:
            self.tally = tally
        else:
            self.tally.merge(tally)


class SetLive(Live):
    """Somebody or something."""

    count: int = 0
    hashes: Distinct | None = None  # only while there is somebody: an empty set takes 216 bytes

    def add(self, value: float, weight: float = 1.0) -> None:  # noqa: ARG002 - who was there does not weigh
        """Take the hash of it (`distinct.hashed`)."""
        self.count += 1
        if self.hashes is None:
            self.hashes = set()
        self.hashes.add(int(value))
        if len(self.hashes) > 2 * distinct.MOST:
            distinct.merge(self.hashes, ())

    def take(self) -> Tally | None:
        """Who all was there."""
        if self.hashes is None:
            return None
        distinct.merge(self.hashes, ())
        there = distinct.number(self.hashes)
        tally = Tally(float(self.count), there, there, there, there, NO_COUNTS, self.hashes)
        self.count, self.hashes = 0, None
        return tally


LIVE: dict[Kind, type[Live]] = {
    Kind.COUNTER: CounterLive,
    Kind.GAUGE: GaugeLive,
    Kind.SPREAD: SpreadLive,
    Kind.SET: SetLive,
}
