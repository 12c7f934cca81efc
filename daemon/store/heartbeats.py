"""What is kept of each probe that calls in: the notes that its kind makes of every call."""

from collections.abc import Callable, Collection

import msgspec

from daemon.store.base import Tx


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """The notes after so many calls. The number tells which of two is newer."""

    number: int
    notes: bytes
    at: float  # when it called last


def take(tx: Tx, probe: str, at: float, noted: Callable[[bytes], bytes]) -> Heard:
    """Add a call: `noted` makes new notes of the old ones, which are empty at the first."""
    row = tx.one("SELECT number, notes FROM heartbeats WHERE probe = ?", (probe,))
    number, before = row or (0, b"")
    heard = Heard(number=number + 1, notes=noted(before), at=at)
    tx.run(
        "INSERT INTO heartbeats (probe, number, notes, at) VALUES (?, ?, ?, ?) ON CONFLICT (probe) DO UPDATE SET"
        " number = excluded.number, notes = excluded.notes, at = excluded.at",
        (probe, heard.number, heard.notes, heard.at),
    )
    return heard


def every(tx: Tx) -> dict[str, Heard]:
    """What is kept, by probe."""
    rows = tx.all("SELECT probe, number, notes, at FROM heartbeats")
    return {probe: Heard(number=number, notes=notes, at=at) for probe, number, notes, at in rows}


def forget(tx: Tx, probes: Collection[str], before: float) -> int:
    """Delete what is kept of others than these probes that last called before then; return how many."""
    old = [probe for (probe,) in tx.all("SELECT probe FROM heartbeats WHERE at < ?", (before,)) if probe not in probes]
    for probe in old:
        tx.run("DELETE FROM heartbeats WHERE probe = ?", (probe,))
    return len(old)
