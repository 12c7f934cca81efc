"""The wall clock went back: what was to be done in a minute is still to be done in a minute.

What a human was promised by the clock on the wall, such as the end of a silence or of an acknowledgement, stays.
"""

from daemon.alerting import route
from daemon.alerting.rules import Rules
from daemon.store import escalations, groups, storms, timers
from daemon.store.base import Tx
from daemon.store.timers import Kind


def set_back(tx: Tx, rules: Rules, now: float, back: float) -> int:
    """Move what is due along with the clock, which went back by `back` seconds; 0 where that is not known.

    Then at least nothing waits for longer than it may at all. Returns how many groups were flushed in the future.
    """
    if back > 0:
        groups.nearer(tx, back, now)
        escalations.nearer(tx, back, now)
        for kind in (Kind.FLAPPING, Kind.DIGEST):
            timers.nearer(tx, kind, back, now)
    settings = rules.settings
    groups.no_later(tx, now + max(node.wait for node in route.every(rules.root)))
    timers.no_later(tx, Kind.FLAPPING, now + max(settings.flapping.settle, settings.flapping.at_most))
    limits = [receiver.storm for receiver in settings.receivers.values() if receiver.storm]
    timers.no_later(tx, Kind.DIGEST, now + max((limit.digest_every for limit in limits), default=0.0))
    storms.set_back(tx, now)
    return groups.set_back(tx, now)
