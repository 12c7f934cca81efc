"""What ends by itself: alarms about errors that did not come for a while, spikes, storms."""

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


def is_due(tx: Tx) -> bool:
    """Whether anything could end."""
    return bool(fault_news.storms(tx) or faults.with_alarms(tx, 1))


def sweep(tx: Tx, settings: Errors, now: float) -> None:
    """End what is over."""
    for one in faults.with_alarms(tx, MOST):
        left = _spike(tx, _quiet(tx, one, settings, now), now)
        if left != one:
            faults.replace(tx, left)
    for storm in fault_news.storms(tx):
        if not 0 <= now - storm.last_at < STORM:  # also when the clock was set back
            fault_news.add(tx, alarms.storm_over(storm, now))
            fault_news.end_storm(tx, storm.app)


def _quiet(tx: Tx, fault: Fault, settings: Errors, now: float) -> Fault:
    after = settings.of(fault.app).clear_after
    if fault.heard_at > now:  # the clock was set back
        return msgspec.structs.replace(fault, heard_at=now)
    if not fault.alarm or now - fault.heard_at < after:
        return fault
    said = f"It did not come for {spoken(now - fault.heard_at)}; {fault.count} times in all."
    fault_news.add(tx, alarms.over(fault, What.OVER, said, now))
    return msgspec.structs.replace(fault, alarm="")


def _spike(tx: Tx, fault: Fault, now: float) -> Fault:
    recent = Rate(fault.slot, fault.slot_count, fault.slot_before).recent(now)
    if not fault.spike or not rate.is_over(recent, fault.spike):
        return fault
    said = f"{recent:.0f} in the last five minutes; {fault.count} times in all."
    fault_news.add(tx, alarms.over(fault, What.CALMED, said, now))
    return msgspec.structs.replace(fault, spike=0.0)
