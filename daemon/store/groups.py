"""Groups of alerts and their members, what each receiver was last told of them, and when they are to be flushed."""

import msgspec

from daemon.alert import Alert
from daemon.event import Severity
from daemon.store import alerts
from daemon.store.base import Row, Tx

AGENDA = "agenda"  # announced when something is to be done earlier than was known
SOON = 60.0  # seconds: what is later than that the agenda finds by itself, for it never sleeps so long

_COLUMNS = "id, node, receiver, key, labels, began_at, flushed_at, next_at"

_encode = msgspec.json.Encoder(order="deterministic").encode
_labels = msgspec.json.Decoder(dict[str, str]).decode
_texts = msgspec.json.Decoder(list[str]).decode
_firing = msgspec.json.Decoder(dict[str, Severity]).decode


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What one route gathers under one key, for one receiver. Times are seconds since the epoch."""

    id: int
    node: str
    receiver: str
    key: str
    labels: dict[str, str]
    began_at: float | None  # its first flush; None while it is new, or empty again
    flushed_at: float | None
    next_at: float | None

    @property
    def code(self) -> str:
        """The short name: `G17`."""
        return f"G{self.id}"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An alert in a group. One that is `leaving` is routed elsewhere by now: only its end is still told here."""

    alert: Alert
    leaving: bool
    muted: str  # why it was not told at the last flush; empty when nothing muted it


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver was last told of a group: what fires, by fingerprint, each with the severity it was told with.

    `aside` was told before that, but was muted when the last notice was made.
    """

    at: float
    firing: dict[str, Severity]
    aside: list[str] = []


def found(tx: Tx, node: str, receiver: str, key: str) -> Group:
    """Find the group of this key, which there is."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM groups WHERE node = ? AND receiver = ? AND key = ?", (node, receiver, key))
    return _group(rows[0])


def made(
    tx: Tx, node: str, receiver: str, key: str, labels: dict[str, str], at: float, *, announce: bool = True
) -> Group | None:
    """Make the group of this key, to be flushed at `at`; None when there is one already.

    Whoever flushes it in the same transaction need not `announce` it.
    """
    row = tx.one(
        "INSERT INTO groups (node, receiver, key, labels, next_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (node, receiver, key) DO NOTHING RETURNING id",
        (node, receiver, key, _encode(labels).decode(), at),
    )
    if row is None:
        return None
    if announce:
        tx.announce(AGENDA)
    return Group(
        id=row[0], node=node, receiver=receiver, key=key, labels=labels, began_at=None, flushed_at=None, next_at=at
    )


def get(tx: Tx, group_id: int) -> Group | None:
    """Find one group."""
    row = tx.one(f"SELECT {_COLUMNS} FROM groups WHERE id = ?", (group_id,))
    return _group(row) if row else None


def newest(tx: Tx, limit: int, before: int = 0) -> list[Group]:
    """List the groups that have members, newest first; `before` is an id to page on from."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM groups WHERE EXISTS (SELECT 1 FROM members WHERE group_id = groups.id)"
        " AND (? = 0 OR id < ?) ORDER BY id DESC LIMIT ?",
        (before, before, limit),
    )
    return [_group(row) for row in rows]


def join(tx: Tx, group_id: int, alert_id: int) -> None:
    """Make an alert a member, or a full one again when it was leaving."""
    tx.run(
        "INSERT INTO members (group_id, alert_id) VALUES (?, ?)"
        " ON CONFLICT (group_id, alert_id) DO UPDATE SET leaving = 0 WHERE leaving = 1",
        (group_id, alert_id),
    )


def of_alert(tx: Tx, alert_id: int) -> list[Group]:
    """The groups that an alert is in, also as one that leaves."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM groups WHERE id IN (SELECT group_id FROM members WHERE alert_id = ?) ORDER BY id",
        (alert_id,),
    )
    return [_group(row) for row in rows]


def leave(tx: Tx, group_id: int, alert_id: int) -> None:
    """The alert is routed elsewhere now; whoever was told of it here hears its end here."""
    tx.run("UPDATE members SET leaving = 1 WHERE group_id = ? AND alert_id = ?", (group_id, alert_id))


def drop(tx: Tx, group_id: int, alert_id: int) -> None:
    """The alert is over and was told as such, or has nothing to do here any more."""
    tx.run("DELETE FROM members WHERE group_id = ? AND alert_id = ?", (group_id, alert_id))


def members(tx: Tx, group_id: int) -> list[Member]:
    """All members, oldest first."""
    rows = tx.all(
        f"SELECT {alerts.COLUMNS}, m.leaving, m.muted FROM members m JOIN alerts ON alerts.id = m.alert_id"
        " WHERE m.group_id = ? ORDER BY alerts.id",
        (group_id,),
    )
    return [Member(alert=alerts.alert(row[:-2]), leaving=bool(row[-2]), muted=row[-1]) for row in rows]


def note_muted(tx: Tx, group_id: int, alert_id: int, why: str) -> None:
    """Remember what mutes a member, so that its trace tells only of changes."""
    tx.run("UPDATE members SET muted = ? WHERE group_id = ? AND alert_id = ?", (why, group_id, alert_id))


def schedule(tx: Tx, group: Group, at: float, *, announce: bool = True) -> bool:
    """Have it flushed at `at`, unless that is due earlier; say whether it was changed.

    Whoever flushes it in the same transaction need not `announce` it.
    """
    if group.next_at is not None and group.next_at <= at:
        return False
    tx.run("UPDATE groups SET next_at = ? WHERE id = ?", (at, group.id))
    if announce:
        tx.announce(AGENDA)
    return True


def put_off(tx: Tx, group_id: int, at: float) -> None:
    """Have it flushed at `at`, also when that is later than it was to be."""
    tx.run("UPDATE groups SET next_at = ? WHERE id = ?", (at, group_id))


def flushed(tx: Tx, group: Group, now: float, next_at: float | None, *, empty: bool) -> None:
    """Write down a flush, and when the next one is. An empty group begins anew with its next alert."""
    began_at = None if empty else now if group.began_at is None else group.began_at
    tx.run(
        "UPDATE groups SET began_at = ?, flushed_at = ?, next_at = ? WHERE id = ?", (began_at, now, next_at, group.id)
    )
    if next_at is not None and next_at < now + SOON:
        tx.announce(AGENDA)


def due(tx: Tx, now: float, limit: int) -> list[int]:
    """The ids of the groups that are to be flushed by now, the longest due first."""
    rows = tx.all("SELECT id FROM groups WHERE next_at <= ? ORDER BY next_at LIMIT ?", (now, limit))
    return [row[0] for row in rows]


def next_due(tx: Tx) -> float | None:
    """The soonest instant at which a group is to be flushed."""
    row = tx.one("SELECT min(next_at) FROM groups WHERE next_at IS NOT NULL")
    return row[0] if row else None


def told(tx: Tx, group_id: int, *, of_ends: bool) -> Told | None:
    """What the legs that hear of ends, or those that do not, were last told."""
    row = tx.one("SELECT at, firing, aside FROM told WHERE group_id = ? AND of_ends = ?", (group_id, of_ends))
    return Told(at=row[0], firing=_firing(row[1]), aside=_texts(row[2])) if row else None


def tell(tx: Tx, group_id: int, what: Told, *, of_ends: bool) -> None:
    """Write down what they are told now."""
    tx.run(
        "INSERT INTO told (group_id, of_ends, at, firing, aside) VALUES (?, ?, ?, ?, ?) ON CONFLICT (group_id, of_ends)"
        " DO UPDATE SET at = excluded.at, firing = excluded.firing, aside = excluded.aside",
        (group_id, of_ends, what.at, _encode(what.firing).decode(), _encode(what.aside).decode()),
    )


def untell(tx: Tx, group_id: int, *, of_ends: bool) -> None:
    """There are no such legs any more; should there be some again, they know nothing."""
    tx.run("DELETE FROM told WHERE group_id = ? AND of_ends = ?", (group_id, of_ends))


def set_back(tx: Tx, now: float) -> int:
    """After the clock was set back: move what was flushed in what is the future now, with its next flush.

    Returns how many groups were moved.
    """
    tx.run(
        "UPDATE told SET at = ? WHERE at > ?",
        (now, now),
    )
    return tx.run(
        "UPDATE groups SET next_at = max(?, next_at - (flushed_at - ?)), began_at = began_at - (flushed_at - ?),"
        " flushed_at = ? WHERE flushed_at > ?",
        (now, now, now, now, now),
    )


def nearer(tx: Tx, by: float, now: float) -> None:
    """Flush so much sooner, for the clock was set back, all that was never flushed, or in what is still the past."""
    tx.run(
        "UPDATE groups SET next_at = max(?, next_at - ?) WHERE next_at > ? AND (flushed_at IS NULL OR flushed_at <= ?)",
        (now, by, now, now),
    )


def no_later(tx: Tx, at: float) -> None:
    """Let no group wait for longer than this for its first flush."""
    tx.run("UPDATE groups SET next_at = ? WHERE next_at > ? AND began_at IS NULL", (at, at))


def forget(tx: Tx, before: float, limit: int = 1_000) -> int:
    """Delete groups that have been empty since before then; return how many."""
    return tx.run(
        "DELETE FROM groups WHERE id IN (SELECT id FROM groups WHERE began_at IS NULL AND flushed_at < ?"
        " AND NOT EXISTS (SELECT 1 FROM members WHERE group_id = groups.id) LIMIT ?)",
        (before, limit),
    )


def _group(row: Row) -> Group:
    group_id, node, receiver, key, labels, began_at, flushed_at, next_at = row
    return Group(
        id=group_id,
        node=node,
        receiver=receiver,
        key=key,
        labels=_labels(labels),
        began_at=began_at,
        flushed_at=flushed_at,
        next_at=next_at,
    )
