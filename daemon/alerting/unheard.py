"""An alert that was to fire until now, and was not heard of again, is over."""

from datetime import UTC, datetime

from daemon.alerting import pipeline, until
from daemon.alerting.flush import Flushed
from daemon.alerting.rules import Rules
from daemon.event import State
from daemon.store import alerts
from daemon.store.alerts import Step
from daemon.store.base import Tx


def end(tx: Tx, alert_id: int, rules: Rules, now: float) -> list[Flushed]:
    """End it like any other, and the silences that held until then; its trace and its end say why.

    Its groups are flushed with all that is due: what ends at the same instant is told together.
    """
    alert = alerts.get(tx, alert_id)
    if alert is None or alert.state is not State.FIRING:
        return []
    since = f"not heard of since {datetime.fromtimestamp(alert.last_seen, UTC):%Y-%m-%d %H:%M:%S} UTC"
    alerts.record(tx, alert.id, [Step(stage="expiry", verdict="unheard", detail=since)], now)
    pipeline.over(tx, alert, since, rules, now)
    until.resolved(tx, [alert.code], rules, now)
    return []
