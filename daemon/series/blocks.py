"""The totals of all that ever came in each series, by blocks as in the store: what is shown is what is on disk."""

import math
from collections.abc import Iterable, Mapping

import msgspec

from daemon.series.packing import SIZE, Tallies, unpacked
from daemon.series.tally import Tally

COUNT, TOTAL, LAST = 0, 1, 2
WIDTH = 3  # numbers of each series: how many values, their sum, the last


class Block(msgspec.Struct):
    """The series of one block. Nothing in `written` ever goes down, whatever becomes of this process."""

    newest: bytes  # the totals with everything that is closed
    written: bytes  # those that are on disk
    slot: bytes = b""  # what came in the last slot that is on disk, if anything did
    live: int = 0  # series of it that live

    def of(self, place: int) -> tuple[float, float, float] | None:
        """The totals of one series that are on disk; None when there are none yet."""
        numbers = memoryview(self.written).cast("d")
        first = place * WIDTH
        if len(numbers) <= first or not numbers[first]:
            return None
        return numbers[first], numbers[first + TOTAL], numbers[first + LAST]

    def tallies(self) -> Tallies:
        """What came in the last slot, by places."""
        return (unpacked(self.slot) if self.slot else None) or {}


class Blocks:
    """Those of which any series lives."""

    def __init__(self) -> None:
        self._all: dict[int, Block] = {}

    def get(self, block: int) -> Block | None:
        """The block; None where none of it lives."""
        return self._all.get(block)

    def enter(self, number: int, totals: bytes) -> Block:
        """A series of it begins to live; `totals` are those in the store, needed for the first of a block only."""
        block = self._all.get(number // SIZE)
        if block is None:
            block = self._all[number // SIZE] = Block(newest=totals, written=totals)
        block.live += 1
        return block

    def leave(self, number: int) -> None:
        """A series of it lives no more."""
        block = self._all.get(number // SIZE)
        if block is not None:
            block.live -= 1
            self._drop(number // SIZE, block)

    def count(self, number: int, rows: Iterable[tuple[int, Tally]], *, is_late: bool) -> bytes:
        """Add what came, at each place, to the totals of a block; return what is to be written."""
        block = self._all.get(number)
        if block is None:
            return b""
        totals = bytearray(block.newest)
        totals.extend(bytes(max(0, SIZE * WIDTH * 8 - len(totals))))
        numbers = memoryview(totals).cast("d")
        for place, tally in rows:
            first = place * WIDTH
            is_first = not numbers[first]
            numbers[first] += tally.count
            total = numbers[first + TOTAL] + tally.total
            if math.isfinite(total):
                numbers[first + TOTAL] = total
            if is_first or not is_late:
                numbers[first + LAST] = tally.last
        numbers.release()
        block.newest = bytes(totals)
        return block.newest

    def are_written(self, number: int, totals: bytes) -> None:
        """Totals are on disk."""
        block = self._all.get(number)
        if block is not None:
            block.written = totals
            self._drop(number, block)

    def newest_is(self, tallies: Mapping[int, bytes]) -> None:
        """This came in the slot that is now the last on disk; in all other blocks nothing did."""
        for number, block in self._all.items():
            block.slot = tallies.get(number, b"")

    def _drop(self, number: int, block: Block) -> None:
        """Nobody needs it, and all of it is on disk."""
        if block.live <= 0 and block.written is block.newest:
            del self._all[number]
