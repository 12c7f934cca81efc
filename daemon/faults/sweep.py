"""What ends by itself: alarms about errors that did not come for a while, spikes, storms."""

from collections.abc import Iterable

import msgspec

from daemon.config.errors import Errors
from daemon.faults import alarms, rate
from daemon.faults.judge import STORM
from daemon.faults.rate import Rate
from daemon.store import fault_news, faults
from daemon.store.base import Tx
from daemon.store.fault_news import What
from daemon.store.faults import Fault
from daemon.units import spoken

MOST = 10_000  # errors with open alarms that are looked at
AT_ONCE = 200  # of them that one transaction ends


def over(tx: Tx, settings: Errors, now: float) -> list[int]:
    """Those of which an alarm is to be ended."""
    return [one.id for one in faults.with_alarms(tx, MOST) if one.heard_at > now or _ends(one, settings, now)]


def end(tx: Tx, ids: Iterable[int], settings: Errors, now: float) -> None:
    """End what of these is still over."""
    for fault_id in ids:
        one = faults.get(tx, fault_id)
        if one is not None:
            faults.replace(tx, _ended(tx, one, settings, now))


def end_storms(tx: Tx, now: float) -> None:
    """End the storms in which nothing new came for a while."""
    for storm in fault_news.storms(tx):
        if not 0 <= now - storm.last_at < STORM:  # also when the clock was set back
            fault_news.add(tx, alarms.storm_over(storm, now))
            fault_news.end_storm(tx, storm.app)


def _ends(fault: Fault, settings: Errors, now: float) -> list[tuple[What, str]]:
    """What of it is over, and why."""
    ends = []
    quiet = now - fault.heard_at
    if fault.alarm and quiet >= settings.of(fault.app).clear_after:
        ends.append((What.OVER, f"It did not come for {spoken(quiet)}; {fault.count} times in all."))
    recent = Rate(fault.slot, fault.slot_count, fault.slot_before).recent(now)
    if fault.spike and rate.is_over(recent, fault.spike):
        ends.append((What.CALMED, f"{recent:.0f} in the last five minutes; {fault.count} times in all."))
    return ends


def _ended(tx: Tx, fault: Fault, settings: Errors, now: float) -> Fault:
    for what, why in _ends(fault, settings, now):
        fault_news.add(tx, alarms.over(fault, what, why, now))
        ended = {"spike": 0.0} if what is What.CALMED else {"alarm": ""}
        fault = msgspec.structs.replace(fault, **ended)
    return msgspec.structs.replace(fault, heard_at=min(fault.heard_at, now))  # later where the clock was set back
