"""Acknowledgements: who has taken an open alert on, and until when."""

from collections.abc import Collection

import msgspec

from daemon.store import timers
from daemon.store.base import Row, Tx, columns
from daemon.store.timers import Kind

_FIELDS = ("alert_id", "author", "comment", "via", "at", "until", "remind_at")
_NAMES, _MARKS = columns(_FIELDS)
_SELECT = f"SELECT {_NAMES} FROM acks"


class Ack(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody has taken an alert on. Times are seconds since the epoch."""

    alert_id: int
    author: str
    comment: str
    via: str  # the way it came: zmq, http or link
    at: float
    until: float
    remind_at: float | None = None  # None once that is done, and where it would be at once

    @property
    def next_at(self) -> float:
        """When something is to be done about it."""
        return self.until if self.remind_at is None else min(self.remind_at, self.until)


def put(tx: Tx, ack: Ack) -> None:
    """Write it down in place of what was there, and set its timer."""
    values = msgspec.structs.astuple(ack)
    tx.run(f"INSERT OR REPLACE INTO acks ({_NAMES}) VALUES ({_MARKS})", values)
    timers.put(tx, Kind.ACK, ack.alert_id, ack.next_at)


def drop(tx: Tx, alert_id: int) -> bool:
    """Take it away with its timer; say whether there was one."""
    if not tx.run("DELETE FROM acks WHERE alert_id = ?", (alert_id,)):
        return False
    timers.drop(tx, Kind.ACK, alert_id)
    return True


def get(tx: Tx, alert_id: int) -> Ack | None:
    """The acknowledgement of this alert."""
    row = tx.one(f"{_SELECT} WHERE alert_id = ?", (alert_id,))
    return _ack(row) if row else None


def of(tx: Tx, alert_ids: Collection[int]) -> dict[int, Ack]:
    """The acknowledgements of these alerts, by the alert's id."""
    if not alert_ids or not _any(tx):
        return {}
    found = (get(tx, alert_id) for alert_id in alert_ids)
    return {ack.alert_id: ack for ack in found if ack is not None}


def cover(tx: Tx, alert_ids: Collection[int]) -> bool:
    """Whether there are any of these alerts, and each is acknowledged."""
    if not alert_ids or not _any(tx):
        return False
    return all(get(tx, alert_id) is not None for alert_id in alert_ids)


def ending(tx: Tx, now: float, limit: int) -> list[Ack]:
    """Those that end by now, the longest over first."""
    return [_ack(row) for row in tx.all(f"{_SELECT} WHERE until <= ? ORDER BY until, alert_id LIMIT ?", (now, limit))]


def to_remind(tx: Tx, now: float, limit: int) -> list[Ack]:
    """Those whose author is to be reminded by now."""
    rows = tx.all(
        f"{_SELECT} WHERE remind_at <= ? AND until > ? ORDER BY remind_at, alert_id LIMIT ?", (now, now, limit)
    )
    return [_ack(row) for row in rows]


def _any(tx: Tx) -> bool:
    """Whether there is an acknowledgement at all: mostly there is none, and then nobody needs to look closer."""
    return tx.one("SELECT 1 FROM acks LIMIT 1") is not None


def _ack(row: Row) -> Ack:
    return Ack(**dict(zip(_FIELDS, row, strict=True)))
