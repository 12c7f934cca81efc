"""The notice log: what was said, to which receiver, about which alert, and why."""

import msgspec

from daemon.alert import Alert
from daemon.event import Severity, State
from daemon.notice import Notice, Reason
from daemon.store.base import Row, Tx

_encode = msgspec.json.Encoder().encode
_alert = msgspec.json.Decoder(Alert).decode


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The last thing that one receiver was told about one alert."""

    receiver: str
    state: State
    severity: Severity
    at: float


def add(tx: Tx, alert: Alert, receiver: str, reason: Reason, now: float) -> Notice:
    """Write down that this is now to be said."""
    new_id = tx.insert(
        "INSERT INTO notices (alert_id, receiver, reason, at, alert) VALUES (?, ?, ?, ?, ?)",
        (alert.id, receiver, reason.value, now, _encode(alert).decode()),
    )
    return Notice(id=new_id, alert=alert, receiver=receiver, reason=reason, at=now)


def told(tx: Tx, alert_id: int) -> dict[str, Told]:
    """What each receiver was last told about this alert."""
    rows = tx.all("SELECT receiver, at, alert FROM notices WHERE alert_id = ? ORDER BY id", (alert_id,))
    last = {}
    for receiver, at, alert in rows:
        facts = _alert(alert)
        last[receiver] = Told(receiver=receiver, state=facts.state, severity=facts.severity, at=at)
    return last


def of_alert(tx: Tx, alert_id: int) -> list[Notice]:
    """List what was said about an alert, oldest first."""
    rows = tx.all("SELECT id, alert, receiver, reason, at FROM notices WHERE alert_id = ? ORDER BY id", (alert_id,))
    return [notice(row) for row in rows]


def notice(row: Row) -> Notice:
    """Read a row of (id, alert, receiver, reason, at)."""
    notice_id, alert, receiver, reason, at = row
    return Notice(id=notice_id, alert=_alert(alert), receiver=receiver, reason=Reason(reason), at=at)
