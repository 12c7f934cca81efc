"""What came in a slot, on its way to the store: one transaction for all of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from daemon.series.packing import merged, unpacked
from daemon.series.table import SLOT, Slot
from daemon.store import facts, series, spans
from daemon.store.base import Tx

MINUTE, HOUR, DAY = 60, 3_600, 86_400
BELOW = {MINUTE: SLOT, HOUR: MINUTE, DAY: HOUR}  # what each tier is made of
TIERS = (SLOT, MINUTE, HOUR, DAY)

WRITTEN = "series.written"  # the fact that says which slot was written last


def mark(span: int) -> str:
    """The fact that says up to where a tier is made (s)."""
    return f"series.{span}"


class Cut(NamedTuple):
    """What somebody wants to be written in the transaction of a slot, and to hear once that is on disk.

    Taken twice it is the newer that counts.
    """

    write: Callable[[Tx], None]
    done: Callable[[], None]


class Made(msgspec.Struct, frozen=True):
    """Up to where each tier is made: what comes for a time before then is added to it as well."""

    upto: Mapping[int, int]  # by span (s)
    making: tuple[int, int, int] = (0, 0, 0)  # span and start of what is being made, and its last block so far

    def has(self, span: int, start: int, block: int) -> bool:
        """Whether what comes in the slot that starts then is too late for this tier to be made with it."""
        under = start // span * span
        return under < self.upto.get(span, 0) or (self.making[:2] == (span, under) and block <= self.making[2])


def write_all(tx: Tx, slots: Sequence[Slot], made: Made, cut: Cut | None) -> None:
    """Write slots, and what is to be written with them, or nothing of it."""
    for slot in slots:
        if slot.tallies or slot.totals:
            write(tx, slot, made)
    if cut is not None:
        cut.write(tx)


def write(tx: Tx, slot: Slot, made: Made) -> None:
    """Write one slot. What there is of the same time already is added to, in every tier that is made with it.

    One that was written is not written again: whoever was killed meanwhile, or was told that it failed, cannot know.
    """
    if int(facts.get(tx, WRITTEN) or 0) >= slot.number:
        return
    is_new = not slot.is_late and not spans.has(tx, SLOT, slot.start)
    if is_new and not any(made.has(span, slot.start, 0) for span in BELOW):
        spans.put(tx, SLOT, slot.start, slot.tallies.items())
    else:
        for block, blob in slot.tallies.items():
            _add(tx, slot, block, blob, made)
    series.put_totals(tx, slot.totals.items())
    facts.note(tx, WRITTEN, str(slot.number))


def _add(tx: Tx, slot: Slot, block: int, blob: bytes, made: Made) -> None:
    for span in TIERS:
        if span == SLOT or made.has(span, slot.start, block):
            start = slot.start // span * span
            there: Any = spans.get(tx, span, start, block)
            together = blob if there is None else merged(there, unpacked(blob) or {}, is_older=slot.is_late)
            spans.put(tx, span, start, [(block, together)])
