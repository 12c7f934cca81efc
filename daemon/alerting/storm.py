"""Receivers that would hear of too much at once: one digest instead of many notices, but never of what is critical."""

import msgspec

from daemon.alert import Alert
from daemon.alerting import post
from daemon.alerting.rules import Rules
from daemon.config.audience import Receiver
from daemon.event import Severity, State
from daemon.notice import Notice, Reason
from daemon.store import alerts, notices, storms, timers
from daemon.store.alerts import Step
from daemon.store.base import Tx
from daemon.store.timers import Kind
from daemon.units import spoken


def holds(tx: Tx, notice: Notice, receiver: Receiver, now: float) -> bool:
    """Keep a notice for the receiver's next digest, if it hears of more than its limit; say whether it was kept.

    What fires and is critical is told at once, whatever else is going on.
    """
    limit = receiver.storm
    if limit is None or (notice.firing and notice.alert.severity is Severity.CRITICAL):
        return False
    storm = storms.over(tx, receiver.name)
    if storm is None:
        if storms.count(tx, receiver.name, now - limit.within, now) <= limit.above:
            return False
        storm = storms.begin(tx, receiver.name, now)
        timers.put(tx, Kind.DIGEST, storm.id, now + limit.digest_every)
    storms.gather(tx, storm, [*storm.waiting, notice.id], storm.since)
    return True


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """The notice that tells what was kept, and what of it was to be told and reaches nobody."""

    notice: Notice
    unheard: list[tuple[Alert, str]]


def digest(tx: Tx, storm_id: int, rules: Rules, now: float) -> Digest | None:
    """The digest is due: tell what was kept. A storm in which little was kept is over."""
    storm = storms.get(tx, storm_id)
    if storm is None:
        return None
    receiver = rules.settings.receivers.get(storm.receiver)
    limit = receiver.storm if receiver else None
    told = _told(tx, storm.waiting, storm.receiver, receiver, storm.since, rules, now) if storm.waiting else None
    # As many as were borne within a while are borne now, too.
    if limit is None or len(storm.waiting) <= limit.above * limit.digest_every / limit.within:
        storms.end(tx, storm)
    else:
        storms.gather(tx, storm, [], now)
        timers.put(tx, Kind.DIGEST, storm.id, now + limit.digest_every)
    return told


def _told(
    tx: Tx, waiting: list[int], name: str, receiver: Receiver | None, since: float, rules: Rules, now: float
) -> Digest | None:
    """One notice about all alerts of those that waited, as they stand now."""
    about: dict[str, Alert] = {alert.fingerprint: alert for alert in alerts.of_notices(tx, waiting)}
    firing = [alert for alert in about.values() if alert.state is State.FIRING]
    resolved = [alert for alert in about.values() if alert.state is State.RESOLVED]
    if not about:
        return None
    notice = notices.add(tx, firing, resolved, name, Reason.DIGEST, now, note=spoken(now - since))
    legs = [leg for leg in receiver.notify if leg.send_resolved or firing] if receiver else []
    outcome = post.post(tx, notice, legs, rules, now)
    steps = [Step(stage="storm", verdict="digest", detail=name), *outcome]
    for alert in about.values():
        alerts.record(tx, alert.id, steps, now)
    return Digest(notice=notice, unheard=post.unheard(notice, legs, outcome))
