"""A message as the courier would hand it to a sender."""

from daemon.alert import Alert
from daemon.event import Severity, State
from daemon.notice import Message, Notice, Reason, Recipient
from fake_clock import BEGIN

LIN = Recipient(name="lin", address="+86 138 0000 0001")
WANG = Recipient(name="wang", address="13800000002")


def message(
    *recipients: Recipient, out_id: str = "D1", reason: Reason = Reason.FIRST, repeat: bool = False, **more: object
) -> Message:
    """About one alert; keywords change the alert's fields. Without recipients it goes to a room."""
    facts: dict[str, object] = {
        "id": 17,
        "fingerprint": "0" * 32,
        "source": "shop",
        "key": "k1",
        "state": State.FIRING,
        "severity": Severity.CRITICAL,
        "title": "Disk full",
        "text": "97 %",
        "labels": {"host": "db-1"},
        "links": {},
        "started_at": BEGIN,
        "ended_at": None,
        "first_seen": BEGIN,
        "last_seen": BEGIN,
        "count": 1,
    }
    alert = Alert(**(facts | more))  # type: ignore[arg-type]
    over = alert.state is State.RESOLVED
    notice = Notice(
        id=3, alerts=[alert], firing=not over, resolved=over, group={}, receiver="ops", reason=reason, at=BEGIN
    )
    return Message(notice=notice, recipients=recipients or (Recipient(),), out_id=out_id, repeat=repeat)
