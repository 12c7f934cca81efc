"""What came in the series, by tiers: a row for each span of time and each block of series."""

from collections.abc import Iterable, Sequence

from daemon.store.base import Row, Tx


def put(tx: Tx, span: int, start: int, rows: Iterable[tuple[int, bytes]]) -> None:
    """Write blocks down, in place of what was there."""
    sql = "INSERT OR REPLACE INTO series_tiers (span, start, block, tallies) VALUES (?, ?, ?, ?)"
    tx.each(sql, ((span, start, block, blob) for block, blob in rows))


def get(tx: Tx, span: int, start: int, block: int) -> bytes | None:
    """One row."""
    sql = "SELECT tallies FROM series_tiers WHERE span = ? AND start = ? AND block = ?"
    row = tx.one(sql, (span, start, block))
    return row[0] if row else None


def first_since(tx: Tx, span: int, start: int) -> int | None:
    """Where the first row of a tier starts from then on."""
    row = tx.one("SELECT min(start) FROM series_tiers WHERE span = ? AND start >= ?", (span, start))
    return row[0] if row else None


def has(tx: Tx, span: int, start: int) -> bool:
    """Whether there is any row that starts then."""
    return tx.one("SELECT 1 FROM series_tiers WHERE span = ? AND start = ? LIMIT 1", (span, start)) is not None


def blocks(tx: Tx, span: int, starts: Iterable[int], after: int, most: int) -> list[int]:
    """The next blocks, by number, that have a row at any of these starts."""
    found: set[int] = set()
    sql = "SELECT block FROM series_tiers WHERE span = ? AND start = ? AND block > ? ORDER BY block LIMIT ?"
    for start in starts:
        found.update(row[0] for row in tx.all(sql, (span, start, after, most)))
    return sorted(found)[:most]


def of_blocks(tx: Tx, span: int, starts: Sequence[int], blocks: Sequence[int]) -> list[Row]:
    """(start, block, tallies) of these, in the order of time."""
    found = []
    marks = ", ".join("?" * len(blocks))
    sql = f"SELECT block, tallies FROM series_tiers WHERE span = ? AND start = ? AND block IN ({marks})"
    for start in starts:
        found += [(start, *row) for row in tx.all(sql, (span, start, *blocks))]
    return found


def starts(tx: Tx, span: int, begin: int, end: int, most: int) -> list[int]:
    """Where rows start from `begin` up to `end`; the first so many."""
    found: list[int] = []
    at = first_since(tx, span, begin)
    while at is not None and at < end and len(found) < most:
        found.append(at)
        at = first_since(tx, span, at + 1)
    return found


def forget(tx: Tx, span: int, before: int, most: int) -> int:
    """Delete what starts before then, about so many at a time; return how many."""
    row = tx.one("SELECT start FROM series_tiers WHERE span = ? ORDER BY start, block LIMIT 1 OFFSET ?", (span, most))
    upto = min(before, row[0] + 1) if row else before
    return tx.run("DELETE FROM series_tiers WHERE span = ? AND start < ?", (span, upto))
