"""What came in the last so many pieces of time, without adding them all up again and without ever subtracting.

Pieces have numbers. The window lies over two laps of its own length: what it holds is the end of the one before and
the beginning of the present one. The ends of a lap are added up once, when it is over; the beginning as it comes. So a
large number that leaves takes nothing with it, as it would if it were subtracted. M. van Herk, Pattern Recognition
Letters 13 (1992); J. Gil, M. Werman, IEEE PAMI 15 (1993).
"""

from array import array
from collections.abc import Callable
from itertools import accumulate
from operator import add

NOTHING = -1  # a piece before all others

Fold = Callable[[float, float], float]


class Ring:
    """Numbers that are folded: added, or the lowest or highest of them kept."""

    __slots__ = ("_begun", "_empty", "_ends", "_fold", "_newest", "_pieces", "_size")

    def __init__(self, size: int, fold: Fold = add, empty: float = 0.0) -> None:
        self._size = size
        self._fold = fold
        self._empty = empty
        self._newest = NOTHING
        self._pieces = array("d", [empty]) * size  # of the present lap
        self._ends = array("d", [empty]) * (size + 1)  # of the lap before: what all from each piece on come to
        self._begun = empty  # what the pieces of the present lap come to

    def put(self, piece: int, value: float) -> None:
        """Take what came in a piece, the newest or one before."""
        if piece > self._newest:
            self.move(piece)
        lap, place = divmod(piece, self._size)
        behind = self._newest // self._size - lap
        if behind == 0:
            self._pieces[place] = self._fold(self._pieces[place], value)
            self._begun = self._fold(self._begun, value)
        elif behind == 1:
            for one in range(place + 1):
                self._ends[one] = self._fold(self._ends[one], value)

    def move(self, piece: int) -> None:
        """Go on to this piece; nothing has come since the newest one."""
        laps = piece // self._size - self._newest // self._size
        self._newest = piece
        if laps <= 0:
            return
        size, empty = self._size, self._empty
        if laps == 1:
            self._ends = array("d", accumulate(reversed(self._pieces), self._fold, initial=empty))
            self._ends.reverse()
        else:
            self._ends = array("d", [empty]) * (size + 1)
        self._pieces = array("d", [empty]) * size
        self._begun = empty

    def at(self, piece: int) -> float:
        """What the window that ends with this piece holds; it is never one before the newest."""
        if piece > self._newest:
            self.move(piece)
        return self._fold(self._ends[piece % self._size + 1], self._begun)
