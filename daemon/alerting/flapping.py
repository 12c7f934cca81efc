"""Problems that come and go: told as such once, then not at all until they have settled.

Quick to say and slow to take back: so many changes within a while make it flap; it has settled after some time without
one, which grows with every change that comes meanwhile, up to a ceiling.
"""

import msgspec

from daemon.alert import Alert
from daemon.config.flapping import Flapping
from daemon.store import alerts, flaps, groups, timers
from daemon.store.alerts import Step
from daemon.store.base import Tx
from daemon.store.flaps import Flap
from daemon.store.timers import Kind
from daemon.units import spoken

GROWTH = 1.5  # of the time without a change, with every change


def note(tx: Tx, alert: Alert, limits: Flapping, now: float) -> None:
    """A problem that was there before has begun again, or ended: does it flap?"""
    if not limits.changes:
        return
    known = flaps.get(tx, alert.fingerprint)
    if known is not None and known.since is not None:
        timers.drop(tx, Kind.FLAPPING, known.alert_id)
        _put(tx, alert, known.since, min(known.calm * GROWTH, limits.at_most), now, known.told)
        return
    since = max(now - limits.within, known.settled_at or 0.0 if known else 0.0)
    changes = flaps.changes(tx, alert.fingerprint, since, limits.changes)
    if changes >= limits.changes:
        _put(tx, alert, now, limits.settle, now)
        said = f"{changes} changes in {spoken(limits.within)}"
        alerts.record(tx, alert.id, [Step(stage="flapping", verdict="begins", detail=said)], now)


def _put(tx: Tx, alert: Alert, since: float, calm: float, now: float, told: list[int] | None = None) -> None:
    flap = Flap(fingerprint=alert.fingerprint, since=since, calm=calm, told=told or [], alert_id=alert.id)
    flaps.put(tx, flap, goes_on=told is not None)
    timers.put(tx, Kind.FLAPPING, alert.id, now + calm)


def settled(tx: Tx, alert_id: int, now: float) -> None:
    """It has not changed for long enough: as it stands now it is news for whoever was told that it flaps."""
    flap = flaps.of_alert(tx, alert_id)
    if flap is None or flap.since is None:
        return
    flaps.put(tx, msgspec.structs.replace(flap, since=None, settled_at=now, calm=0.0, told=[]))
    alerts.record(tx, alert_id, [Step(stage="flapping", verdict="settled")], now)
    for group in groups.of_alert(tx, alert_id):
        groups.schedule(tx, group, now)
