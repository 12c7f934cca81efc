"""Requests that made no events, kept within bounds until somebody looks."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from daemon.store.base import Row, Tx

_encode = msgspec.json.Encoder().encode
_map = msgspec.json.Decoder(dict[str, str]).decode


class Kind(StrEnum):
    """Why a request made no events."""

    UNKNOWN_SOURCE = "unknown_source"
    BAD_CREDENTIALS = "bad_credentials"
    UNUSABLE_BODY = "unusable_body"
    BROKEN_HANDLER = "broken_handler"
    UNCHECKED = "unchecked"  # what its check needs could not be had; the sender was told to come again

    @property
    def of_known_sources(self) -> bool:
        """Whether only somebody who may send can cause it: then what is lost here was probably an alarm."""
        return self in (Kind.UNUSABLE_BODY, Kind.BROKEN_HANDLER)


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `headers` and `query` are redacted, `body` is cut at a limit.

    `size` is the real length of the body; of one that was not read to its end, what it was announced with, or at least
    what had come of it.
    """

    id: int = 0
    at: float
    kind: Kind
    source: str
    reason: str
    remote: str
    content_type: str
    headers: dict[str, str]
    query: dict[str, str]
    body: bytes
    size: int
    replayed_at: float | None = None
    failed_at: float | None = None  # when it was last fed through again and still made no events

    @property
    def whole(self) -> bool:
        """Whether all of the body was kept: only then can it be replayed."""
        return len(self.body) == self.size

    @property
    def code(self) -> str:
        """The short name: `Q17`."""
        return f"Q{self.id}"


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One request as lists show it: without what it carried, which may be a megabyte each."""

    id: int
    at: float
    kind: Kind
    source: str
    reason: str
    remote: str
    size: int
    whole: bool
    replayed_at: float | None
    failed_at: float | None

    @property
    def code(self) -> str:
        """The short name: `Q17`."""
        return f"Q{self.id}"


SMALL = 16 * 1024  # bodies up to here are bounded by the number of rows alone
_NAMES = "at, kind, source, reason, remote, content_type, headers, query, size, replayed_at, failed_at, body"
_WAITING = "FROM quarantine WHERE source = ? AND replayed_at IS NULL AND kind NOT IN (?, ?)"
_NOT_KNOWN = (Kind.BAD_CREDENTIALS.value, Kind.UNCHECKED.value)  # from whom they come


def add(tx: Tx, request: Quarantined, keep: int, most_bytes: int) -> tuple[int, int]:
    """Keep a request; return its id and how many older ones of its kind made room for it.

    Each kind has its own `keep` rows and `most_bytes`, so that strangers who knock at random push out only
    strangers, never the body of a known source that could not be read.
    """
    new_id = tx.insert(
        f"INSERT INTO quarantine ({_NAMES}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            request.at, request.kind.value, request.source, request.reason, request.remote, request.content_type,
            _encode(request.headers).decode(), _encode(request.query).decode(), request.size,
            request.replayed_at, request.failed_at, request.body,
        ),
    )  # fmt: skip
    made_room = tx.run(
        "DELETE FROM quarantine WHERE kind = ? AND id <="
        " (SELECT id FROM quarantine WHERE kind = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
        (request.kind.value, request.kind.value, keep),
    )
    if len(request.body) > SMALL:
        made_room += tx.run(
            "DELETE FROM quarantine WHERE id IN (SELECT id FROM (SELECT id, sum(length(body)) OVER (ORDER BY id DESC)"
            " AS total FROM quarantine WHERE kind = ?) WHERE total > ?)",
            (request.kind.value, most_bytes),
        )
    return new_id, made_room


def get(tx: Tx, request_id: int) -> Quarantined | None:
    """Find one request."""
    row = tx.one(f"SELECT id, {_NAMES} FROM quarantine WHERE id = ?", (request_id,))
    return _quarantined(row) if row else None


def newest(tx: Tx, *, source: str = "", limit: int = 100, before: int = 0) -> list[Listed]:
    """List requests, newest first; `before` is an id to page on from."""
    rows = tx.all(
        "SELECT id, at, kind, source, reason, remote, size, length(body), replayed_at, failed_at FROM quarantine"
        " WHERE (? = '' OR source = ?) AND (? = 0 OR id < ?) ORDER BY id DESC LIMIT ?",
        (source, source, before, before, limit),
    )
    return [_listed(row) for row in rows]


def waiting(tx: Tx, source: str, limit: int) -> list[int]:
    """The ids of a source's requests that are to be replayed next: in the order in which they came.

    Those that failed when they were fed through again go behind the others, the longest ago first; those that came
    with bad credentials do not go at all.
    """
    rows = tx.all(f"SELECT id {_WAITING} ORDER BY coalesce(failed_at, 0), id LIMIT ?", (source, *_NOT_KNOWN, limit))
    return [row[0] for row in rows]


def count_waiting(tx: Tx, source: str) -> int:
    """How many of a source wait, but those with bad credentials."""
    row = tx.one(f"SELECT count(*) {_WAITING}", (source, *_NOT_KNOWN))
    return int(row[0]) if row else 0


def count(tx: Tx) -> int:
    """How many wait."""
    row = tx.one("SELECT count(*) FROM quarantine WHERE replayed_at IS NULL")
    return int(row[0]) if row else 0


def count_known(tx: Tx) -> int:
    """How many of known sources wait."""
    kinds = [kind.value for kind in Kind if kind.of_known_sources]
    marks = ", ".join("?" * len(kinds))
    row = tx.one(f"SELECT count(*) FROM quarantine WHERE replayed_at IS NULL AND kind IN ({marks})", kinds)
    return int(row[0]) if row else 0


def replayed(tx: Tx, request_id: int, now: float) -> None:
    """Mark as fed through again."""
    tx.run("UPDATE quarantine SET replayed_at = ? WHERE id = ?", (now, request_id))


def failed(tx: Tx, request_ids: Iterable[int], now: float) -> None:
    """Mark as fed through again in vain."""
    for request_id in request_ids:
        tx.run("UPDATE quarantine SET failed_at = ? WHERE id = ?", (now, request_id))


def forget(tx: Tx, before: float) -> int:
    """Delete what came before then; return how many."""
    return tx.run("DELETE FROM quarantine WHERE at < ?", (before,))


def _quarantined(row: Row) -> Quarantined:
    request_id, at, why, source, reason, remote, content_type, headers, query, size, replayed_at, failed_at, body = row
    return Quarantined(
        id=request_id,
        at=at,
        kind=Kind(why),
        source=source,
        reason=reason,
        remote=remote,
        content_type=content_type,
        headers=_map(headers),
        query=_map(query),
        body=body,
        size=size,
        replayed_at=replayed_at,
        failed_at=failed_at,
    )


def _listed(row: Row) -> Listed:
    request_id, at, why, source, reason, remote, size, kept, replayed_at, failed_at = row
    return Listed(
        id=request_id,
        at=at,
        kind=Kind(why),
        source=source,
        reason=reason,
        remote=remote,
        size=size,
        whole=kept == size,
        replayed_at=replayed_at,
        failed_at=failed_at,
    )
