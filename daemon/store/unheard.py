"""The open alarms of one source, each with what became of its deliveries: has anybody heard of it?"""

import msgspec

from daemon.event import Severity
from daemon.notice import Hop, Phase
from daemon.store.base import Tx

_hops = msgspec.json.Decoder(list[Hop]).decode


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery: where it stands, since when, and the channels that it may still take."""

    phase: Phase
    created_at: float
    channels: tuple[str, ...]


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """An open alarm, and all deliveries about it."""

    alert_id: int
    key: str
    title: str
    text: str
    severity: Severity
    sendings: list[Sending]


def open_alarms(tx: Tx, source: str) -> list[Heard]:
    """List those of which there is at least one delivery, oldest first."""
    found: dict[int, Heard] = {}
    for alert_id, key, title, text, severity, phase, created_at, channel, hops in tx.all(
        "SELECT a.id, a.key, a.title, a.text, a.severity, d.phase, d.created_at, d.channel, d.hops FROM alerts a"
        " JOIN notice_alerts n ON n.alert_id = a.id JOIN deliveries d ON d.notice_id = n.notice_id"
        " WHERE a.state = 'firing' AND a.source = ? ORDER BY a.id, d.id",
        (source,),
    ):
        heard = found.setdefault(
            alert_id,
            Heard(alert_id=alert_id, key=key, title=title, text=text, severity=Severity(severity), sendings=[]),
        )
        try:
            then = tuple(hop.channel for hop in _hops(hops))
        except msgspec.MsgspecError:  # a row that nobody can read will be sent by nobody
            then = ()
        heard.sendings.append(Sending(phase=Phase(phase), created_at=created_at, channels=(channel, *then)))
    return list(found.values())
