"""What is raised when its source falls silent: the event, kept with a timer that each word of the source sets anew."""

import msgspec

from daemon.event import Event
from daemon.store import timers
from daemon.store.base import Tx
from daemon.store.timers import Kind

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Event).decode


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """Who was heard of last when, and what is raised because of the silence since."""

    event: Event
    heard_at: float


def expect(tx: Tx, event: Event, fingerprint: str, by: float, now: float) -> None:
    """Raise this at `by`, unless it is heard of again before."""
    row = tx.one(
        "INSERT INTO absences (fingerprint, event, heard_at) VALUES (?, ?, ?)"
        " ON CONFLICT (fingerprint) DO UPDATE SET event = excluded.event, heard_at = excluded.heard_at RETURNING id",
        (fingerprint, _encode(event).decode(), now),
    )
    if row is not None:
        timers.put(tx, Kind.ABSENCE, row[0], by)


def get(tx: Tx, absence_id: int) -> Absence | None:
    """What is to be raised; None where it cannot be read any more."""
    row = tx.one("SELECT event, heard_at FROM absences WHERE id = ?", (absence_id,))
    if row is None:
        return None
    try:
        return Absence(event=_decode(row[0]), heard_at=row[1])
    except msgspec.MsgspecError:
        return None
