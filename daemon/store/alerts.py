"""Alerts and their traces, as rows."""

from collections.abc import Sequence

import msgspec

from daemon.alert import Alert
from daemon.event import Severity, State
from daemon.store.base import Row, Tx, columns

_FIELDS = (
    "fingerprint", "source", "key", "state", "severity", "title", "text", "labels", "links",
    "started_at", "ended_at", "first_seen", "last_seen", "count",
)  # fmt: skip
_NAMES, _MARKS = columns(_FIELDS)
COLUMNS = f"alerts.id, {_NAMES}"  # what `alert` reads
_SELECT = f"SELECT {COLUMNS} FROM alerts"
_UPDATE = f"UPDATE alerts SET {', '.join(f'{name} = ?' for name in _FIELDS)} WHERE id = ?"

_encode = msgspec.json.Encoder().encode
_labels = msgspec.json.Decoder(dict[str, str]).decode


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One stage's verdict about one event."""

    stage: str
    verdict: str
    detail: str = ""


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """What the stages decided about one event of an alert."""

    at: float
    steps: list[Step]


_steps = msgspec.json.Decoder(list[Step]).decode


def last_with(tx: Tx, fingerprint: str) -> Alert | None:
    """Find the last alert of this problem: the open one, if there is one."""
    row = tx.one(f"{_SELECT} WHERE fingerprint = ? ORDER BY id DESC LIMIT 1", (fingerprint,))
    return alert(row) if row else None


def get(tx: Tx, alert_id: int) -> Alert | None:
    """Find one alert, open or over."""
    row = tx.one(f"{_SELECT} WHERE id = ?", (alert_id,))
    return alert(row) if row else None


def with_code(tx: Tx, code: str) -> Alert | None:
    """Find one by its code, as `Alert.code` writes it."""
    return get(tx, int(code.removeprefix("A")))


def newest(tx: Tx, *, state: State | None = None, source: str = "", limit: int = 100, before: int = 0) -> list[Alert]:
    """List alerts, newest first; `before` is an id to page on from."""
    rows = tx.all(
        f"{_SELECT} WHERE (? = '' OR state = ?) AND (? = '' OR source = ?) AND (? = 0 OR id < ?)"
        " ORDER BY id DESC LIMIT ?",
        (state or "", state or "", source, source, before, before, limit),
    )
    return [alert(row) for row in rows]


def open_by_severity(tx: Tx) -> dict[str, int]:
    """Count the open alerts."""
    return dict(tx.all("SELECT severity, count(*) FROM alerts WHERE state = 'firing' GROUP BY severity"))


def open_of_source(tx: Tx, source: str) -> list[Alert]:
    """List the open alerts of one source, oldest first."""
    return [alert(row) for row in tx.all(f"{_SELECT} WHERE state = 'firing' AND source = ? ORDER BY id", (source,))]


def of_notices(tx: Tx, notice_ids: Sequence[int]) -> list[Alert]:
    """The alerts that these notices are about, as they stand now, oldest first."""
    rows = tx.all(
        f"{_SELECT} WHERE id IN (SELECT alert_id FROM notice_alerts"
        "  WHERE notice_id IN (SELECT value FROM json_each(?))) ORDER BY id",
        (_encode(notice_ids).decode(),),
    )
    return [alert(row) for row in rows]


def all_open(tx: Tx, after: int, limit: int) -> list[Alert]:
    """List open alerts of any source, oldest first, beginning behind the id `after`."""
    rows = tx.all(f"{_SELECT} WHERE state = 'firing' AND id > ? ORDER BY id LIMIT ?", (after, limit))
    return [alert(row) for row in rows]


def open_with_label(tx: Tx, name: str, value: str, after: int, limit: int) -> list[Alert]:
    """The same, but only those that have this label, and now and then one that has not: look again."""
    written = _encode({name: value}).decode()[1:-1]
    rows = tx.all(
        f"{_SELECT} WHERE state = 'firing' AND id > ? AND instr(labels, ?) > 0 ORDER BY id LIMIT ?",
        (after, written, limit),
    )
    return [alert(row) for row in rows]


def silent(tx: Tx, before: float, own: tuple[str, str], limit: int) -> list[Alert]:
    """List open alerts that nobody has spoken of since then, but those of the two sources that are tocsin's own."""
    rows = tx.all(
        f"{_SELECT} WHERE state = 'firing' AND last_seen < ? AND source NOT IN (?, ?) ORDER BY id LIMIT ?",
        (before, *own, limit),
    )
    return [alert(row) for row in rows]


def add(tx: Tx, alert: Alert) -> Alert:
    """Insert; the result carries its id."""
    new_id = tx.insert(f"INSERT INTO alerts ({_NAMES}) VALUES ({_MARKS})", _values(alert))
    return msgspec.structs.replace(alert, id=new_id)


def replace(tx: Tx, alert: Alert) -> None:
    """Write all fields of a known alert."""
    tx.run(_UPDATE, (*_values(alert), alert.id))


def seen_again(tx: Tx, alert_id: int, now: float) -> None:
    """Count one more firing event of a known alert."""
    tx.run("UPDATE alerts SET count = count + 1, last_seen = ? WHERE id = ?", (now, alert_id))


def record(tx: Tx, alert_id: int, steps: list[Step], now: float) -> None:
    """Add to the alert's trace what the stages decided."""
    tx.insert("INSERT INTO trace (alert_id, at, steps) VALUES (?, ?, ?)", (alert_id, now, _encode(steps).decode()))


def traces(tx: Tx, alert_id: int) -> list[Trace]:
    """Read the whole trace, oldest first."""
    rows = tx.all("SELECT at, steps FROM trace WHERE alert_id = ? ORDER BY id", (alert_id,))
    return [Trace(at=at, steps=_steps(steps)) for at, steps in rows]


def forget(tx: Tx, before: float, limit: int = 1_000) -> int:
    """Delete alerts that were over before then, with notices, deliveries and traces; return how many.

    An alert with a delivery still open is kept.
    """
    return tx.run(
        "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE state = 'resolved' AND last_seen < ?"
        " AND NOT EXISTS (SELECT 1 FROM notice_alerts n JOIN deliveries d ON d.notice_id = n.notice_id"
        "   WHERE n.alert_id = alerts.id AND d.phase IN ('waiting', 'sending')) LIMIT ?)",
        (before, limit),
    )


def _values(alert: Alert) -> tuple[object, ...]:
    return (
        alert.fingerprint, alert.source, alert.key, alert.state.value, alert.severity.value, alert.title, alert.text,
        _encode(alert.labels).decode(), _encode(alert.links).decode(),
        alert.started_at, alert.ended_at, alert.first_seen, alert.last_seen, alert.count,
    )  # fmt: skip


def alert(row: Row) -> Alert:
    """Read a row of COLUMNS."""
    (
        alert_id, fingerprint, source, key, state, severity, title, text, labels, links,
        started_at, ended_at, first_seen, last_seen, count,
    ) = row  # fmt: skip
    return Alert(
        id=alert_id,
        fingerprint=fingerprint,
        source=source,
        key=key,
        state=State(state),
        severity=Severity(severity),
        title=title,
        text=text,
        labels=_labels(labels),
        links=_labels(links),
        started_at=started_at,
        ended_at=ended_at,
        first_seen=first_seen,
        last_seen=last_seen,
        count=count,
    )
