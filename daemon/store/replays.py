"""What a replay reads of the alerts that there were, and how it counts what would have been told."""

import msgspec

from daemon.alert import Alert
from daemon.store import alerts, notices
from daemon.store.base import Tx

_WORSE = '%"stage":"dedupe","verdict":"worse"%'


class Past(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An alert that there was: as it is now, and as it was before it became worse, where that is known."""

    alert: Alert
    first: Alert
    worse_at: float | None = None


class Heard(msgspec.Struct, kw_only=True, gc=False):
    """What came of one alert: how many notices to whom, and who would hear of it by which channel."""

    receivers: dict[str, int] = msgspec.field(default_factory=dict)
    people: dict[str, None] = msgspec.field(default_factory=dict)


def page(tx: Tx, before: int, limit: int) -> list[Alert]:
    """Alerts of any state, newest first, beginning below the id `before`."""
    return alerts.newest(tx, limit=limit, before=before)


def past(tx: Tx, alert: Alert) -> Past:
    """Find out how an alert began. Each notice kept it as it stood."""
    row = tx.one("SELECT min(at) FROM trace WHERE alert_id = ? AND steps LIKE ?", (alert.id, _WORSE))
    worse_at = row[0] if row else None
    if worse_at is None:
        return Past(alert=alert, first=alert)
    for notice in notices.of_alert(tx, alert.id):
        first = next((one for one in notice.alerts if one.id == alert.id), None)
        if notice.at < worse_at and first is not None:
            return Past(alert=alert, first=first, worse_at=worse_at)
    return Past(alert=alert, first=alert)


def sent_at_once(tx: Tx, after: int, now: float) -> int:
    """Whatever is to be sent was sent: what comes after it is decided as if all providers were well.

    What nobody will read is let go: traces, and how alerts stood in the notices behind the id `after`, which may be
    a hundred in each. Returns the id of the last notice.
    """
    row = tx.one("SELECT max(id) FROM notices")
    last = (row[0] if row else None) or 0
    if last > after:
        tx.run("UPDATE deliveries SET phase = 'sent', settled_at = ? WHERE phase = 'waiting'", (now,))
        tx.run("UPDATE notices SET alerts = '[]' WHERE id > ?", (after,))
    tx.run("DELETE FROM trace")
    return last


def heard(tx: Tx) -> dict[int, Heard]:
    """What came of each alert."""
    found: dict[int, Heard] = {}
    for alert_id, receiver, count in tx.all(
        "SELECT a.alert_id, n.receiver, count(*) FROM notice_alerts a JOIN notices n ON n.id = a.notice_id"
        " GROUP BY a.alert_id, n.receiver"
    ):
        found.setdefault(alert_id, Heard()).receivers[receiver] = count
    for alert_id, recipient, channel in tx.all(
        "SELECT DISTINCT a.alert_id, d.recipient, d.channel FROM notice_alerts a"
        " JOIN deliveries d ON d.notice_id = a.notice_id WHERE d.phase = 'sent'"
    ):
        found.setdefault(alert_id, Heard()).people[f"{recipient or 'the room'} by {channel}"] = None
    return found


def totals(tx: Tx) -> tuple[int, int]:
    """How many notices that anybody heard of, and how many messages."""
    row = tx.one("SELECT count(DISTINCT notice_id), count(*) FROM deliveries WHERE phase = 'sent'")
    return (row[0], row[1]) if row else (0, 0)
