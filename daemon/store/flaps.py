"""Problems that come and go: since when, and whom they were told to as flapping."""

import msgspec

from daemon.store import mutes
from daemon.store.base import Row, Tx

_COLUMNS = "fingerprint, since, settled_at, calm, told, alert_id"

_encode = msgspec.json.Encoder().encode
_ids = msgspec.json.Decoder(list[int]).decode


class Flap(msgspec.Struct, frozen=True, kw_only=True):
    """A problem that flaps, or did. Times are seconds since the epoch."""

    fingerprint: str
    since: float | None = None  # since when it flaps
    settled_at: float | None = None  # when it last did: what was before does not count any more
    calm: float = 0.0  # seconds without a change after which it has settled
    told: list[int] = []  # ids of the groups that were told of it
    alert_id: int  # its last episode


def get(tx: Tx, fingerprint: str) -> Flap | None:
    """What is known of this problem."""
    row = tx.one(f"SELECT {_COLUMNS} FROM flaps WHERE fingerprint = ?", (fingerprint,))
    return _flap(row) if row else None


def of_alert(tx: Tx, alert_id: int) -> Flap | None:
    """What is known of the problem whose last episode this alert is."""
    row = tx.one(f"SELECT {_COLUMNS} FROM flaps WHERE alert_id = ?", (alert_id,))
    return _flap(row) if row else None


def put(tx: Tx, flap: Flap, *, goes_on: bool = False) -> None:
    """Write it down. Where it `goes_on` flapping nothing is muted that was not: nobody need read all silences again."""
    told = _encode(flap.told).decode()
    tx.run(
        f"INSERT OR REPLACE INTO flaps ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
        (flap.fingerprint, flap.since, flap.settled_at, flap.calm, told, flap.alert_id),
    )
    if not goes_on:
        mutes.changed(tx)


def tell(tx: Tx, fingerprint: str, group_id: int) -> None:
    """This group is told of it now."""
    if (flap := get(tx, fingerprint)) is not None:
        put(tx, msgspec.structs.replace(flap, told=[*flap.told, group_id]), goes_on=True)


def flapping(tx: Tx) -> set[str]:
    """The fingerprints of all that flap now."""
    return {row[0] for row in tx.all("SELECT fingerprint FROM flaps WHERE since IS NOT NULL")}


def changes(tx: Tx, fingerprint: str, since: float, limit: int) -> int:
    """How often a problem began or ended since then, as its last alerts say; counted up to about `limit`."""
    rows = tx.all(
        "SELECT first_seen, last_seen, state FROM alerts WHERE fingerprint = ? ORDER BY id DESC LIMIT ?",
        (fingerprint, limit),
    )
    return sum((first > since) + (state == "resolved" and last > since) for first, last, state in rows)


def forget(tx: Tx) -> int:
    """Delete what is known of alerts that are forgotten; return how many."""
    count = tx.run("DELETE FROM flaps WHERE alert_id NOT IN (SELECT id FROM alerts)")
    if count:
        mutes.changed(tx)
    return count


def _flap(row: Row) -> Flap:
    fingerprint, since, settled_at, calm, told, alert_id = row
    return Flap(
        fingerprint=fingerprint, since=since, settled_at=settled_at, calm=calm, told=_ids(told), alert_id=alert_id
    )
