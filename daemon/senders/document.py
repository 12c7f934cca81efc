"""A message as one JSON document: what a webhook POSTs and a command reads."""

from typing import Any

import msgspec

from daemon.alert import Alert
from daemon.notice import Message
from daemon.senders.api import encoded

VERSION = 1  # it changes when a field changes its meaning or goes


def body(message: Message) -> bytes:
    """Write the message as JSON; what no JSON can carry (half of a surrogate pair) becomes a question mark."""
    notice = message.notice
    payload = {
        "version": VERSION,
        "delivery": message.out_id,
        "reason": notice.reason,
        "repeat": message.repeat,
        "receiver": notice.receiver,
        "recipients": [recipient for recipient in message.recipients if recipient.name or recipient.address],
        "title": message.title,
        "text": message.text,
        "alert": _told(notice.alert),
        "group": notice.group,
        "firing": notice.firing,
        "resolved": notice.resolved,
        "alerts": [_told(alert) for alert in notice.alerts],
    }
    return encoded(payload)


def _told(alert: Alert) -> dict[str, Any]:
    return {"code": alert.code, **msgspec.to_builtins(alert)}
