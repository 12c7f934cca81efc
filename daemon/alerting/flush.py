"""One group at one of its ticks: what mutes its members, what is news for its receiver, and when to look again."""

from collections.abc import Sequence

import msgspec

from daemon.alert import Alert
from daemon.alerting import ladder, mute, notify, post, storm, tick
from daemon.alerting.draft import Draft
from daemon.alerting.mute import Cause, Muted
from daemon.alerting.route import REPEAT, Node
from daemon.alerting.rules import Rules
from daemon.config.audience import Leg, Receiver
from daemon.event import Severity, State
from daemon.notice import Reason
from daemon.store import acks, escalations, flaps, groups, notices, silences
from daemon.store.alerts import Step
from daemon.store.base import Tx
from daemon.store.groups import Group, Member, Told

NEVER = float("inf")


class Flushed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a flush: who was told of what, for metrics and the log."""

    group: str
    receiver: str
    told: list[tuple[Reason, str]]  # why, and the code of the alert that stands first
    unheard: list[tuple[Alert, str]] = []  # what fires and was to be told, but there was nobody, and why


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A group's members as its receiver is to see them. Each problem is in it once, as its last episode stands."""

    firing: list[Alert]
    resolved: list[Alert]
    muted: list[tuple[Alert, Muted]]
    flapping: list[Alert]  # of those muted because they flap, the ones that this group was not told of
    left: list[Alert]  # open, and routed elsewhere by now
    gone: list[int]  # ids of episodes that a later one of the same problem follows

    @property
    def over(self) -> list[Alert]:
        """Everything that ended, told or not; the end of what flaps is told once it has settled."""
        ended = (alert for alert, why in self.muted if alert.state is State.RESOLVED and not why.passes)
        return [*self.resolved, *ended]

    @property
    def waits(self) -> bool:
        """Whether something muted stays in the group, and is to be looked at again."""
        return any(alert.state is State.FIRING or why.passes for alert, why in self.muted)

    @property
    def comes_and_goes(self) -> bool:
        """Whether something flaps that is to be told once it has settled."""
        return any(why.passes for _, why in self.muted)

    @property
    def is_empty(self) -> bool:
        """Whether nothing stays in the group."""
        return not (self.firing or self.left or self.waits)


def flush(tx: Tx, group: Group, rules: Rules, now: float, draft: Draft | None = None) -> Flushed:
    """Flush one group at `now`. `draft` is what the same transaction has decided before."""
    return _Flush(tx, group, rules, now, draft or Draft()).done()


class _Flush:
    """One group at one instant."""

    def __init__(self, tx: Tx, group: Group, rules: Rules, now: float, draft: Draft) -> None:
        self._tx = tx
        self._group = group
        self._rules = rules
        self._now = now
        self._draft = draft
        self._node = rules.node(group.node, group.receiver)
        self._receiver = rules.settings.receivers.get(group.receiver)
        self._in_hand = False
        self._told: list[tuple[Reason, str]] = []
        self._unheard: list[tuple[Alert, str]] = []

    def done(self) -> Flushed:
        """Name every station: look at the members, tell each kind of leg, let go of what is over, set the next tick."""
        view = self._look()
        # While all that fires is in hand, nobody is told again what they know.
        self._in_hand = acks.cover(self._tx, [alert.id for alert in view.firing])
        kinds = _kinds_of_leg(self._receiver)
        repeat_at = min(self._tell_legs(view, legs, of_ends=of_ends) for of_ends, legs in kinds)
        if not any(of_ends for of_ends, _ in kinds):
            self._tell_escalated(view)
        if len(kinds) == 1 and self._group.flushed_at is not None:
            groups.untell(self._tx, self._group.id, of_ends=not kinds[0][0])  # nobody would note an end there
        for alert in view.flapping:
            flaps.tell(self._tx, alert.fingerprint, self._group.id)
        for alert_id in [*view.gone, *(alert.id for alert in view.over)]:
            groups.drop(self._tx, self._group.id, alert_id)
        next_at = _next_tick(self._group, self._node, view, repeat_at, self._now)
        groups.flushed(self._tx, self._group, self._now, next_at, empty=view.is_empty)
        return Flushed(group=self._group.code, receiver=self._group.receiver, told=self._told, unheard=self._unheard)

    def _look(self) -> View:
        """Sort the members by what is to be told of them, and note what mutes them."""
        latest: dict[str, Member] = {}
        view = View(firing=[], resolved=[], muted=[], flapping=[], left=[], gone=[])
        for member in self._draft.members(self._tx, self._group.id):
            if (earlier := latest.get(member.alert.fingerprint)) is not None:
                view.gone.append(earlier.alert.id)
            latest[member.alert.fingerprint] = member
        desk = mute.Desk(self._tx, self._node, self._rules, self._now) if self._node is not None else None
        for member in latest.values():
            alert = member.alert
            muted = desk.why(alert) if desk is not None else None
            self._note(member, muted)
            if muted is not None:
                view.muted.append((alert, muted))
                if desk is not None and muted.cause is Cause.FLAPPING and desk.is_untold(alert, self._group.id):
                    view.flapping.append(alert)
            elif alert.state is State.RESOLVED:
                view.resolved.append(alert)
            else:
                (view.left if member.leaving or desk is None else view.firing).append(alert)
        return view

    def _note(self, member: Member, muted: Muted | None) -> None:
        """Write into the trace that something began or ceased to mute a member; count what a silence hides."""
        if muted is not None and muted.silence:
            silences.hid(self._tx, muted.silence, member.alert.id, self._now)
        why = str(muted or "")
        if why != member.muted:
            groups.note_muted(self._tx, self._group.id, member.alert.id, why)
            verdict, detail = (muted.cause, muted.detail) if muted else ("no_longer", "")
            step = Step(stage="mute", verdict=verdict, detail=detail)
            self._draft.record(self._tx, member.alert.id, [self._here, step], self._now)

    def _tell_legs(self, view: View, legs: Sequence[Leg], *, of_ends: bool) -> float:
        """Tell these legs what is news for them; return when what fires is to be repeated."""
        before = self._draft.told(self._tx, self._group.id, of_ends=of_ends)
        severities = {alert.fingerprint: alert.severity for alert in view.firing}
        over = {alert.fingerprint for alert in view.resolved}
        repeat_at = NEVER if self._in_hand else _repeat_at(before, self._node)
        reason = notify.reason(before, severities, over, of_ends=of_ends, repeat_at=repeat_at, now=self._now)
        if reason is Reason.ALL_RESOLVED and view.comes_and_goes:
            reason = Reason.SOME_RESOLVED
        if reason is not None:
            self._tell(view, before, reason, legs)
        if view.flapping:
            self._tell_flapping(view, legs)
        after = told_after(before, view, severities, reason, self._now)
        if after is not None and after != before:
            groups.tell(self._tx, self._group.id, after, of_ends=of_ends)
        ladder.told(self._tx, self._group, after.firing if after else (), view.firing, self._now)
        return _repeat_at(after, self._node) if view.firing and not self._in_hand else NEVER

    def _tell(self, view: View, before: Told | None, reason: Reason, legs: Sequence[Leg]) -> None:
        known = set() if before is None else {*before.firing, *before.aside}
        resolved = [alert for alert in view.resolved if alert.fingerprint in known]
        firing = [*view.firing, *(alert for alert in view.left if alert.fingerprint in known)]
        news = [alert for alert in firing if _is_news(alert, before)]
        self._say(firing, resolved, reason, legs, [*news, *resolved])

    def _tell_escalated(self, view: View) -> None:
        """None of the receiver's own legs hears of ends; whoever was told by a step does."""
        over = [one for one in view.resolved if escalations.over(self._tx, self._group.id, [one.fingerprint])]
        if over:
            is_all = not (view.firing or view.comes_and_goes)
            self._say(view.firing, over, Reason.ALL_RESOLVED if is_all else Reason.SOME_RESOLVED, [], over)

    def _tell_flapping(self, view: View, legs: Sequence[Leg]) -> None:
        """Say once that these come and go."""
        firing = [alert for alert in view.flapping if alert.state is State.FIRING]
        resolved = [alert for alert in view.flapping if alert.state is State.RESOLVED]
        self._say(firing, resolved, Reason.FLAPPING, legs, view.flapping)

    def _say(
        self, firing: list[Alert], resolved: list[Alert], reason: Reason, legs: Sequence[Leg], news: list[Alert]
    ) -> None:
        """Write the notice and its deliveries, or keep it for a digest; that goes into the trace of what is news.

        What fires and reaches nobody is noted, with the reason; a receiver without legs is silent by choice.
        """
        group = self._group
        notice = notices.add(
            self._tx, firing, resolved, group.receiver, reason, self._now, group_id=group.id, labels=group.labels
        )
        if self._receiver is None:  # told by an older configuration, which had such a receiver
            outcome = [Step(stage="outbox", verdict="receiver_gone", detail=group.receiver)]
        elif storm.holds(self._tx, notice, self._receiver, self._now):
            outcome = [Step(stage="storm", verdict="held", detail=f"for the next digest to {group.receiver}")]
        else:
            outcome = post.post(self._tx, notice, legs, self._rules, self._now, group_id=group.id)
        steps = [self._here, Step(stage="notify", verdict=reason, detail=group.receiver), *outcome]
        told = [] if reason is Reason.FLAPPING else resolved  # what flaps is not over until it has settled
        if told and (escalated := ladder.also(self._tx, group, told, legs, self._rules)):
            steps += post.post(self._tx, notice, escalated, self._rules, self._now, group_id=group.id)
        for alert in news or [notice.alert]:
            self._draft.record(self._tx, alert.id, steps, self._now)
        self._told.append((reason, notice.alert.code))
        self._unheard += post.unheard(notice, legs, outcome)

    @property
    def _here(self) -> Step:
        return Step(stage="group", verdict=self._group.code, detail=self._group.receiver)


def told_after(
    before: Told | None, view: View, severities: dict[str, Severity], reason: Reason | None, now: float
) -> Told | None:
    """What the receiver knows after the flush; None when it knows nothing and there is nothing to know.

    What was told to flap is set aside: as it stands once it has settled it is news, be it there or over.
    """
    over = {alert.fingerprint for alert in view.over}
    flapping = [alert.fingerprint for alert in view.flapping]
    if before is None and reason is None and not flapping:
        return None
    known = dict.fromkeys([*before.firing, *before.aside] if before else [])
    if reason is None:
        at, firing = before.at if before else now, before.firing if before else {}
    else:
        left = {alert.fingerprint: alert.severity for alert in view.left if alert.fingerprint in known}
        at, firing = now, severities | left
    firing = {one: severity for one, severity in firing.items() if one not in over and one not in flapping}
    aside = [one for one in known | dict.fromkeys(flapping) if one not in firing and one not in over]
    return Told(at=at, firing=firing, aside=aside)


def _is_news(alert: Alert, before: Told | None) -> bool:
    told = before.firing.get(alert.fingerprint) if before else None
    return told is None or alert.severity.urgency < told.urgency


def _kinds_of_leg(receiver: Receiver | None) -> list[tuple[bool, list[Leg]]]:
    """The legs that hear of ends and those that do not: each kind is told by itself. A lost receiver has none."""
    legs = receiver.notify if receiver else ()
    kinds = [(of_ends, [leg for leg in legs if leg.send_resolved is of_ends]) for of_ends in (True, False)]
    return [kind for kind in kinds if kind[1]] or [(True, [])]


def _repeat_at(told: Told | None, node: Node | None) -> float:
    if told is None or not told.firing:
        return NEVER
    return told.at + (node.repeat if node else REPEAT)


def _next_tick(group: Group, node: Node | None, view: View, repeat_at: float, now: float) -> float | None:
    """When something can have changed without news: at every tick while something is muted, else for the repeat."""
    if node is None:
        return None
    began = now if group.began_at is None else group.began_at
    soonest = tick.after(began, node.interval, now)
    if view.waits:
        return soonest
    return max(soonest, tick.at_or_after(began, node.interval, repeat_at)) if repeat_at < NEVER else None
