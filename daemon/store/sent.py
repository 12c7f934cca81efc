"""What sources sent of their alerts, as they sent it, and how long they said that these fire."""

import msgspec

from daemon.alert import Alert
from daemon.store import alerts
from daemon.store.base import Row, Tx
from daemon.store.timers import Kind

_SELECT = (
    f"SELECT {alerts.COLUMNS}, own_labels, annotations, timers.at FROM alerts"
    " LEFT JOIN sent ON sent.alert_id = alerts.id"
    f" LEFT JOIN timers ON timers.kind = '{Kind.EXPIRY}' AND timers.ref = alerts.id"
)

_encode = msgspec.json.Encoder().encode
_texts = msgspec.json.Decoder(dict[str, str]).decode


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """An open alert with what its source said of it. `labels` are without those that routing adds, where known."""

    alert: Alert
    labels: dict[str, str]
    annotations: dict[str, str]
    fires_until: float | None


def put(tx: Tx, alert_id: int, labels: dict[str, str], annotations: dict[str, str]) -> None:
    """Keep what was sent last."""
    tx.run(
        "INSERT INTO sent (alert_id, own_labels, annotations) VALUES (?, ?, ?) ON CONFLICT (alert_id) DO UPDATE"
        " SET own_labels = excluded.own_labels, annotations = excluded.annotations"
        " WHERE own_labels <> excluded.own_labels OR annotations <> excluded.annotations",
        (alert_id, _encode(labels).decode(), _encode(annotations).decode()),
    )


def all_open(tx: Tx, after: int, limit: int) -> list[Sent]:
    """List open alerts of any source, oldest first, beginning behind the id `after`."""
    rows = tx.all(f"{_SELECT} WHERE state = 'firing' AND id > ? ORDER BY id LIMIT ?", (after, limit))
    return [_sent(row) for row in rows]


def of_group(tx: Tx, group_id: int) -> list[Sent]:
    """List the open alerts that a group gathers, oldest first."""
    rows = tx.all(
        f"{_SELECT} JOIN members ON members.alert_id = alerts.id"
        " WHERE members.group_id = ? AND leaving = 0 AND state = 'firing' ORDER BY id",
        (group_id,),
    )
    return [_sent(row) for row in rows]


def _sent(row: Row) -> Sent:
    *columns, labels, annotations, fires_until = row
    alert = alerts.alert(tuple(columns))
    return Sent(
        alert=alert,
        labels=alert.labels if labels is None else _texts(labels),
        annotations={} if annotations is None else _texts(annotations),
        fires_until=fires_until,
    )
