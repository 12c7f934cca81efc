"""How many different ones came in the last so many pieces, in bounded memory.

Of each hash is known in which piece it came last. Where there are too many, only the smaller ones are remembered from
then on, and how small they must be is noted for the pieces of the window: how many all are follows from how many are
below that bound (P. Gibbons, S. Tirthapura: Estimating simple functions on the union of data streams, SPAA 2001).
"""

from collections.abc import Collection

import msgspec

from daemon.series import distinct
from daemon.thresholds.rings import NOTHING

MOST = 2 * distinct.MOST  # hashes that are remembered
_WHOLE = 2**64


class Crowd(msgspec.Struct, gc=False, eq=False):
    """Hashes, and the piece in which each came last."""

    size: int
    _last: dict[int, int] = {}
    _bounds: list[int] = []  # of each piece: all hashes below it are remembered
    _newest: int = NOTHING

    def __post_init__(self) -> None:
        """Nobody has come yet."""
        self._bounds = [_WHOLE] * self.size

    def put(self, piece: int, hashes: Collection[int]) -> None:
        """Take who came in a piece, the newest or one before."""
        if piece > self._newest:
            self.move(piece)
        elif piece <= self._newest - self.size:
            return
        place = piece % self.size
        if len(hashes) >= distinct.MOST:  # of more than these only the smallest are told
            self._bounds[place] = min(self._bounds[place], max(hashes) + 1)
        last = self._last
        for one in hashes:
            if last.get(one, NOTHING) < piece:
                last[one] = piece
        if len(last) > MOST:
            self._forget()

    def move(self, piece: int) -> None:
        """Go on to this piece."""
        size = self.size
        for left in range(max(self._newest + 1, piece - size + 1), piece + 1):
            self._bounds[left % size] = _WHOLE
        self._newest = piece

    def at(self, piece: int) -> float:
        """How many different ones the window that ends with this piece holds."""
        if piece > self._newest:
            self.move(piece)
        self._leave()
        bound = min(self._bounds)
        below = sum(one < bound for one in self._last) if bound < _WHOLE else len(self._last)
        return float(below) if bound == _WHOLE else below * (_WHOLE / bound)

    def _leave(self) -> None:
        oldest = self._newest - self.size
        gone = [one for one, piece in self._last.items() if piece <= oldest]
        for one in gone:
            del self._last[one]

    def _forget(self) -> None:
        """Remember the smaller half only."""
        self._leave()
        if len(self._last) <= MOST:
            return
        bound = sorted(self._last)[distinct.MOST]
        self._last = {one: piece for one, piece in self._last.items() if one < bound}
        self._bounds = [min(bound, one) for one in self._bounds]
