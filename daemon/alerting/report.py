"""What is told of each flush: a number, and a line in the log."""

import logging

from daemon import telemetry
from daemon.alerting.flush import Flushed

log = logging.getLogger("tocsin.alerting")


def flushed(one: Flushed) -> None:
    """Somebody is to hear of it, or nobody is."""
    for reason, code in one.told:
        telemetry.notices.labels(one.receiver, reason.value).inc()
        log.info("%s to %s: %s, about %s", one.group, one.receiver, reason, code, extra={"alert": code})
