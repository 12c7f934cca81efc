"""Slots add up to minutes, minutes to hours, hours to days: each tier is made of the one below, and of nothing else.

What is not whole yet is not added up. Up to where a tier is made is a fact in the store, so that a process that dies
half-way makes the same rows again. All of it is done piece by piece: between two of them slots are written.
"""

from collections.abc import Iterator
from functools import partial

from daemon import telemetry
from daemon.clock import Clock, unhurried
from daemon.config.series import Series
from daemon.series.packing import SIZE, Tallies, packed, unpacked
from daemon.series.table import SLOT, Table
from daemon.series.writing import BELOW, DAY, HOUR, MINUTE, Made, mark
from daemon.store import facts, series, spans
from daemon.store.base import Store, Tx

TOGETHER = 8  # blocks that are added up between two looks at what else is to be written
ROWS = 400  # rows that are deleted at once, or a few more: they have some kilobytes each
NUMBERS = 2_000  # series
OFTEN = 600  # seconds between two looks for what is past its time


class Roller:
    """Makes the tiers, and forgets them. Only its owner writes to them, and not while a piece is done."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._upto = dict.fromkeys(BELOW, 0)
        self._making = (0, 0, 0)
        self._forgotten = 0.0

    def begin(self) -> None:
        """Read up to where the tiers are made. Raises StoreError."""
        self._upto = {span: int(self._store.read(partial(facts.get, name=mark(span))) or 0) for span in BELOW}

    @property
    def made(self) -> Made:
        """Up to where the tiers are made."""
        return Made(dict(self._upto), self._making)

    def pieces(self, until: int) -> Iterator[None]:
        """Make what is whole, all slots before `until` being written. Raises StoreError: then it is made anew."""
        self._making = (0, 0, 0)
        for span in BELOW:
            yield from self._sums(span, until)

    def forget(self, table: Table, kept: Series, now: float) -> Iterator[None]:
        """Let go of what is past its time, a little at a time. Raises StoreError."""
        if 0 <= now - self._forgotten < OFTEN:
            return
        self._forgotten = now
        ages = {SLOT: kept.slots, MINUTE: kept.minutes, HOUR: kept.hours}
        for span, above in ((below, span) for span, below in BELOW.items()):
            before = min(int(now - ages[span]), self._upto[above])  # what is not added up yet stays
            yield from self._in_pieces(span, before)
        yield from self._in_pieces(DAY, int(now - kept.days))
        numbers = [live.number for live in table if live.number]
        for first in range(0, len(numbers), NUMBERS):
            self._store.write(partial(series.touch, numbers=numbers[first : first + NUMBERS], seen=int(now)))
            yield
        while self._store.write(partial(series.forget, before=int(now - kept.days), most=NUMBERS)):
            yield
        yield from self._make_room(kept.known, int(now))
        self._store.write(partial(series.forget_blocks, size=SIZE))
        yield

    def _make_room(self, most: int, now: int) -> Iterator[None]:
        """Let go of the oldest series where too many are known; of none that lives, for it was seen now."""
        left, seen = self._store.read(partial(series.beyond, most=most))
        while left > 0:
            before = min(seen + 1, now)
            gone = self._store.write(partial(series.forget, before=before, most=min(left, NUMBERS)))
            if not gone:
                return
            telemetry.series_forgotten.inc(gone)
            left -= gone
            yield

    def _in_pieces(self, span: int, before: int) -> Iterator[None]:
        while self._store.write(partial(spans.forget, span=span, before=before, most=ROWS)):
            yield

    def _sums(self, span: int, until: int) -> Iterator[None]:
        below = BELOW[span]
        while True:
            first = self._store.read(partial(spans.first_since, span=below, start=self._upto[span]))
            ready = (until if below == SLOT else self._upto[below]) // span * span
            if first is None or first >= ready:
                return
            yield from self._sum(span, first // span * span)

    def _sum(self, span: int, start: int) -> Iterator[None]:
        below = BELOW[span]
        after = 0
        while True:
            # asked again for each piece: what comes late may have begun a slot, or a block, in between
            starts = self._store.read(partial(spans.starts, span=below, begin=start, end=start + span, most=span))
            blocks = self._store.read(partial(spans.blocks, span=below, starts=starts, after=after, most=TOGETHER))
            if not blocks:
                break
            rows = self._store.read(partial(spans.of_blocks, span=below, starts=starts, blocks=blocks))
            made: dict[int, Tallies] = {block: {} for block in blocks}
            for _, block, blob in unhurried(self._clock, rows):
                add_up(made[block], unpacked(blob) or {})
            blobs = [(block, packed(one.items())) for block, one in unhurried(self._clock, made.items())]
            self._store.write(partial(spans.put, span=span, start=start, rows=blobs))
            after = blocks[-1]
            self._making = (span, start, after)
            yield
        self._store.write(partial(_mark, span=span, upto=start + span))
        self._upto[span] = start + span
        self._making = (0, 0, 0)
        yield


def add_up(into: Tallies, more: Tallies) -> None:
    """Add what came later."""
    for place, tally in more.items():
        here = into.get(place)
        if here is None:
            into[place] = tally
        else:
            here.merge(tally)


def _mark(tx: Tx, span: int, upto: int) -> None:
    facts.note(tx, mark(span), str(upto))
