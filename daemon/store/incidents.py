"""From when to when a probe was down or degraded, why, and what ended that."""

from collections.abc import Iterable

from daemon.store.base import Row, Tx

Incident = tuple[int, int, int, int | None, str, str]  # probe, began (ms), health, ended (ms), reason, ending
_COLUMNS = "probe, began, health, ended, reason, ending"


def put(tx: Tx, incidents: Iterable[Incident]) -> None:
    """Write them down, as they are now."""
    tx.each(f"INSERT OR REPLACE INTO probe_incidents ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", incidents)


def still_open(tx: Tx) -> list[Row]:
    """Those that nothing has ended."""
    return tx.all(f"SELECT {_COLUMNS} FROM probe_incidents WHERE ended IS NULL ORDER BY began")


def of_probe(tx: Tx, probe: int, begin: int, end: int, limit: int) -> list[Row]:
    """Those of one probe with a part in this time, newest first."""
    return tx.all(
        f"SELECT {_COLUMNS} FROM probe_incidents WHERE probe = ? AND began < ? AND (ended IS NULL OR ended > ?)"
        " ORDER BY began DESC, health DESC LIMIT ?",
        (probe, end, begin, limit),
    )


def rewind(tx: Tx, at: int) -> None:
    """The clock was set back to then: what has not begun yet begins now if it is open, else it was not."""
    tx.run("DELETE FROM probe_incidents WHERE began > ? AND ended IS NOT NULL", (at,))
    tx.run("UPDATE OR REPLACE probe_incidents SET began = ? WHERE began > ?", (at, at))
    tx.run("UPDATE probe_incidents SET ended = ? WHERE ended > ?", (at, at))


def forget(tx: Tx, before: int) -> int:
    """Delete what was over before then; return how many."""
    return tx.run("DELETE FROM probe_incidents WHERE ended < ?", (before,))
