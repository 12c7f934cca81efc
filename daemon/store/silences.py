"""Silences and maintenance windows, and the alerts that each of them hid."""

import uuid
from enum import StrEnum

import msgspec

from daemon.store import mutes
from daemon.store.base import Row, Tx, columns

_FIELDS = (
    "uuid", "kind", "name", "matchers", "starts_at", "ends_at", "until_resolved", "during", "author", "comment",
    "annotations", "created_at", "updated_at", "ended_by",
)  # fmt: skip
_NAMES, _MARKS = columns(_FIELDS)
_SELECT = f"SELECT id, {_NAMES} FROM silences"

_encode = msgspec.json.Encoder().encode
_texts = msgspec.json.Decoder(list[str]).decode
_labels = msgspec.json.Decoder(dict[str, str]).decode


class Kind(StrEnum):
    """What it was opened as."""

    SILENCE = "silence"
    MAINTENANCE = "maintenance"


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps matching alerts from being told while it is in force. Times are seconds since the epoch."""

    id: int = 0
    uuid: str = ""
    kind: Kind = Kind.SILENCE
    name: str = ""  # of a maintenance window
    matchers: list[str]  # each as `daemon.matcher` writes it; all must match
    starts_at: float
    ends_at: float | None  # None while it has none: until resolved, or until it is closed
    until_resolved: bool = False
    during: str = ""  # of a recurring one: the intervals in which it mutes, as JSON
    author: str
    comment: str
    annotations: dict[str, str] = {}
    created_at: float
    updated_at: float
    ended_by: str = ""

    @property
    def code(self) -> str:
        """The short name: `S17`."""
        return f"S{self.id}"

    def is_over(self, now: float) -> bool:
        """Whether it mutes nothing any more."""
        return self.ends_at is not None and self.ends_at <= now

    def is_pending(self, now: float) -> bool:
        """Whether it is still to begin."""
        return now < self.starts_at


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """How many alerts a silence kept from somebody."""

    count: int = 0
    firing: int = 0  # of them are still open


def add(tx: Tx, silence: Silence) -> Silence:
    """Insert; the result carries its id and uuid."""
    silence = msgspec.structs.replace(silence, uuid=silence.uuid or str(uuid.uuid4()))
    new_id = tx.insert(f"INSERT INTO silences ({_NAMES}) VALUES ({_MARKS})", _values(silence))
    mutes.changed(tx)
    return msgspec.structs.replace(silence, id=new_id)


def replace(tx: Tx, silence: Silence) -> None:
    """Write all fields of a known silence."""
    marks = ", ".join(f"{name} = ?" for name in _FIELDS)
    tx.run(f"UPDATE silences SET {marks} WHERE id = ?", (*_values(silence), silence.id))
    mutes.changed(tx)


def get(tx: Tx, silence_id: int) -> Silence | None:
    """Find one."""
    row = tx.one(f"{_SELECT} WHERE id = ?", (silence_id,))
    return _silence(row) if row else None


def called(tx: Tx, name: str) -> Silence | None:
    """Find one by what Alertmanager's API calls it."""
    row = tx.one(f"{_SELECT} WHERE uuid = ?", (name,))
    return _silence(row) if row else None


def newest(tx: Tx, limit: int = 1_000, before: int = 0, *, over_by: float = 0.0, kind: str = "") -> list[Silence]:
    """List those that are kept, newest first, but none that was over by then; `before` is an id to page on from."""
    rows = tx.all(
        f"{_SELECT} WHERE (? = 0 OR id < ?) AND (ends_at IS NULL OR ends_at > ?) AND (? = '' OR kind = ?)"
        " ORDER BY id DESC LIMIT ?",
        (before, before, over_by, kind, kind, limit),
    )
    return [_silence(row) for row in rows]


def open_window(tx: Tx, name: str, now: float) -> Silence | None:
    """The maintenance window of this name that is open."""
    row = tx.one(
        f"{_SELECT} WHERE kind = ? AND name = ? AND (ends_at IS NULL OR ends_at > ?) ORDER BY id DESC LIMIT 1",
        (Kind.MAINTENANCE.value, name, now),
    )
    return _silence(row) if row else None


def not_over(tx: Tx, now: float) -> list[Silence]:
    """List those that mute now or will, oldest first."""
    return [_silence(row) for row in tx.all(f"{_SELECT} WHERE ends_at IS NULL OR ends_at > ? ORDER BY id", (now,))]


def hid(tx: Tx, silence_id: int, alert_id: int, now: float) -> None:
    """Count an alert that it kept from somebody, once."""
    tx.run("INSERT OR IGNORE INTO hidden (silence_id, alert_id, at) VALUES (?, ?, ?)", (silence_id, alert_id, now))


def hidden_by(tx: Tx, silence_id: int) -> Hidden:
    """How many alerts it kept from somebody, and how many of them are still open."""
    row = tx.one(
        "SELECT count(*), coalesce(sum(a.state = 'firing'), 0) FROM hidden h JOIN alerts a ON a.id = h.alert_id"
        " WHERE h.silence_id = ?",
        (silence_id,),
    )
    return Hidden(count=row[0], firing=row[1]) if row else Hidden()


def hidden_alerts(tx: Tx, silence_id: int, limit: int) -> list[int]:
    """The ids of the alerts that it kept from somebody: the open ones first, then the newest."""
    rows = tx.all(
        "SELECT h.alert_id FROM hidden h JOIN alerts a ON a.id = h.alert_id WHERE h.silence_id = ?"
        " ORDER BY a.state = 'firing' DESC, h.alert_id DESC LIMIT ?",
        (silence_id, limit),
    )
    return [alert_id for (alert_id,) in rows]


def forget(tx: Tx, before: float) -> int:
    """Delete what was over before then; return how many."""
    return tx.run("DELETE FROM silences WHERE ends_at < ?", (before,))


def _values(silence: Silence) -> tuple[object, ...]:
    return (
        silence.uuid, silence.kind.value, silence.name, _encode(silence.matchers).decode(), silence.starts_at,
        silence.ends_at, silence.until_resolved, silence.during, silence.author, silence.comment,
        _encode(silence.annotations).decode(), silence.created_at, silence.updated_at, silence.ended_by,
    )  # fmt: skip


def _silence(row: Row) -> Silence:
    (
        silence_id, name_of_api, kind, name, matchers, starts_at, ends_at, until_resolved, during, author, comment,
        annotations, created_at, updated_at, ended_by,
    ) = row  # fmt: skip
    return Silence(
        id=silence_id,
        uuid=name_of_api,
        kind=Kind(kind),
        name=name,
        matchers=_texts(matchers),
        starts_at=starts_at,
        ends_at=ends_at,
        until_resolved=bool(until_resolved),
        during=during,
        author=author,
        comment=comment,
        annotations=_labels(annotations),
        created_at=created_at,
        updated_at=updated_at,
        ended_by=ended_by,
    )
