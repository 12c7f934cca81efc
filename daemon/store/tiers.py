"""What readings add up to, in minutes, hours and days: one row for each probe that was looked at in it."""

from collections.abc import Iterable, Sequence

from daemon.store.base import Row, Tx

Piece = tuple[int, int, int, bytes]  # span in seconds, start in seconds, probe, tally


def put(tx: Tx, rows: Iterable[Piece]) -> None:
    """Write them down, in place of what was there."""
    tx.each("INSERT OR REPLACE INTO probe_tiers (span, start, probe, tally) VALUES (?, ?, ?, ?)", rows)


def first_since(tx: Tx, span: int, start: int) -> int | None:
    """Where the first row of this tier starts from then on."""
    row = tx.one("SELECT min(start) FROM probe_tiers WHERE span = ? AND start >= ?", (span, start))
    return row[0] if row else None


def of_probes(tx: Tx, span: int, starts: Sequence[int], low: int, high: int) -> list[Row]:
    """(probe, tally) of the probes numbered from low to high, at each of these starts."""
    marks = ", ".join("?" * len(starts))
    return tx.all(
        f"SELECT probe, tally FROM probe_tiers WHERE span = ? AND start IN ({marks}) AND probe BETWEEN ? AND ?",
        (span, *starts, low, high),
    )


def of_probe(tx: Tx, probe: int, span: int, starts: Iterable[int]) -> list[Row]:
    """(start, tally) of one probe, in order; asked for one by one, for neighbours in time lie far apart."""
    found = []
    for start in starts:
        row = tx.one(
            "SELECT start, tally FROM probe_tiers WHERE span = ? AND start = ? AND probe = ?", (span, start, probe)
        )
        if row:
            found.append(row)
    return found


def numbers(tx: Tx, span: int, start: int, end: int) -> tuple[int, int] | None:
    """The lowest and the highest number of the probes that have a row between."""
    row = tx.one(
        "SELECT min(probe), max(probe) FROM probe_tiers WHERE span = ? AND start >= ? AND start < ?", (span, start, end)
    )
    return row if row and row[0] is not None else None


def forget(tx: Tx, span: int, before: int, most: int) -> int:
    """Delete what starts before then, about so many at a time; return how many."""
    row = tx.one("SELECT start FROM probe_tiers WHERE span = ? ORDER BY start, probe LIMIT 1 OFFSET ?", (span, most))
    upto = min(before, row[0] + 1) if row else before
    return tx.run("DELETE FROM probe_tiers WHERE span = ? AND start < ?", (span, upto))


def rewind(tx: Tx, at: int) -> None:
    """The clock was set back to then (ms): delete what ends after it, also what has only begun."""
    tx.run("DELETE FROM probe_tiers WHERE (start + span) * 1000 > ?", (at,))
