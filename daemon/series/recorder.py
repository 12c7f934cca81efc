"""Writes down what came in the series: closes a slot every ten seconds, and sees to it that it gets to the disk."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import gevent
import msgspec

from daemon import telemetry
from daemon.clock import SHORT_TURN, Clock, unhurried
from daemon.config.series import Series
from daemon.errors import StoreError
from daemon.series.key import Key
from daemon.series.packing import SIZE, Tallies, packed
from daemon.series.roller import Roller
from daemon.series.rows import Row, Rows
from daemon.series.table import SLOT, Slot, Table, slot_of
from daemon.series.writing import WRITTEN, Cut, write_all
from daemon.store import facts, series
from daemon.store.base import Store

log = logging.getLogger("tocsin.series")

MOST_WAITING = 64 * 1024**2  # bytes of slots for a store that cannot write; the oldest goes first
TOGETHER = 100  # blocks of what came late that are written at once: each is read, and written in all tiers
NEW = 2_000  # series that get their numbers in one transaction
LONGEST_STOP = 10.0  # seconds
AGAIN = 2.0  # seconds after which what could not be written is tried again

_labels = msgspec.json.Encoder().encode


def _called(key: Key) -> series.Called:
    """What it is called in the store. What is no text would keep all others from being known."""
    labels = tuple((_text(name), _text(value)) for name, value in key.labels)
    return _text(key.name), str(key.kind), _text(key.unit), _labels(labels).decode()


def _text(text: str) -> str:
    return text if text.isascii() else text.encode(errors="replace").decode()


class Recorder:
    """One greenlet closes slots by the clock, another writes: a slow disk does not make a slot longer."""

    def __init__(self, store: Store, table: Table, clock: Clock, settings: Callable[[], Series] = Series) -> None:
        self._store = store
        self._table = table
        self._clock = clock
        self._settings = settings
        self._roller = Roller(store, clock)
        self._waiting: deque[Slot] = deque()
        self._number = 0
        self._until = 0  # up to when all slots are in the store (s)
        self._rolled = 0
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._greenlets: list[gevent.Greenlet[[], None]] = []
        self._writing: list[Slot] = []
        self.cut: Callable[[], Cut | None] = lambda: None  # what is to be written with the slot just closed
        self._cut: Cut | None = None
        table.on_begun = self._wake.set
        table.waiting = self.waiting
        table.on_closed(self.closed)

    def begin(self) -> None:
        """Take up where an earlier process left off. Raises StoreError."""
        self._number = int(self._store.read(partial(facts.get, name=WRITTEN)) or 0)
        self._roller.begin()

    def start(self) -> None:
        """Begin to write. Raises StoreError."""
        self.begin()
        self._greenlets = [gevent.spawn(self._close_all), gevent.spawn(self._write_all)]

    def stop(self) -> None:
        """Write down the slot that is open too; what cannot be written now is lost."""
        self._stopped.set()
        self._wake.set()
        gevent.joinall(self._greenlets, timeout=LONGEST_STOP)
        gevent.killall(self._greenlets)
        self._table.close_slot(self._table.open)
        try:
            self.flush()
        except StoreError as error:
            log.warning("the last slots of the series are not written: %s", error)

    def waiting(self) -> list[Slot]:
        """What is closed and may not be in the store yet."""
        return self._writing + list(self._waiting)

    def closed(self, start: int, rows: Sequence[Row]) -> None:
        """Make of a slot what is to be written."""
        is_late = start != self._table.closing
        self._add_rows(start, rows, is_late=is_late)
        if not is_late:
            self._cut = self.cut() or self._cut
        telemetry.series_live.set(len(self._table))
        self._wake.set()

    def _add_rows(self, start: int, rows: Sequence[Row], *, is_late: bool) -> None:
        blocks: dict[int, Tallies] = {}
        strays = Rows()
        for live, tally in unhurried(self._clock, rows, SHORT_TURN):
            if live.number:
                blocks.setdefault(live.number // SIZE, {})[live.number % SIZE] = tally
            else:
                strays.append(live, tally)
        slot = self._slot(start, is_late=is_late)
        slot.strays = strays
        for number, found in unhurried(self._clock, blocks.items(), SHORT_TURN):
            if is_late and len(slot.tallies) >= TOGETHER:
                self._add(slot)
                slot = self._slot(start, is_late=True)
            self._fill(slot, number, found)
        self._add(slot)

    def flush(self) -> None:
        """Write all that waits. Raises StoreError: then it still waits."""
        self._register()
        self._settle()
        while self._waiting:
            while any(slot.strays for slot in self._waiting):  # closed while others were written
                self._register()
                self._settle()
            self._write()

    def roll(self) -> None:
        """Add up what is whole, and forget what is old; slots are written meanwhile. Raises StoreError."""
        if self._until != self._rolled:
            upto = self._until
            for _ in self._pieces():
                self.flush()
            self._rolled = upto

    def _pieces(self) -> Iterator[None]:
        yield from self._roller.pieces(self._until)
        yield from self._roller.forget(self._table, self._settings(), self._clock.now())

    def _close_all(self) -> None:
        while True:
            start = self._table.open
            left = start + SLOT - self._clock.now()  # more than a slot when the clock was set back
            if self._clock.wait(self._stopped, min(left, SLOT)):
                return
            now = slot_of(self._clock.now())
            try:
                if now != start:  # also when the clock was set back: what came is counted once, where it was begun
                    self._table.close_slot(start, now)
            except Exception:  # a loop of the process's own: it must go on
                log.exception("a slot could not be closed")

    def _write_all(self) -> None:
        while not self._stopped.is_set():
            self._clock.wait(self._wake, None)
            self._wake.clear()
            try:
                self.flush()
                self.roll()
            except StoreError as error:
                log.warning("series are written down later: %s", error)
                self._clock.wait(self._stopped, AGAIN)
                self._wake.set()
            except Exception:  # a loop of the process's own: it must go on
                log.exception("series could not be written down")

    def _slot(self, start: int, *, is_late: bool) -> Slot:
        self._number += 1
        return Slot(number=self._number, start=start, is_late=is_late)

    def _fill(self, slot: Slot, number: int, rows: Tallies) -> None:
        slot.tallies[number] = packed(rows.items())
        if totals := self._table.blocks.count(number, rows.items(), is_late=slot.is_late):
            slot.totals[number] = totals

    def _add(self, slot: Slot) -> None:
        slot.size = slot.measured()
        self._waiting.append(slot)
        size = sum(one.size for one in self._waiting)
        while size > MOST_WAITING and len(self._waiting) > 1:
            oldest = self._waiting.popleft()
            size -= oldest.size
            telemetry.series_dropped.inc()
            self._waiting[0].totals = oldest.totals | self._waiting[0].totals

    def _write(self) -> None:
        """Write a slot; all that wait, where something is to be written with them: it belongs to all of them.

        They go back where they waited if they cannot be written, or nobody knows if they were.
        """
        cut, self._cut = self._cut, None
        slots = self._writing = [self._waiting.popleft() for _ in range(1 if cut is None else len(self._waiting))]
        try:
            if cut is not None or any(slot.tallies or slot.totals for slot in slots):
                self._store.write(partial(write_all, slots=slots, made=self._roller.made, cut=cut))
        except BaseException:
            self._waiting.extendleft(reversed(slots))
            self._cut = self._cut or cut
            raise
        finally:
            self._writing = []
        if cut is not None:
            cut.done()
        for slot in slots:
            for number, totals in slot.totals.items():
                self._table.blocks.are_written(number, totals)
            if not slot.is_late:
                self._table.blocks.newest_is(slot.tallies)
                self._until = slot.start + SLOT

    def _settle(self) -> None:
        """Put in their blocks series that had no number when their slot was closed; behind all that waits already."""
        for slot in list(self._waiting):
            if slot.strays:
                strays, slot.strays = slot.strays, Rows()
                self._add_rows(slot.start, Rows(row for row in strays if row[0].number), is_late=True)

    def _register(self) -> None:
        """Get numbers for new series. Raises StoreError: then they are still new."""
        while self._table.begun:
            some = self._table.begun[:NEW]
            called = [_called(live.key) for live in some]
            seen = int(self._clock.now())
            numbers = self._store.write(partial(series.register, wanted=called, seen=seen, size=SIZE))
            # of all their blocks: one that lives now may be gone when this is read
            blocks = sorted({number // SIZE for number in numbers})
            totals: Mapping[int, bytes] = self._store.read(partial(series.totals, blocks=blocks))
            del self._table.begun[: len(some)]
            for live, number in zip(some, numbers, strict=True):
                self._table.numbered(live, number, totals.get(number // SIZE, b""))
