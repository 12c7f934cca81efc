"""What is told of each flush: a number, a line in the log, and an alarm when there was nobody to tell."""

import logging
from collections.abc import Callable

from daemon import telemetry
from daemon.alert import Alert
from daemon.alerting.flush import Flushed

log = logging.getLogger("tocsin.alerting")


Nobody = Callable[[str, Alert, str], None]  # the receiver, what it was to hear of, and why nobody does


def flushed(one: Flushed, nobody: Nobody) -> None:
    """Somebody is to hear of it, or nobody is."""
    for reason, code in one.told:
        telemetry.notices.labels(one.receiver, reason.value).inc()
        log.info("%s to %s: %s, about %s", one.group, one.receiver, reason, code, extra={"alert": code})
    for alert, why in one.unheard:
        nobody(one.receiver, alert, why)
