"""Has a receiver something new to hear? One comparison of the notice log with the alert."""

from daemon.alert import Alert
from daemon.event import State
from daemon.notice import Reason
from daemon.store.notices import Told


def reason(told: Told | None, alert: Alert) -> Reason | None:
    """Say why this receiver is to be told about the alert as it is now, or None.

    The notice log alone answers "was it told?": an alert that is old but was never told is told now, and the
    end of what was never told is not.
    """
    if alert.state is State.RESOLVED:
        return Reason.RESOLVED if told and told.state is State.FIRING else None
    if told is None or told.state is State.RESOLVED:
        return Reason.FIRST
    return Reason.WORSE if alert.severity.urgency < told.severity.urgency else None
