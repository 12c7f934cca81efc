"""A sketch of what came in the last so many pieces: counts are whole numbers, so what leaves is subtracted exactly."""

from array import array
from collections.abc import Iterator, Mapping
from itertools import chain

import msgspec

from daemon import sketch
from daemon.sketch import Counts
from daemon.thresholds.rings import NOTHING

_PAIR = 2


class Ranges(msgspec.Struct, gc=False, eq=False):
    """Values by the range in which they lie. Pieces that are over are kept packed: there are many."""

    size: int
    number: int = 0  # of values
    _packed: list[bytes | None] = []
    _newest: int = NOTHING
    _now: Counts = {}  # of the newest piece
    _whole: Counts = {}
    _asked: dict[float, float | None] = {}  # percentiles, until something changes

    def __post_init__(self) -> None:
        """Nothing has come yet."""
        self._packed = [None] * self.size

    def put(self, piece: int, counts: Mapping[int, int]) -> None:
        """Take what came in a piece, the newest or one before."""
        if piece > self._newest:
            self.move(piece)
        elif piece <= self._newest - self.size:
            return
        self._asked.clear()
        sketch.merge(self._whole, counts)
        self.number += sum(counts.values())
        if piece == self._newest:
            if self._now:
                sketch.merge(self._now, counts)
            else:
                self._now = dict(counts)
            return
        place = piece % self.size
        before = _unpacked(self._packed[place])
        sketch.merge(before, counts)
        self._packed[place] = _packed(before)

    def move(self, piece: int) -> None:
        """Go on to this piece: what is too old leaves."""
        size = self.size
        if self._now:
            self._packed[self._newest % size] = _packed(self._now)
            self._now = {}
        if self._whole:
            for left in range(self._newest + 1, min(piece, self._newest + size) + 1):
                self._leave(left % size)
        self._newest = piece

    def at(self, piece: int) -> int:
        """How many values the window that ends with this piece holds."""
        if piece > self._newest:
            self.move(piece)
        return self.number

    def percentile(self, part: float) -> float | None:
        """The value that so much of all is at most; None where there are none."""
        if part not in self._asked:
            self._asked[part] = sketch.quantile(self._whole, part)
        return self._asked[part]

    def _leave(self, place: int) -> None:
        packed = self._packed[place]
        if packed is None:
            return
        self._packed[place] = None
        self._asked.clear()
        whole = self._whole
        for number, count in _pairs(packed):
            self.number -= count
            if whole[number] == count:
                del whole[number]
            else:
                whole[number] -= count


def _packed(counts: Counts) -> bytes:
    """Bytes, and no array: the collector of garbage looks at each array, and there would be a hundred thousand."""
    return array("q", chain.from_iterable(counts.items())).tobytes()


def _unpacked(packed: bytes | None) -> Counts:
    return {} if packed is None else dict(_pairs(packed))


def _pairs(packed: bytes) -> Iterator[tuple[int, int]]:
    numbers = memoryview(packed).cast("q")
    return zip(numbers[::_PAIR], numbers[1::_PAIR], strict=True)
