"""Problems that come and go: told as such once, then not at all until they have settled.

Quick to say and slow to take back: so many changes within a while make it flap; it has settled after some time without
one, which grows with every change that comes meanwhile, up to a ceiling.
"""

import msgspec

from daemon.alert import Alert
from daemon.config.settings import Flapping
from daemon.store import alerts, flaps, groups, timers
from daemon.store.alerts import Step
from daemon.store.base import Tx
from daemon.store.flaps import Flap
from daemon.store.timers import Kind

GROWTH = 1.5  # of the time without a change, with every change


def changed(before: Flap | None, alert: Alert, limits: Flapping, now: float) -> Flap:
    """What is known of a problem once its alert has begun or ended at `now`."""
    earlier = [at for at in before.changes if at <= now] if before else []
    changes = [*earlier, now][-limits.changes :]
    since, calm, told = (before.since, before.calm, before.told) if before else (None, 0.0, [])
    if since is not None:
        calm = min(calm * GROWTH, limits.at_most)
    elif len(changes) >= limits.changes and changes[0] > now - limits.within:
        since, calm = now, limits.settle
    return Flap(fingerprint=alert.fingerprint, changes=changes, since=since, calm=calm, told=told, alert_id=alert.id)


def note(tx: Tx, alert: Alert, limits: Flapping, now: float) -> None:
    """An alert has begun or ended: does its problem flap?"""
    if not limits.changes:
        return
    before = flaps.get(tx, alert.fingerprint)
    after = changed(before, alert, limits, now)
    flaps.put(tx, after)
    if before is not None and before.since is not None and before.alert_id != alert.id:
        timers.drop(tx, Kind.FLAPPING, before.alert_id)
    if after.since is not None:
        timers.put(tx, Kind.FLAPPING, alert.id, now + after.calm)
        if before is None or before.since is None:
            said = f"{len(after.changes)} changes in {limits.within:g} s"
            alerts.record(tx, alert.id, [Step(stage="flapping", verdict="begins", detail=said)], now)


def settled(tx: Tx, alert_id: int, now: float) -> None:
    """It has not changed for long enough: as it stands now it is news for whoever was told that it flaps."""
    flap = flaps.of_alert(tx, alert_id)
    if flap is None or flap.since is None:
        return
    flaps.put(tx, msgspec.structs.replace(flap, since=None, calm=0.0, told=[], changes=[]))
    alerts.record(tx, alert_id, [Step(stage="flapping", verdict="settled")], now)
    for group in groups.of_alert(tx, alert_id):
        groups.schedule(tx, group, now)
