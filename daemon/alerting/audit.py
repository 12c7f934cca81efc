"""Has every open alert its next instant? What has not is mended where that can be done, and told in an alarm."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from daemon.alerting import gather, ladder
from daemon.alerting.draft import Draft
from daemon.alerting.rules import Rules
from daemon.clock import Clock
from daemon.event import State
from daemon.internal import Alarm, AlarmOver, Check
from daemon.store import acks, alerts, audits, escalations, groups, timers
from daemon.store.alerts import Step
from daemon.store.audits import Late, Resting
from daemon.store.base import Store, Tx
from daemon.store.timers import Kind
from daemon.units import spoken

log = logging.getLogger("tocsin.alerting")

LATE = 300.0  # seconds after which what is due should have been done, whatever else there was to do
MOST = 500  # rows of one kind that are looked at in one go
NAMED = 20  # findings that the alarm names


class Gap(StrEnum):
    """What is wrong with a row."""

    OUTSIDE = "is in no group, so nobody would be told"
    NO_TICK = "waits for its group, which has no next instant"
    LATE = "was due long ago"
    ACK_UNSET = "is acknowledged, but nothing ends that"
    ACK_OVER = "is over, but still acknowledged"
    STEP_UNSET = "has an escalation without a valid next instant"
    STEP_OVER = "is over, but still escalates"
    UNCOUNTED = "was told, but its escalation does not count from that"
    STRAY = "is a timer of something that is not there"


class Finding(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One of them: the row it is about, and how people call that."""

    gap: Gap
    ref: int
    name: str  # A17, G3, or the kind of a timer
    alert_id: int = 0

    def __str__(self) -> str:
        return f"{self.name} {self.gap.value}"


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """What the store holds that looks as if something were missing."""

    outside: list[int] = []
    resting: list[Resting] = []
    late: list[Late] = []
    unset_acks: list[int] = []
    acks_of_ended: list[int] = []
    stuck: list[tuple[int, int]] = []  # an escalation and its alert
    escalating_ended: list[int] = []
    uncounted: list[tuple[int, int]] = []  # an alert, and the group that has told it
    stray: list[tuple[str, int]] = []


def rows(tx: Tx, now: float) -> Rows:
    """Read them."""
    return Rows(
        outside=audits.outside(tx, MOST),
        resting=audits.resting(tx, MOST),
        late=audits.late(tx, now - LATE, MOST),
        unset_acks=audits.unset_acks(tx, MOST),
        acks_of_ended=audits.acks_of_ended(tx, MOST),
        stuck=[(one.id, one.alert_id) for one in audits.stuck_ladders(tx, now, MOST)],
        escalating_ended=audits.ladders_of_ended(tx, MOST),
        uncounted=audits.uncounted(tx, MOST),
        stray=audits.stray_timers(tx, MOST),
    )


def findings(found: Rows, has_route: Callable[[Resting], bool]) -> set[Finding]:
    """What of these rows is wrong. `has_route` says whether the configuration still has a group's route."""
    said = [_of_alert(Gap.OUTSIDE, alert_id) for alert_id in found.outside]
    said += [
        Finding(gap=Gap.NO_TICK, ref=one.group.id, name=f"A{alert_id} in {one.group.code}", alert_id=alert_id)
        for one in found.resting
        if (alert_id := waiting(one, has_route=has_route(one)))
    ]
    said += [
        Finding(gap=Gap.LATE, ref=one.ref, name=f"G{one.ref}" if one.what == audits.GROUP else f"{one.what} {one.ref}")
        for one in found.late
    ]
    said += [_of_alert(Gap.ACK_UNSET, alert_id) for alert_id in found.unset_acks]
    said += [_of_alert(Gap.ACK_OVER, alert_id) for alert_id in found.acks_of_ended]
    said += [_of_alert(Gap.STEP_UNSET, alert_id, ref) for ref, alert_id in found.stuck]
    said += [_of_alert(Gap.STEP_OVER, alert_id) for alert_id in found.escalating_ended]
    said += [_of_alert(Gap.UNCOUNTED, alert_id, group_id) for alert_id, group_id in found.uncounted]
    known = {ref for ref, _ in found.stuck}  # whose timer is set anew
    said += [
        Finding(gap=Gap.STRAY, ref=ref, name=kind)
        for kind, ref in found.stray
        if kind != Kind.ESCALATION or ref not in known
    ]
    return set(said)


def waiting(one: Resting, *, has_route: bool) -> int:
    """The first alert for which a group without an instant needs one; 0 when it may rest.

    What was told of an alert that nobody has in hand is repeated one day; what is muted may cease to be; what is over
    is to be told. A group whose route is gone only waits for ends.
    """
    for member in one.members:
        if member.state is State.RESOLVED:
            return member.alert_id
    if not has_route:
        return 0
    staying = [member for member in one.members if not member.leaving]
    in_hand = all(member.is_acked for member in staying if not member.is_muted)
    for member in staying:
        if member.is_muted or not member.is_told or not in_hand:
            return member.alert_id
    return 0


def mend(tx: Tx, found: Iterable[Finding], rules: Rules, now: float) -> None:
    """Give each what it lacks."""
    for finding in found:
        _MEND[finding.gap](tx, finding, rules, now)
        if finding.alert_id:
            step = Step(stage="audit", verdict="mended", detail=finding.gap.value)
            alerts.record(tx, finding.alert_id, [step], now)


class Auditor:
    """Looks every minute. What it finds twice in a row was not just being done: that it mends, and tells."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        rules: Callable[[], Rules],
        alarm: Alarm,
        over: AlarmOver,
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._alarm = alarm
        self._over = over
        self._before: set[Finding] = set()
        self._is_told = False

    def look(self) -> list[Finding]:
        """Look once; return what was wrong twice in a row. Raises StoreError."""
        rules, now = self._rules(), self._clock.now()
        found = self._store.read(lambda tx: rows(tx, now))
        seen = findings(found, lambda one: rules.node(one.group.node, one.group.receiver) is not None)
        lasting, self._before = sorted(seen & self._before), seen
        if lasting:
            self._tell(lasting)
            self._store.write(lambda tx: mend(tx, lasting, rules, now))
        elif self._is_told and not seen:
            self._is_told = False
            self._over(Check.AUDIT)
        return lasting

    def _tell(self, found: Sequence[Finding]) -> None:
        """Say it before it is mended: that may fail."""
        for finding in found[:NAMED]:
            log.error("audit: %s", finding)
        more = [f"and {len(found) - NAMED} more"] if len(found) > NAMED else []
        late = any(finding.gap is Gap.LATE for finding in found)
        title = f"{len(found)} things in tocsin's store have no valid next instant"
        said = [str(finding) for finding in found[:NAMED]] + more
        said.append("What was missing has been set anew; what was due is told late.")
        if late:
            said.append(f"Something has been due for more than {spoken(LATE)}: look for errors in tocsin's log.")
        self._is_told = True
        self._alarm(Check.AUDIT, title=title, text="\n".join(said))


def _of_alert(gap: Gap, alert_id: int, ref: int = 0) -> Finding:
    return Finding(gap=gap, ref=ref or alert_id, name=f"A{alert_id}", alert_id=alert_id)


def _gather(tx: Tx, finding: Finding, rules: Rules, now: float) -> None:
    alert = alerts.get(tx, finding.ref)
    if alert is not None and alert.state is State.FIRING:
        draft = Draft()
        news = gather.gathered(tx, alert, rules, now, draft)
        ladder.begin(tx, alert, news, rules, draft, is_new=not escalations.of_alert(tx, alert.id))
        draft.write(tx, now)


def _flush_soon(tx: Tx, finding: Finding, _rules: Rules, now: float) -> None:
    group = groups.get(tx, finding.ref)
    if group is not None:
        groups.schedule(tx, group, now)


def _set_ack(tx: Tx, finding: Finding, _rules: Rules, _now: float) -> None:
    ack = acks.get(tx, finding.ref)
    if ack is not None:
        acks.put(tx, ack)


def _drop_ack(tx: Tx, finding: Finding, _rules: Rules, _now: float) -> None:
    acks.drop(tx, finding.ref)


def _set_step(tx: Tx, finding: Finding, _rules: Rules, now: float) -> None:
    """When it was due cannot be known any more: no later than if it were counted from now, and not in the past."""
    one = escalations.get(tx, finding.ref)
    if one is None or one.since is None or one.is_done:
        return
    since = min(one.since, now)
    due = max(now, since + one.steps[one.step].after)
    latest = now + ladder.gap(one.steps, one.step)
    escalations.put(tx, msgspec.structs.replace(one, since=since, next_at=min(due, latest)))


def _end_steps(tx: Tx, finding: Finding, _rules: Rules, _now: float) -> None:
    ladder.ended(tx, finding.ref)


def _drop_timer(tx: Tx, finding: Finding, _rules: Rules, _now: float) -> None:
    timers.drop(tx, finding.name, finding.ref)


def _leave(_tx: Tx, _finding: Finding, _rules: Rules, _now: float) -> None:
    """What is only late is the agenda's."""


_MEND: Mapping[Gap, Callable[[Tx, Finding, Rules, float], None]] = {
    Gap.OUTSIDE: _gather,
    Gap.NO_TICK: _flush_soon,
    Gap.LATE: _leave,
    Gap.ACK_UNSET: _set_ack,
    Gap.ACK_OVER: _drop_ack,
    Gap.STEP_UNSET: _set_step,
    Gap.STEP_OVER: _end_steps,
    Gap.UNCOUNTED: _flush_soon,
    Gap.STRAY: _drop_timer,
}
