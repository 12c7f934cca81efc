"""The notice log: what was said, to which receiver, about which alerts, and why."""

from collections.abc import Collection, Sequence

import msgspec

from daemon.alert import Alert
from daemon.notice import MOST_ALERTS, Notice, Reason, most_important_first
from daemon.store.base import Row, Tx, columns

_FIELDS = ("alert_id", "group_id", "receiver", "reason", "at", "firing", "resolved", "labels", "note", "alerts")
_NAMES, _MARKS = columns(_FIELDS)
# What `notice` reads; with the table's alias, for those who join.
SELECTED = (
    "n.id", "n.alerts", "n.firing", "n.resolved", "n.labels", "n.receiver", "n.reason", "n.at", "n.note", "n.group_id",
)  # fmt: skip
_SELECT = f"SELECT {', '.join(SELECTED)} FROM notices n"

_encode = msgspec.json.Encoder().encode
_alerts = msgspec.json.Decoder(list[Alert]).decode
_labels = msgspec.json.Decoder(dict[str, str]).decode


def add(
    tx: Tx,
    firing: Sequence[Alert],
    resolved: Sequence[Alert],
    receiver: str,
    reason: Reason,
    now: float,
    *,
    group_id: int | None = None,
    labels: dict[str, str] | None = None,
    note: str = "",
) -> Notice:
    """Write down that this is now to be said about these alerts, of which there is at least one."""
    about = most_important_first([*firing, *resolved])
    kept = about[:MOST_ALERTS]
    new_id = tx.insert(
        f"INSERT INTO notices ({_NAMES}) VALUES ({_MARKS})",
        (
            kept[0].id, group_id, receiver, reason.value, now, len(firing), len(resolved),
            _encode(labels or {}).decode(), note, _encode(kept).decode(),
        ),
    )  # fmt: skip
    _link(tx, new_id, [alert.id for alert in about])
    return Notice(
        id=new_id,
        alerts=kept,
        firing=len(firing),
        resolved=len(resolved),
        group=labels or {},
        receiver=receiver,
        reason=reason,
        at=now,
        note=note,
        group_id=group_id,
    )


def _link(tx: Tx, notice_id: int, alert_ids: list[int]) -> None:
    if len(alert_ids) == 1:
        tx.run("INSERT INTO notice_alerts (alert_id, notice_id) VALUES (?, ?)", (alert_ids[0], notice_id))
        return
    ids = _encode(alert_ids).decode()
    tx.run("INSERT INTO notice_alerts (alert_id, notice_id) SELECT value, ? FROM json_each(?)", (notice_id, ids))


def of_alert(tx: Tx, alert_id: int) -> list[Notice]:
    """List what was said about an alert, oldest first."""
    rows = tx.all(
        f"{_SELECT} JOIN notice_alerts a ON a.notice_id = n.id WHERE a.alert_id = ? ORDER BY n.id", (alert_id,)
    )
    return [notice(row) for row in rows]


def heard_firing(tx: Tx, alert_ids: Collection[int], receiver: str) -> set[int]:
    """Which of these alerts this receiver was last told of as firing, whatever the group."""
    found = set()
    for alert_id in alert_ids:
        last = tx.one(
            f"{_SELECT} JOIN notice_alerts a ON a.notice_id = n.id WHERE a.alert_id = ? AND n.receiver = ?"
            " ORDER BY n.id DESC LIMIT 1",
            (alert_id, receiver),
        )
        if last is not None and notice(last).firing:
            found.add(alert_id)
    return found


def notice(row: Row) -> Notice:
    """Read a row of the columns SELECTED."""
    notice_id, alerts, firing, resolved, labels, receiver, reason, at, note, group_id = row
    return Notice(
        id=notice_id,
        alerts=_alerts(alerts),
        firing=firing,
        resolved=resolved,
        group=_labels(labels),
        receiver=receiver,
        reason=Reason(reason),
        at=at,
        note=note,
        group_id=group_id,
    )
