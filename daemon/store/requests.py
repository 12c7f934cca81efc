"""Where alerts came from: the requests that changed something, kept within bounds until somebody asks."""

import zlib
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from daemon.store.base import Row, Tx

ROW = 256  # what a row weighs beside what it carries
LINK = 48  # and for each alert that it changed
AT_ONCE = 100  # rows that one new one may push out
SHORT = 4_096  # bytes up to here are not worth deflating: it would cost more than all else
LEVEL = 1  # of compression: the higher ones take twice as long for a tenth

_ENDS = "SELECT (SELECT upto FROM requests ORDER BY id LIMIT 1), (SELECT upto FROM requests ORDER BY id DESC LIMIT 1)"
_OLDEST = "SELECT id FROM (SELECT id, at, upto FROM requests ORDER BY id LIMIT ?)"
_COLUMNS = "r.id, r.at, r.door, r.source, r.handler, r.remote, r.size, r.carried"


class Door(StrEnum):
    """How events came in."""

    WEBHOOK = "webhook"
    QUARANTINE = "quarantine"  # a webhook that waited there, fed through again
    COMMAND = "command"  # events.send
    TRIAL = "trial"  # sources.test
    API = "api"  # Alertmanager's
    PROBE = "probe"
    TOCSIN = "tocsin"  # about itself
    OTHER = "other"


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """What a request carried, redacted. `cut` says that there was more of the body."""

    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    body: str = ""
    cut: bool = False


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request, or the word of one of tocsin's own parts. `size` is the length of the body as it came."""

    id: int = 0
    at: float
    door: Door
    source: str
    handler: str = ""
    remote: str = ""
    size: int = 0
    carried: Carried = Carried()


class Touch(msgspec.Struct, frozen=True, kw_only=True):
    """A request, and what it did to one alert."""

    request: Request
    change: str


_encode = msgspec.json.Encoder().encode
_carried = msgspec.json.Decoder(Carried).decode


def keep(tx: Tx, request: Request, changes: Mapping[int, str], most: int) -> int:
    """Keep a request that did this to these alerts; the oldest go while all together weigh more than `most` bytes.

    Looks at the first and the last row only, however many there are. Returns its id.
    """
    carried = _encode(request.carried)
    if len(carried) > SHORT:
        carried = zlib.compress(carried, LEVEL)
    oldest, newest = tx.one(_ENDS) or (0, 0)
    upto = (newest or 0) + ROW + len(carried) + LINK * len(changes)
    new_id = tx.insert(
        "INSERT INTO requests (at, door, source, handler, remote, size, upto, carried) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            request.at, request.door.value, request.source, request.handler, request.remote, request.size, upto,
            carried,
        ),
    )  # fmt: skip
    for alert_id, change in changes.items():
        tx.run("INSERT INTO request_alerts (alert_id, request_id, change) VALUES (?, ?, ?)", (alert_id, new_id, change))
    if oldest is not None and oldest <= upto - most:
        tx.run(f"DELETE FROM requests WHERE id IN ({_OLDEST} WHERE upto <= ?)", (AT_ONCE, min(upto - most, newest)))
    return new_id


def of_alert(tx: Tx, alert_id: int, limit: int) -> list[Touch]:
    """The first request that changed this alert, and the last ones up to `limit` in all, in order."""
    select = f"SELECT {_COLUMNS}, a.change FROM request_alerts a JOIN requests r ON r.id = a.request_id"
    first = tx.all(f"{select} WHERE a.alert_id = ? ORDER BY r.id LIMIT 1", (alert_id,))
    last = tx.all(f"{select} WHERE a.alert_id = ? ORDER BY r.id DESC LIMIT ?", (alert_id, limit - 1))
    rows = {row[0]: row for row in (*first, *reversed(last))}
    return [_touch(rows[number]) for number in sorted(rows)]


def forget(tx: Tx, before: float, limit: int = 1_000) -> int:
    """Delete what came before then, at most `limit` rows; return how many."""
    return tx.run(f"DELETE FROM requests WHERE id IN ({_OLDEST} WHERE at < ?)", (limit, before))


def _touch(row: Row) -> Touch:
    request_id, at, door, source, handler, remote, size, carried, change = row
    request = Request(
        id=request_id,
        at=at,
        door=Door(door),
        source=source,
        handler=handler,
        remote=remote,
        size=size,
        carried=_carried(carried if carried.startswith(b"{") else zlib.decompress(carried)),
    )
    return Touch(request=request, change=change)
