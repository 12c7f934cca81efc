"""The spool: what Sentry SDKs sent, on disk from the moment they were told so until it is worked through."""

from collections.abc import Iterable, Mapping

import msgspec

from daemon.store.base import Row, Tx

KEPT_ASIDE = 200  # of what could not be worked through
LARGEST_ASIDE = 64 * 1024  # bytes of a body that is kept there
_NAMES = "at, app, is_store, coding, sdk, plain, body"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One request, as it came."""

    id: int = 0
    at: float
    app: str
    is_store: bool
    coding: str
    sdk: str
    plain: int  # bytes of the body once it is expanded
    body: bytes


class Waiting(msgspec.Struct, frozen=True):
    """What waits of one project."""

    rows: int
    bytes: int


class Aside(msgspec.Struct, frozen=True):
    """What could not be worked through. `kept` says whether its body is still there."""

    id: int
    at: float
    app: str
    reason: str
    size: int
    kept: bool


def add(tx: Tx, sent: Sent) -> int:
    """Put it behind what waits; return its id."""
    return tx.insert(
        f"INSERT INTO spool ({_NAMES}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (sent.at, sent.app, sent.is_store, sent.coding, sent.sdk, sent.plain, sent.body),
    )


def first(tx: Tx, rows: int, most_bytes: int, most_plain: int) -> list[Sent]:
    """What came first, at least one: so many rows, of so many bytes together, and so many once they are expanded."""
    last, total, expanded = 0, 0, 0
    for number, size, plain in tx.all("SELECT id, length(body), plain FROM spool ORDER BY id LIMIT ?", (rows,)):
        total, expanded = total + size, expanded + plain
        if last and (total > most_bytes or expanded > most_plain):
            break
        last = number
    return [_sent(row) for row in tx.all(f"SELECT id, {_NAMES} FROM spool WHERE id <= ? ORDER BY id", (last,))]


def waiting(tx: Tx) -> dict[str, Waiting]:
    """What waits, by project."""
    rows = tx.all("SELECT app, count(*), sum(length(body)) FROM spool GROUP BY app")
    return {app: Waiting(number, size) for app, number, size in rows}


def oldest(tx: Tx) -> float | None:
    """When what waits longest came."""
    row = tx.one("SELECT at FROM spool ORDER BY id LIMIT 1")
    return row[0] if row else None


def done(tx: Tx, ids: Iterable[int], counted: Mapping[tuple[str, str], int]) -> None:
    """Strike off what was worked through; `counted` is how many items of each kind were in it, by project."""
    tx.each("DELETE FROM spool WHERE id = ?", [(number,) for number in ids])
    tx.each(
        "INSERT INTO spool_done (app, kind, number) VALUES (?, ?, ?)"
        " ON CONFLICT (app, kind) DO UPDATE SET number = number + excluded.number",
        [(app, kind, number) for (app, kind), number in counted.items()],
    )


def set_aside(tx: Tx, sent: Sent, reason: str) -> None:
    """Take it out of the way of the others; the oldest there makes room."""
    body = sent.body if len(sent.body) <= LARGEST_ASIDE else b""
    tx.run(
        "INSERT OR REPLACE INTO spool_aside (id, at, app, is_store, coding, sdk, reason, size, plain, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (sent.id, sent.at, sent.app, sent.is_store, sent.coding, sent.sdk, reason, len(sent.body), sent.plain, body),
    )
    tx.run("DELETE FROM spool WHERE id = ?", (sent.id,))
    tx.run(
        "DELETE FROM spool_aside WHERE id <= (SELECT id FROM spool_aside ORDER BY id DESC LIMIT 1 OFFSET ?)",
        (KEPT_ASIDE,),
    )


def aside(tx: Tx, most: int) -> list[Aside]:
    """What could not be worked through, the newest first."""
    rows = tx.all(
        "SELECT id, at, app, reason, size, length(body) = size FROM spool_aside ORDER BY id DESC LIMIT ?", (most,)
    )
    return [Aside(number, at, app, why, size, bool(kept)) for number, at, app, why, size, kept in rows]


def kept_aside(tx: Tx) -> list[Sent]:
    """Those of them whose body is still there, the oldest first."""
    return [_sent(row) for row in tx.all(f"SELECT id, {_NAMES} FROM spool_aside WHERE length(body) = size ORDER BY id")]


def put_back(tx: Tx, sent: Sent) -> bool:
    """Put what was set aside behind what waits; False when it is not there any more."""
    if not tx.run("DELETE FROM spool_aside WHERE id = ?", (sent.id,)):
        return False
    add(tx, sent)
    return True


def totals(tx: Tx) -> dict[str, dict[str, int]]:
    """How many items of each kind were worked through, by project."""
    found: dict[str, dict[str, int]] = {}
    for app, kind, number in tx.all("SELECT app, kind, number FROM spool_done ORDER BY app, kind"):
        found.setdefault(app, {})[kind] = number
    return found


def _sent(row: Row) -> Sent:
    number, at, app, is_store, coding, sdk, plain, body = row
    return Sent(id=number, at=at, app=app, is_store=bool(is_store), coding=coding, sdk=sdk, plain=plain, body=body)
