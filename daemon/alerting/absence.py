"""A source that was to be heard of again, and was not."""

import msgspec

from daemon.alerting import pipeline
from daemon.alerting.flush import Flushed
from daemon.alerting.rules import Rules
from daemon.event import State
from daemon.store import absences
from daemon.store.base import Tx
from daemon.units import spoken


def go_off(tx: Tx, absence_id: int, rules: Rules, now: float) -> list[Flushed]:
    """Nothing was heard in time: raise what was left for that case."""
    absence = absences.get(tx, absence_id)
    if absence is None:
        return []
    text = f"Nothing was heard of it for {spoken(max(1.0, now - absence.heard_at))}."
    event = msgspec.structs.replace(
        absence.event, state=State.FIRING, text=text, started_at=None, ended_at=None, unless_heard_by=None
    )
    return pipeline.accept(tx, [event], rules, now).flushed
