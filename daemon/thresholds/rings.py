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

    There may be ten thousands: none of them is looked at by the collector of garbage, nor what it keeps its numbers in,
    which is bytes and no array for that.
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
        lap, place = divmod(piece, self.size)
        behind = self._newest // self.size - lap
        if behind == 0:
            self._fold_in(self._pieces, place, value)
            self._begun = self.fold(self._begun, value)
        elif behind == 1:
            for one in range(place + 1):
                self._fold_in(self._ends, one, value)

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
        (end,) = _get(self._ends, WIDTH * (piece % self.size + 1))
        return self.fold(end, self._begun)

    def _begin(self, ends: Iterable[float]) -> None:
        """Begin a lap."""
        self._ends = bytearray(array("d", ends))
        self._pieces = bytearray(array("d", [self.empty]) * self.size)
        self._begun = self.empty

    def _fold_in(self, numbers: bytearray, place: int, value: float) -> None:
        at = WIDTH * place
        (here,) = _get(numbers, at)
        _put(numbers, at, self.fold(here, value))
