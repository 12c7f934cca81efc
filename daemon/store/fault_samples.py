"""Errors that are kept whole, a few of each."""

from collections.abc import Iterable

import msgspec

from daemon.store.base import Tx


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """When one was, and how large it is; without what is in it."""

    id: int
    at: float
    size: int


def add(tx: Tx, fault_id: int, at: float, body: bytes) -> None:
    """Keep one."""
    tx.insert("INSERT INTO fault_samples (fault, at, size, body) VALUES (?, ?, ?, ?)", (fault_id, at, len(body), body))


def of(tx: Tx, fault_id: int) -> list[Kept]:
    """Those of an error in the order in which they came."""
    rows = tx.all("SELECT id, at, size FROM fault_samples WHERE fault = ? ORDER BY id", (fault_id,))
    return [Kept(id=row[0], at=row[1], size=row[2]) for row in rows]


def bodies(tx: Tx, fault_id: int, limit: int) -> list[bytes]:
    """The newest that came, whole."""
    rows = tx.all("SELECT body FROM fault_samples WHERE fault = ? ORDER BY id DESC LIMIT ?", (fault_id, limit))
    return [row[0] for row in rows]


def first(tx: Tx, fault_id: int) -> bytes | None:
    """The very first, whole."""
    row = tx.one("SELECT body FROM fault_samples WHERE fault = ? ORDER BY id LIMIT 1", (fault_id,))
    return row[0] if row else None


def delete(tx: Tx, ids: Iterable[int]) -> None:
    """Keep them no longer."""
    tx.each("DELETE FROM fault_samples WHERE id = ?", [(one,) for one in ids])


def sizes(tx: Tx) -> list[tuple[str, int]]:
    """How many bytes those of each application take."""
    rows = tx.all("SELECT f.app, sum(s.size) FROM fault_samples s JOIN faults f ON f.id = s.fault GROUP BY f.app")
    return [(row[0], row[1]) for row in rows]


def between(tx: Tx, app: str, limit: int) -> list[tuple[int, int]]:
    """Ids and sizes of an application's that are neither the first nor the newest of an error, the oldest first."""
    rows = tx.all(
        "SELECT s.id, s.size FROM fault_samples s JOIN faults f ON f.id = s.fault WHERE f.app = ?"
        " AND s.id > (SELECT min(id) FROM fault_samples WHERE fault = s.fault)"
        " AND s.id < (SELECT max(id) FROM fault_samples WHERE fault = s.fault) ORDER BY s.id LIMIT ?",
        (app, limit),
    )
    return [(row[0], row[1]) for row in rows]
