"""Whether an error that came is to be told: new, there again, or far more of it than usual."""

from collections.abc import Collection, Sequence

import msgspec

from daemon.config.errors import LEVELS, ErrorAlarms, Errors
from daemon.faults import alarms, sample
from daemon.faults.event import ErrorEvent
from daemon.faults.rate import Rate, needed, usual
from daemon.fitting import line
from daemon.matcher import pattern
from daemon.store import fault_news
from daemon.store.base import Tx
from daemon.store.fault_news import Storm, What
from daemon.store.faults import Fault, State

STORM = 60.0  # seconds in which new errors are counted; a storm is over when there are none for so long
KNOWN = 3_600.0  # seconds that an error must have been known for to have anything usual
_LOOKED_AT = 2_000  # characters of an error that patterns are looked for in


class Judge:
    """Judges the errors of one transaction, one after the other."""

    def __init__(self, tx: Tx, settings: Errors, now: float) -> None:
        self._tx = tx
        self._settings = settings
        self._now = now
        self._told: dict[str, int] = {}  # application -> errors told within the last minute
        self._storms = {one.app: one for one in fault_news.storms(tx)}

    def judged(
        self,
        fault: Fault,
        events: Sequence[ErrorEvent],
        before: Sequence[int],
        releases: Collection[str],
        quiet: float,
    ) -> Fault:
        """Return it as it is after these came, with what is to be told written down.

        `before` are the counts of the hours before, `releases` those that it came from until now, `quiet` is for how
        long none came.
        """
        rules = self._settings.of(fault.app)
        back = self._back(fault, events, releases)
        telling = next((one for one in (back or events) if _is_told(rules, one)), None)
        if fault.state is State.UNRESOLVED or back:
            is_again = bool(back) or (fault.told and not fault.alarm and quiet >= rules.again_after)
            what = What.REGRESSION if is_again else None if fault.told else What.FIRST
            if what is not None and telling is not None:
                fault = self._raised(fault, telling, what, quiet, rules)
            if back:
                fault = self._reopened(fault)
            if telling is not None:
                fault = self._spike(fault, telling, list(before), rules)
        return fault

    def close(self) -> None:
        """Write down how the storms stand."""
        for one in self._storms.values():
            fault_news.put_storm(self._tx, one)

    def _back(self, fault: Fault, events: Sequence[ErrorEvent], releases: Collection[str]) -> list[ErrorEvent]:
        """Those that came although it was resolved, or after it was to be ignored for so long."""
        if fault.state is State.IGNORED:
            is_over = (fault.ignored_until is not None and self._now >= fault.ignored_until) or (
                fault.ignored_above is not None and fault.count > fault.ignored_above
            )
            return list(events) if is_over else []
        if fault.state is not State.RESOLVED:
            return []
        since = fault.changed_at or 0.0
        if since > self._now:  # the clock was set back: what comes now came after it all the same
            since = 0.0
        came = [one for one in events if (one.received_at or self._now) > since]
        if fault.next_release:  # what came from a release that is not known would have brought it back already
            came = [one for one in came if one.release and sample.name(one.release) not in releases]
        return came

    def _raised(self, fault: Fault, event: ErrorEvent, what: What, quiet: float, rules: ErrorAlarms) -> Fault:
        if what.value not in rules.alarm:
            return msgspec.structs.replace(fault, told=True)
        if self._is_storm(fault.app, rules):
            fault_news.add(self._tx, alarms.stormed(fault, self._now))
            return msgspec.structs.replace(fault, told=True)
        fault_news.add(self._tx, alarms.raised(fault, event, what, quiet, self._now))
        self._told[fault.app] += 1
        return msgspec.structs.replace(fault, told=True, alarm=what.value)

    def _is_storm(self, app: str, rules: ErrorAlarms) -> bool:
        """Whether an application has so many that are new that this one is not told; it begins with this one, then."""
        if app not in self._told:
            self._told[app] = fault_news.alarms_since(self._tx, app, self._now - STORM, self._now)
        storm = self._storms.get(app)
        if storm is None and self._told[app] < rules.storm:
            return False
        if storm is None:
            fault_news.add(self._tx, alarms.storm(app, rules.storm, self._now))
            storm = Storm(app=app, since=self._now, last_at=self._now, count=0)
        self._storms[app] = msgspec.structs.replace(storm, last_at=self._now, count=storm.count + 1)
        return True

    def _reopened(self, fault: Fault) -> Fault:
        return msgspec.structs.replace(
            fault,
            state=State.UNRESOLVED,
            regressions=fault.regressions + 1,
            changed_at=self._now,
            changed_by="",
            comment="it came again",
            next_release=False,
            ignored_until=None,
            ignored_above=None,
        )

    def _spike(self, fault: Fault, event: ErrorEvent, before: list[int], rules: ErrorAlarms) -> Fault:
        if fault.spike or "spike" not in rules.alarm or self._now - fault.first_at < KNOWN:
            return fault
        recent = Rate(fault.slot, fault.slot_count, fault.slot_before).recent(self._now)
        if recent < rules.spike_least:
            return fault
        normal = usual(before, (self._now - fault.first_at) / 3_600)
        needs = needed(normal, rules.spike_factor, rules.spike_least)
        if recent < needs:
            return fault
        fault_news.add(self._tx, alarms.spiking(fault, event, recent, normal, self._now))
        return msgspec.structs.replace(fault, spike=needs)


def _is_told(rules: ErrorAlarms, event: ErrorEvent) -> bool:
    """Whether such an error may raise an alarm at all."""
    if LEVELS.index(sample.level(event)) < LEVELS.index(rules.level):
        return False
    if rules.environments and event.environment not in rules.environments:
        return False
    if not rules.ignore:
        return True
    if event.exceptions:
        last = event.exceptions[-1]
        text = f"{last.type}: {last.value[:_LOOKED_AT]}"
    else:
        text = event.message[:_LOOKED_AT]
    text = line(text[:_LOOKED_AT])
    return not any(pattern(one).search(text) for one in rules.ignore)
