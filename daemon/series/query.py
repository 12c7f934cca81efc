"""Reads what is kept of series: which there are, and what they took over any stretch of time."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from daemon.clock import Clock, unhurried
from daemon.config.series import Series
from daemon.series.covering import Piece, kept_since, pieces
from daemon.series.key import Key, Kind, Labels
from daemon.series.packing import SIZE, unpacked
from daemon.series.selector import Selector
from daemon.series.table import Slot, Table
from daemon.series.tally import Tally
from daemon.series.writing import BELOW, WRITTEN, mark
from daemon.store import facts, series, spans
from daemon.store.base import Store, Tx

Tallies = dict[Labels, list[tuple[int, Tally]]]  # of each group: where each step begins (s), and what came in it

ROWS = 200  # that are read at once, each with a block of series
MOST = 200_000  # numbers in one answer: each takes some hundred bytes until it is shown

_Groups = dict[int, dict[int, int]]  # the group of each series that is meant, by block and place
_Steps = dict[tuple[int, int], Tally]  # by group and the step's beginning

_labels = msgspec.json.Decoder(tuple[tuple[str, str], ...]).decode


class TooMuch(ValueError):
    """It would take too long, or too much memory; the text says what would not."""


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """What there is under one name."""

    name: str
    kind: Kind
    unit: str
    series: int  # how many


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A series that is known, whether it lives or not."""

    key: Key
    seen: float  # when something last came, or up to ten minutes before (s)
    number: int


class Query:
    """Answers from the store and from what is not written yet. Raises StoreError.

    Work on rows is done in the readers' threads, and for a few thousand of them at a time.
    """

    def __init__(self, store: Store, table: Table, clock: Clock, settings: Callable[[], Series] = Series) -> None:
        self._store = store
        self._table = table
        self._clock = clock
        self._settings = settings

    def names(self) -> "list[Name]":
        """All names, in order."""
        rows = self._store.read(series.names)
        return [Name(name=row[0], kind=Kind(row[1]), unit=row[2], series=row[3]) for row in rows]

    def list(self, selector: Selector) -> "list[Listed]":
        """The series that are meant, in order."""
        return self._store.read(partial(_listed, selector=selector))

    def tallies(
        self, selector: Selector, begin: float, end: float, step: int = 0, by: Sequence[str] | None = ()
    ) -> Tallies:
        """What came from `begin` up to `end`: in steps that begin at multiples of `step` seconds, or, with 0, as one.

        `by` names the labels by which series are grouped: with none all are added up, None leaves each alone. Steps
        in which nothing came are not in it. What is old is kept in longer steps, and comes in these. Raises TooMuch.
        """
        first, last = math.ceil(begin), math.ceil(end)
        reading = _Reading(self._clock, step, first, by)
        for one in unhurried(self._clock, self._store.read(partial(_listed, selector=selector))):
            reading.add(one.number, reading.group(one.key))
        kept = kept_since(self._settings(), self._clock.now())
        upto = self._store.read(_upto)
        for piece in pieces(first, last, step, kept, upto):
            while piece.begin < piece.end:
                piece = self._read(reading, piece, selector)  # noqa: PLW2901 - what is left of it
        return reading.result()

    def _read(self, reading: "_Reading", piece: Piece, selector: Selector) -> Piece:
        """Add up the first rows of a piece, and return the rest of it."""
        waiting = self._table.waiting()
        upto, written, found = self._store.read(partial(_gather, piece=piece, reading=reading))
        reading.merge(found)
        for slot in waiting:
            if slot.number > written and piece.begin <= slot.start < upto:
                reading.merge(self._of_slot(slot, reading, selector))
        return Piece(upto, piece.end, piece.span)

    def _of_slot(self, slot: Slot, reading: "_Reading", selector: Selector) -> _Steps:
        """Add up what is closed, and not written yet: of a hundred thousand series, in turns."""
        found: _Steps = {}
        step = reading.step(slot.start)
        for block, blob in unhurried(self._clock, slot.tallies.items()):
            if block in reading.groups:
                _take(found, blob, reading.groups[block], step)
        for live, tally in unhurried(self._clock, slot.strays):
            if selector.matches(live.key):
                found.setdefault((reading.group(live.key), step), Tally()).merge(tally)
        return found


class _Reading:
    """One question: which groups there are, and what was found for them."""

    def __init__(self, clock: Clock, step: int, begin: int, by: Sequence[str] | None) -> None:
        self._clock = clock
        self._step = step
        self._begin = begin
        self._by = None if by is None else frozenset(by)
        self._labels: dict[Labels, int] = {}
        self._steps: _Steps = {}
        self.groups: _Groups = {}

    def group(self, key: Key) -> int:
        """The group to which a series belongs."""
        by = self._by
        labels = key.labels if by is None else tuple(one for one in key.labels if one[0] in by)
        return self._labels.setdefault(labels, len(self._labels))

    def add(self, number: int, group: int) -> None:
        """A series is meant."""
        self.groups.setdefault(number // SIZE, {})[number % SIZE] = group

    def step(self, start: int) -> int:
        """The beginning of the step in which a row counts."""
        return start // self._step * self._step if self._step else self._begin

    def merge(self, found: _Steps) -> None:
        """Add what was found, of a later time."""
        for at, tally in unhurried(self._clock, found.items()):
            here = self._steps.get(at)
            if here is None:
                self._steps[at] = tally
            else:
                here.merge(tally)
        if len(self._steps) > MOST:
            raise TooMuch(f"that are more than {MOST} numbers; ask for longer steps, or for fewer labels to tell apart")

    def result(self) -> Tallies:
        """All of it, by labels."""
        labels = {number: one for one, number in self._labels.items()}
        found: Tallies = {}
        for (group, start), tally in unhurried(self._clock, self._steps.items()):
            found.setdefault(labels[group], []).append((start, tally))
        for steps in unhurried(self._clock, found.values()):
            steps.sort(key=lambda one: one[0])
        return found


def _listed(tx: Tx, selector: Selector) -> "list[Listed]":
    names = {row[0] for row in series.names(tx) if selector.names(row[0])} if selector.is_glob else {selector.name}
    found = []
    for name in sorted(names):
        for number, kind, unit, text, seen in series.of_name(tx, name):
            key = Key(name, Kind(kind), _labels(text), unit)
            if selector.matches(key):
                found.append(Listed(key=key, seen=float(seen), number=number))
    found.sort(key=lambda one: (one.key.name, one.key.labels))
    return found


def _upto(tx: Tx) -> dict[int, int]:
    return {span: int(facts.get(tx, mark(span)) or 0) for span in BELOW}


def _gather(tx: Tx, piece: Piece, reading: _Reading) -> tuple[int, int, _Steps]:
    """Add up what is in the store, in a reader's thread; say up to when, and which slot was written last."""
    found: _Steps = {}
    blocks = list(reading.groups)
    most = max(1, ROWS // max(1, len(blocks)))
    starts = spans.starts(tx, piece.span, piece.begin, piece.end, most) if blocks else []
    for start in starts:
        for _, block, blob in spans.of_blocks(tx, piece.span, [start], blocks):
            _take(found, blob, reading.groups[block], reading.step(start))
    upto = starts[-1] + piece.span if len(starts) == most else piece.end
    return upto, int(facts.get(tx, WRITTEN) or 0), found


def _take(found: _Steps, blob: bytes, places: Mapping[int, int], step: int) -> None:
    for place, tally in (unpacked(blob) or {}).items():
        group = places.get(place)
        if group is None:
            continue
        here = found.get((group, step))
        if here is None:
            found[group, step] = tally
        else:
            here.merge(tally)
