"""Until when an alert fires by its source's word, and what else of that word is kept beside the alert."""

from daemon.alert import Alert
from daemon.alerting.dedupe import Change
from daemon.event import Event
from daemon.store import sent, timers
from daemon.store.base import Tx
from daemon.store.timers import Kind

_FIRES = (Change.NEW, Change.REPEAT, Change.WORSE)


def note(tx: Tx, event: Event, alert: Alert, change: Change) -> None:
    """Set or move the timer at which the alert is over by itself, or take it away.

    An event that says nothing of that, or of its annotations, leaves them as they are.
    """
    if change is Change.RESOLVED:
        timers.drop(tx, Kind.EXPIRY, alert.id)
    elif change in _FIRES:
        if event.fires_until is not None:
            timers.put(tx, Kind.EXPIRY, alert.id, event.fires_until)
        if event.fires_until is not None or event.annotations:
            sent.put(tx, alert.id, event.labels, event.annotations)
