"""Receivers whose notices are gathered into digests."""

import msgspec

from daemon.store.base import Row, Tx

_encode = msgspec.json.Encoder().encode
_ids = msgspec.json.Decoder(list[int]).decode


class Storm(msgspec.Struct, frozen=True, kw_only=True):
    """One digest that is being gathered: since when, and the ids of the notices that wait for it."""

    id: int
    receiver: str
    since: float
    waiting: list[int]


def count(tx: Tx, receiver: str, since: float, now: float) -> int:
    """Count one more notice of a receiver with a limit; say how many it had since then, this one included."""
    tx.run("DELETE FROM receivers_told WHERE receiver = ? AND at <= ?", (receiver, since))
    tx.run("INSERT INTO receivers_told (receiver, at) VALUES (?, ?)", (receiver, now))
    row = tx.one("SELECT count(*) FROM receivers_told WHERE receiver = ?", (receiver,))
    return row[0] if row else 0


def over(tx: Tx, receiver: str) -> Storm | None:
    """The storm over a receiver, if there is one."""
    row = tx.one("SELECT id, receiver, since, waiting FROM storms WHERE receiver = ?", (receiver,))
    return _storm(row) if row else None


def get(tx: Tx, storm_id: int) -> Storm | None:
    """Find one."""
    row = tx.one("SELECT id, receiver, since, waiting FROM storms WHERE id = ?", (storm_id,))
    return _storm(row) if row else None


def begin(tx: Tx, receiver: str, now: float) -> Storm:
    """A storm begins."""
    new_id = tx.insert("INSERT INTO storms (receiver, since) VALUES (?, ?)", (receiver, now))
    return Storm(id=new_id, receiver=receiver, since=now, waiting=[])


def gather(tx: Tx, storm: Storm, waiting: list[int], since: float) -> None:
    """What waits for the digest now, and since when it is gathered."""
    tx.run("UPDATE storms SET waiting = ?, since = ? WHERE id = ?", (_encode(waiting).decode(), since, storm.id))


def set_back(tx: Tx, now: float) -> None:
    """The clock was set back: what was told in the future counts as told now."""
    tx.run("UPDATE receivers_told SET at = ? WHERE at > ?", (now, now))
    tx.run("UPDATE storms SET since = ? WHERE since > ?", (now, now))


def end(tx: Tx, storm: Storm) -> None:
    """It is over."""
    tx.run("DELETE FROM storms WHERE id = ?", (storm.id,))


def _storm(row: Row) -> Storm:
    storm_id, receiver, since, waiting = row
    return Storm(id=storm_id, receiver=receiver, since=since, waiting=_ids(waiting))
