"""One series while it lives: what came since the last slot was closed. `add` is called for every number that comes."""

import math

import msgspec

from daemon import sketch
from daemon.series import distinct
from daemon.series.distinct import Distinct
from daemon.series.key import Key, Kind
from daemon.series.tally import NO_COUNTS, Tally

FOLD = 128  # values of a spread that wait until they are sketched; each takes 32 bytes until then


MOST_WEIGHT = 2.0**32  # values of a spread for which one may stand: more of them are no number that can be kept


class Live(msgspec.Struct, gc=False, eq=False):
    """A series. Whoever has found it once may keep it while `is_live`, and add to it again and again.

    There may be a hundred thousand: none of them is looked at by the collector of garbage, which would hold up
    everybody. So they refer to nothing that refers to them.
    """

    key: Key
    number: int = 0  # in the store, once it is known there
    seen: int = 0  # when the last slot began in which something came (s)
    is_live: bool = True  # until it expires: then it is to be found anew

    def add(self, value: float, weight: float = 1.0) -> None:
        """Take a finite value that stands for `weight` of its like."""
        raise NotImplementedError

    def take(self) -> Tally | None:
        """What came since the last time; None when nothing did."""
        raise NotImplementedError

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

    def take(self) -> Tally | None:
        """How many more there were."""
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
        self.is_known = True
        self._is(value, weight)

    def shift(self, by: float) -> None:
        """So much more or less than it was."""
        value = self.value + by
        if math.isfinite(value):
            self._is(value, 1.0)

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

    def _is(self, value: float, weight: float) -> None:
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

    def take(self) -> Tally | None:
        """What it was, from the lowest to the highest."""
        tally, self.tally = self.tally, None
        return tally


class SpreadLive(Live):
    """One of many values."""

    values: list[float] = []
    tally: Tally | None = None

    def add(self, value: float, weight: float = 1.0) -> None:
        """Take one of them."""
        if weight != 1.0:
            self._merge(
                Tally(
                    weight,
                    value * weight,
                    value,
                    value,
                    value,
                    {sketch.place(value): max(1, round(min(weight, MOST_WEIGHT)))},
                )
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
        values = self.values
        found = sketch.counted(values)
        self._merge(Tally(float(len(values)), sum(values), min(values), max(values), values[-1], found))
        values.clear()  # not another list: the collector of garbage would begin for them

    def _merge(self, other: Tally) -> None:
        if self.tally is None:
            self.tally = other
        else:
            self.tally.merge(other)


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
