"""What came in the last so many pieces of time, without adding them all up again and without ever subtracting.

Pieces have numbers. The window lies over two laps of its own length: what it holds is the end of the one before and
the beginning of the present one. The ends of a lap are added up once, when it is over; the beginning as it comes. So a
large number that leaves takes nothing with it, as it would if it were subtracted. M. van Herk, Pattern Recognition
Letters 13 (1992); J. Gil, M. Werman, IEEE PAMI 15 (1993).
"""

from array import array
from collections.abc import Callable, Iterable
from itertools import accumulate, repeat
from operator import add
from struct import Struct

import msgspec

NOTHING = -1  # a piece before all others
WIDTH = 8  # bytes of a number

_get, _put = Struct("d").unpack_from, Struct("d").pack_into

Fold = Callable[[float, float], float]


class Ring(msgspec.Struct, gc=False, eq=False):
    """Numbers that are folded: added, or the lowest or highest of them kept.

    There may be tens of thousands: the collector of garbage looks at none of them, nor at what they keep their numbers
    in, which is bytes and no array for that.
    """

    size: int
    fold: Fold = add
    empty: float = 0.0
    _newest: int = NOTHING
    _pieces: bytearray = msgspec.field(default_factory=bytearray)  # of the present lap
    _ends: bytearray = msgspec.field(default_factory=bytearray)  # of the lap before: what all from each one on come to
    _begun: float = 0.0  # what the pieces of the present lap come to

    def __post_init__(self) -> None:
        """Nothing has come yet."""
        self._begin(repeat(self.empty, self.size + 1))

    def put(self, piece: int, value: float) -> None:
        """Take what came in a piece, the newest or one before."""
        if piece > self._newest:
            self.move(piece)
        size, fold = self.size, self.fold
        behind = self._newest // size - piece // size
        at = piece % size * WIDTH
        if behind == 0:
            pieces = self._pieces
            _put(pieces, at, fold(_get(pieces, at)[0], value))
            self._begun = fold(self._begun, value)
        elif behind == 1:
            ends = self._ends
            for one in range(0, at + WIDTH, WIDTH):
                _put(ends, one, fold(_get(ends, one)[0], value))

    def move(self, piece: int) -> None:
        """Go on to this piece; nothing has come since the newest one."""
        laps = piece // self.size - self._newest // self.size
        self._newest = piece
        if laps == 1:
            pieces = memoryview(self._pieces).cast("d")
            self._begin(reversed([*accumulate(reversed(pieces), self.fold, initial=self.empty)]))
        elif laps > 1:
            self._begin(repeat(self.empty, self.size + 1))

    def at(self, piece: int) -> float:
        """What the window that ends with this piece holds; it is never one before the newest."""
        if piece > self._newest:
            self.move(piece)
        return self.fold(_get(self._ends, (piece % self.size + 1) * WIDTH)[0], self._begun)

    def _begin(self, ends: Iterable[float]) -> None:
        """Begin a lap."""
        self._ends = bytearray(array("d", ends))
        self._pieces = bytearray(array("d", [self.empty]) * self.size)
        self._begun = self.empty
