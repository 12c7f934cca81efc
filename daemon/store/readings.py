"""Single readings, kept for a short while, and the last failures of each probe with their whole story."""

from collections.abc import Iterable

from daemon.store.base import Row, Tx

Reading = tuple[int, int, int, int, bytes, str]  # when (ms), probe, health, how long (us), phases, detail
Failure = tuple[int, int, bytes]  # probe, when (ms), story


def add(tx: Tx, readings: Iterable[Reading]) -> None:
    """Write them down. What is there already of the same probe and instant is what it says now."""
    tx.each(
        "INSERT OR REPLACE INTO probe_readings (at, probe, health, took, phases, detail) VALUES (?, ?, ?, ?, ?, ?)",
        readings,
    )


def between(tx: Tx, begin: int, end: int, limit: int, after: tuple[int, int] = (-1, -1)) -> list[Row]:
    """Readings of all probes in order, (at, probe, health, took, phases); `after` is the last of the page before."""
    return tx.all(
        "SELECT at, probe, health, took, phases FROM probe_readings WHERE (at, probe) > (?, ?) AND at >= ? AND at < ?"
        " ORDER BY at, probe LIMIT ?",
        (*after, begin, end, limit),
    )


def of_probe(tx: Tx, probe: int, begin: int, end: int, limit: int) -> list[Row]:
    """The last readings of one probe, newest first: (at, health, took, phases, detail)."""
    return tx.all(
        "SELECT at, health, took, phases, detail FROM probe_readings WHERE at >= ? AND at < ? AND probe = ?"
        " ORDER BY at DESC LIMIT ?",
        (begin, end, probe, limit),
    )


def first_since(tx: Tx, at: int) -> int | None:
    """When the first reading was taken from then on."""
    row = tx.one("SELECT min(at) FROM probe_readings WHERE at >= ?", (at,))
    return row[0] if row else None


def last_of_each(tx: Tx, within: int) -> dict[int, list[int]]:
    """When each probe was read, in order, in the last milliseconds before the very last reading of all."""
    found: dict[int, list[int]] = {}
    for probe, at in tx.all(
        "SELECT probe, at FROM probe_readings WHERE at >= (SELECT max(at) FROM probe_readings) - ? ORDER BY at",
        (within,),
    ):
        found.setdefault(probe, []).append(at)
    return found


def forget(tx: Tx, before: int, most: int) -> int:
    """Delete what is older, about so many at a time; return how many."""
    row = tx.one("SELECT at FROM probe_readings ORDER BY at, probe LIMIT 1 OFFSET ?", (most,))
    return tx.run("DELETE FROM probe_readings WHERE at < ?", (min(before, row[0] + 1) if row else before,))


def rewind(tx: Tx, at: int) -> None:
    """The clock was set back to then: delete what comes after."""
    tx.run("DELETE FROM probe_readings WHERE at > ?", (at,))
    tx.run("DELETE FROM probe_failures WHERE at > ?", (at,))


def add_failures(tx: Tx, failures: Iterable[Failure], keep: int) -> None:
    """Write down failures; of each probe that has new ones only so many are kept."""
    failures = list(failures)
    tx.each("INSERT INTO probe_failures (probe, at, story) VALUES (?, ?, ?)", failures)
    tx.each(
        "DELETE FROM probe_failures WHERE probe = ? AND id <= (SELECT id FROM probe_failures WHERE probe = ?"
        " ORDER BY at DESC, id DESC LIMIT 1 OFFSET ?)",
        ((probe, probe, keep) for probe in {probe for probe, _, _ in failures}),
    )


def failures(tx: Tx, probe: int, limit: int, before: int = 0) -> list[Row]:
    """The last failures of one probe, newest first: (id, at, story). `before` is an id to page on from."""
    return tx.all(
        "SELECT id, at, story FROM probe_failures WHERE probe = ? AND (? = 0 OR id < ?) ORDER BY at DESC, id DESC"
        " LIMIT ?",
        (probe, before, before, limit),
    )


def forget_failures(tx: Tx, probe: int, before: int) -> int:
    """Delete what is older of one probe; return how many."""
    return tx.run("DELETE FROM probe_failures WHERE probe = ? AND at < ?", (probe, before))
