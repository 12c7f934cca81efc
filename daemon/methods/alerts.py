"""What is known of alerts: the list, and all about one of them."""

import msgspec

from daemon.alert import Alert
from daemon.config.audience import Escalation
from daemon.event import Severity, State
from daemon.methods.codes import Id, Limit, found, number, page
from daemon.methods.deliveries import DeliveryLine, delivery_line
from daemon.methods.parts import Parts
from daemon.methods.table import Table
from daemon.notice import Notice, Reason
from daemon.store import acks, alerts, escalations, notices, outbox
from daemon.store.acks import Ack
from daemon.store.alerts import Trace
from daemon.store.base import Tx
from daemon.store.escalations import Ladder, Stage


class AlertLine(msgspec.Struct, frozen=True, kw_only=True):
    """One alert in a list: all but its long text and links. `ack` is who has taken it on."""

    id: int
    code: str
    state: State
    severity: Severity
    source: str
    title: str
    labels: dict[str, str]
    count: int
    started_at: float
    ended_at: float | None
    first_seen: float
    last_seen: float
    ack: Ack | None = None


class NoticeLine(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was said about an alert."""

    id: int
    at: float
    receiver: str
    reason: Reason
    state: State
    severity: Severity
    note: str = ""


class EscalationLine(msgspec.Struct, frozen=True, kw_only=True):
    """Who else is told of an alert that nobody takes on: how many of the `steps` have been, and when the next is."""

    receiver: str
    state: Stage
    step: int
    steps: tuple[Escalation, ...]
    since: float | None
    next_at: float | None
    muted: str


class AlertStory(msgspec.Struct, frozen=True, kw_only=True):
    """An alert with everything that was decided, said and sent because of it."""

    code: str
    alert: Alert
    ack: Ack | None
    escalations: list[EscalationLine]
    trace: list[Trace]
    notices: list[NoticeLine]
    deliveries: list[DeliveryLine]


def alert_line(alert: Alert, ack: Ack | None = None) -> AlertLine:
    """Take what a list shows."""
    return AlertLine(
        id=alert.id,
        code=alert.code,
        state=alert.state,
        severity=alert.severity,
        source=alert.source,
        title=alert.title,
        labels=alert.labels,
        count=alert.count,
        started_at=alert.started_at,
        ended_at=alert.ended_at,
        first_seen=alert.first_seen,
        last_seen=alert.last_seen,
        ack=ack,
    )


def add(table: Table, parts: Parts) -> None:
    """Add `alerts.*`."""

    @table.method("alerts.list", "read")
    def _list(state: State | None = None, source: str = "", limit: Limit = 100, before: Id = 0) -> list[AlertLine]:
        """List alerts, newest first.

        `state` and `source` narrow it down; `before` is the last code of the page before.
        """
        last = page(before, "A")

        def work(tx: Tx) -> list[AlertLine]:
            rows = alerts.newest(tx, state=state, source=source, limit=limit, before=last)
            acked = acks.of(tx, [alert.id for alert in rows])
            return [alert_line(alert, acked.get(alert.id)) for alert in rows]

        return parts.store.read(work)

    @table.method("alerts.get", "read")
    def _get(id: Id) -> AlertStory:  # noqa: A002 - the name that callers write
        """Tell all about one alert: what was decided, said and sent because of it."""
        wanted = number(id, "A")
        return found(parts.store.read(lambda tx: _story(tx, wanted)), id, "A")


def _story(tx: Tx, alert_id: int) -> AlertStory | None:
    alert = alerts.get(tx, alert_id)
    if alert is None:
        return None
    return AlertStory(
        code=alert.code,
        alert=alert,
        ack=acks.get(tx, alert_id),
        escalations=[_escalation_line(ladder) for ladder in escalations.of_alert(tx, alert_id)],
        trace=alerts.traces(tx, alert_id),
        notices=[_notice_line(notice) for notice in notices.of_alert(tx, alert_id)],
        deliveries=[delivery_line(row) for row in outbox.newest(tx, alert_id=alert_id, limit=1_000)],
    )


def _notice_line(notice: Notice) -> NoticeLine:
    return NoticeLine(
        id=notice.id,
        at=notice.at,
        receiver=notice.receiver,
        reason=notice.reason,
        state=notice.alert.state,
        severity=notice.alert.severity,
        note=notice.note,
    )


def _escalation_line(ladder: Ladder) -> EscalationLine:
    return EscalationLine(
        receiver=ladder.receiver,
        state=ladder.state,
        step=ladder.step,
        steps=ladder.steps,
        since=ladder.since,
        next_at=ladder.next_at,
        muted=ladder.muted,
    )
