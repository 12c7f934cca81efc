"""What is to be done at an instant: a kind, the row it is about, and when."""

from enum import StrEnum

import msgspec

from daemon.store.base import Tx
from daemon.store.groups import AGENDA


class Kind(StrEnum):
    """What a timer is for, and whose id its `ref` is."""

    EXPIRY = "expiry"  # an alert: its source said until when it fires
    ESCALATION = "escalation"  # an escalation: its next step is to be told
    ACK = "ack"  # an alert: its acknowledgement is to be reminded of, or ends
    SILENCE = "silence"  # a silence: it begins, is about to end, or ends
    FLAPPING = "flapping"  # an alert: it has been stable for long enough
    ABSENCE = "absence"  # a row of absences: its source was to be heard of again by then
    DIGEST = "digest"  # a row of storms: what was held back is told in one


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """One instant."""

    kind: str  # one of Kind, unless an other version of tocsin wrote it
    ref: int
    at: float


def put(tx: Tx, kind: str, ref: int, at: float) -> None:
    """Set the timer, or set it anew."""
    tx.run(
        "INSERT INTO timers (kind, ref, at) VALUES (?, ?, ?) ON CONFLICT (kind, ref) DO UPDATE SET at = excluded.at",
        (str(kind), ref, at),
    )
    tx.announce(AGENDA)


def drop(tx: Tx, kind: str, ref: int) -> bool:
    """Take it away; say whether there was one."""
    return bool(tx.run("DELETE FROM timers WHERE kind = ? AND ref = ?", (str(kind), ref)))


def any_before(tx: Tx, kind: str, until: float) -> bool:
    """Whether one of this kind goes off before then."""
    return tx.one("SELECT 1 FROM timers WHERE kind = ? AND at < ? LIMIT 1", (str(kind), until)) is not None


def put_off(tx: Tx, kind: str, until: float) -> int:
    """Let none of this kind go off before then; return how many would have."""
    return tx.run("UPDATE timers SET at = ? WHERE kind = ? AND at < ?", (until, str(kind), until))


def nearer(tx: Tx, kind: str, by: float, now: float) -> None:
    """Let those of this kind go off so much sooner."""
    tx.run("UPDATE timers SET at = max(?, at - ?) WHERE kind = ? AND at > ?", (now, by, str(kind), now))


def no_later(tx: Tx, kind: str, latest: float) -> None:
    """Let none of this kind go off after that."""
    tx.run("UPDATE timers SET at = ? WHERE kind = ? AND at > ?", (latest, str(kind), latest))


def at(tx: Tx, kind: str, ref: int) -> float | None:
    """When it goes off."""
    row = tx.one("SELECT at FROM timers WHERE kind = ? AND ref = ?", (str(kind), ref))
    return row[0] if row else None


def due(tx: Tx, now: float, limit: int) -> list[Timer]:
    """Those that have gone off by now, the longest due first."""
    rows = tx.all("SELECT kind, ref, at FROM timers WHERE at <= ? ORDER BY at LIMIT ?", (now, limit))
    return [Timer(kind=kind, ref=ref, at=instant) for kind, ref, instant in rows]


def next_due(tx: Tx) -> float | None:
    """The soonest instant."""
    row = tx.one("SELECT min(at) FROM timers")
    return row[0] if row else None
