"""The last end heard of each problem whose beginning may still wait in quarantine."""

import msgspec

from daemon.store.base import Tx


class End(msgspec.Struct, frozen=True, kw_only=True):
    """An end: when we heard of it, by our clock, and when it was, by its source's clock and word."""

    heard_at: float
    ended_at: float | None


def note(tx: Tx, source: str, fingerprint: str, heard_at: float, ended_at: float | None) -> None:
    """Remember the last end of a problem, if any request of its source waits: nothing else could bring older word."""
    tx.run(
        "INSERT INTO ends (fingerprint, heard_at, ended_at) SELECT ?, ?, ?"
        " WHERE EXISTS (SELECT 1 FROM quarantine WHERE source = ? AND replayed_at IS NULL)"
        " ON CONFLICT (fingerprint) DO UPDATE SET heard_at = excluded.heard_at, ended_at = excluded.ended_at"
        " WHERE excluded.heard_at >= ends.heard_at",
        (fingerprint, heard_at, ended_at, source),
    )


def last(tx: Tx, fingerprint: str) -> End | None:
    """The last end that was remembered of this problem."""
    row = tx.one("SELECT heard_at, ended_at FROM ends WHERE fingerprint = ?", (fingerprint,))
    return End(heard_at=row[0], ended_at=row[1]) if row else None


def forget(tx: Tx, before: float) -> int:
    """Delete what was heard before then; return how many."""
    return tx.run("DELETE FROM ends WHERE heard_at < ?", (before,))
