"""Somebody takes an alert on for a while: what that stops, the reminder before its end, and the end."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import islice

import msgspec

from daemon.alert import Alert
from daemon.alerting import beside, ladder, tick
from daemon.alerting.flush import Flushed
from daemon.alerting.rules import Rules
from daemon.clock import Clock
from daemon.config.answers import Acknowledge
from daemon.config.audience import Leg
from daemon.config.escalations import told
from daemon.config.targets import everyone
from daemon.event import State
from daemon.notice import Reason
from daemon.store import acks, alerts, groups, memberships
from daemon.store.acks import Ack
from daemon.store.alerts import Step
from daemon.store.base import Store, Tx
from daemon.store.groups import Group, Told
from daemon.units import Seconds, seconds, spoken

STAGE = "ack"
LEAST = 60.0  # seconds that one lasts
LONGEST_NAME, LONGEST_COMMENT, LONGEST_TIME = 64, 500, 40  # characters
AT_ONCE = 500  # acknowledgements that end in one transaction


class Refused(StrEnum):
    """Why an alert cannot be acknowledged, or let go of."""

    UNKNOWN = "there is no such alert"
    OVER = "it is over"
    FREE = "nobody has acknowledged it"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to take an alert on, for how many seconds, and by which way they say so."""

    author: str
    lasting: float
    comment: str = ""
    via: str = ""


def lasting(wanted: str | float | None, settings: Acknowledge) -> Seconds:
    """Read for how long; nothing is the usual time. ValueError says what would be right."""
    if isinstance(wanted, str) and len(wanted) > LONGEST_TIME:
        raise ValueError("that is no duration: write for example 30m or 4h")
    found = settings.for_ if wanted is None or wanted == "" else seconds(wanted)
    if found < LEAST:
        raise ValueError(f"an acknowledgement lasts at least {spoken(LEAST)}")
    if found > settings.most:
        raise ValueError(f"an acknowledgement lasts at most {spoken(settings.most)}; it can be prolonged")
    return found


def one_line(text: str, limit: int) -> str:
    """What somebody wrote, as one printable line within bounds."""
    shown = "".join(c if c.isprintable() else " " for c in text[: 4 * limit])
    return " ".join(shown.split())[:limit].strip()


def take(tx: Tx, alert_id: int, wish: Wish, settings: Acknowledge, now: float) -> Ack | Refused:
    """Write down that somebody has it in hand. Whoever says it again prolongs it, or takes it over."""
    alert = alerts.get(tx, alert_id)
    if alert is None or alert.state is State.RESOLVED:
        return Refused.UNKNOWN if alert is None else Refused.OVER
    before = acks.get(tx, alert_id)
    remind_at = now + wish.lasting - settings.remind_before
    ack = Ack(
        alert_id=alert_id,
        author=wish.author,
        comment=wish.comment,
        via=wish.via,
        at=now,
        until=now + wish.lasting,
        remind_at=remind_at if settings.remind_before and remind_at > now else None,
    )
    acks.put(tx, ack)
    verdict = "acknowledged" if before is None else "prolonged" if before.author == ack.author else "taken_over"
    detail = f"by {ack.author} for {spoken(wish.lasting)}, over {ack.via}{ack.comment and f': {ack.comment}'}"
    alerts.record(tx, alert_id, [Step(stage=STAGE, verdict=verdict, detail=detail), *ladder.held(tx, alert_id)], now)
    return ack


def release(tx: Tx, alert_id: int, who: str, rules: Rules, now: float) -> Ack | Refused:
    """Take an acknowledgement back: repeats and escalation go on. Returns what it was."""
    ack = acks.get(tx, alert_id)
    if ack is None:
        return Refused.FREE if alerts.get(tx, alert_id) else Refused.UNKNOWN
    acks.drop(tx, alert_id)
    steps = [Step(stage=STAGE, verdict="taken_back", detail=f"by {who}"), *ladder.resumed(tx, alert_id, now)]
    alerts.record(tx, alert_id, steps, now)
    for group in memberships.staying(tx, alert_id):
        _look_again(tx, group, rules, now)
    return ack


def over(tx: Tx, alert: Alert, steps: list[Step]) -> None:
    """The alert is over: so is whatever anybody said of it, and nobody else is told."""
    if acks.drop(tx, alert.id):
        steps.append(Step(stage=STAGE, verdict="over", detail="with its alert"))
    steps += ladder.ended(tx, alert.id)


def go_off(tx: Tx, alert_id: int, rules: Rules, now: float) -> list[Flushed]:
    """Remind of all acknowledgements that end soon, and end those that are to end; each group is told of its own once.

    The timer may speak of what was dealt with along with another's already.
    """
    said = [*_reminded(tx, rules, now), *_ended(tx, rules, now)]
    left = acks.get(tx, alert_id)
    if left is not None:
        acks.put(tx, left)  # whoever lets a timer go off has taken it away
    return said


def _reminded(tx: Tx, rules: Rules, now: float) -> list[Flushed]:
    by_author: dict[tuple[str, int | None], list[tuple[Ack, Alert, Group | None]]] = {}
    for ack in acks.to_remind(tx, now, AT_ONCE):
        acks.put(tx, msgspec.structs.replace(ack, remind_at=None))
        alert = alerts.get(tx, ack.alert_id)
        group = beside.home(tx, ack.alert_id, None, "")
        if alert is not None and not _is_muted(tx, alert, group, rules, "reminder", now):
            key = ack.author, None if group is None else group.id
            by_author.setdefault(key, []).append((ack, alert, group))
    said = []
    for (author, _), found in by_author.items():
        ack, _, group = found[0]
        receiver = group.receiver if group else rules.root.receiver
        note = f"the acknowledgement of {author} ends in {spoken(ack.until - now)}"
        legs = _legs_of(author, receiver, rules) or _legs(receiver, rules)
        about = [alert for _, alert, _ in found]
        said.append(beside.tell(tx, group, receiver, about, legs, Reason.ACK_ENDING, note, rules, now))
    return said


def _ended(tx: Tx, rules: Rules, now: float) -> list[Flushed]:
    by_group: dict[int, tuple[Group, list[tuple[Ack, Alert]]]] = {}
    for ack in acks.ending(tx, now, AT_ONCE):
        acks.drop(tx, ack.alert_id)
        alert = alerts.get(tx, ack.alert_id)
        if alert is None or alert.state is State.RESOLVED:
            continue
        steps = [Step(stage=STAGE, verdict="ended", detail=f"of {ack.author}"), *ladder.resumed(tx, alert.id, now)]
        alerts.record(tx, alert.id, steps, now)
        for group in memberships.staying(tx, alert.id):
            _look_again(tx, group, rules, now)
            if _knows(tx, group, alert) and not _is_muted(tx, alert, group, rules, "end", now):
                by_group.setdefault(group.id, (group, []))[1].append((ack, alert))
    said = []
    for group, found in by_group.values():
        authors = ", ".join(dict.fromkeys(ack.author for ack, _ in found))
        note = f"the acknowledgement of {authors} has ended"
        about, legs = [alert for _, alert in found], _legs(group.receiver, rules)
        said.append(beside.tell(tx, group, group.receiver, about, legs, Reason.ACK_ENDED, note, rules, now))
        _told_now(tx, group, now)
    return said


def _is_muted(tx: Tx, alert: Alert, group: Group | None, rules: Rules, what: str, now: float) -> bool:
    """Whether something keeps the alert from being told; that goes into its trace."""
    muted = beside.muted(tx, alert, group, rules, now)
    if muted is not None:
        alerts.record(tx, alert.id, [Step(stage=STAGE, verdict=f"{what}_not_told", detail=str(muted))], now)
    return muted is not None


def _knows(tx: Tx, group: Group, alert: Alert) -> bool:
    """Whether the group's receiver has heard of it."""
    kinds = [groups.told(tx, group.id, of_ends=of_ends) for of_ends in (True, False)]
    return any(alert.fingerprint in known.firing for known in kinds if known is not None)


def _told_now(tx: Tx, group: Group, now: float) -> None:
    """The receiver has just heard of the group: what it is told again is counted from here."""
    for of_ends in (True, False):
        known = groups.told(tx, group.id, of_ends=of_ends)
        if known is not None:
            groups.tell(tx, group.id, Told(at=now, firing=known.firing, aside=known.aside), of_ends=of_ends)


def _look_again(tx: Tx, group: Group, rules: Rules, now: float) -> None:
    """Repeats may be due again: have the group looked at with its next tick."""
    node = rules.node(group.node, group.receiver)
    interval, began = (node.interval, group.began_at) if node else (0.0, None)
    groups.schedule(tx, group, now if began is None else tick.at_or_after(began, interval, now))


def _legs(receiver: str, rules: Rules) -> Sequence[Leg]:
    known = rules.settings.receivers.get(receiver)
    return known.notify if known else ()


def _legs_of(author: str, receiver: str, rules: Rules) -> list[Leg]:
    """The ways by which the configuration tells this person anything: the alert's own, else the first of all others."""
    own = [leg for leg in _legs(receiver, rules) if _reaches(leg, author, rules)]
    others = (leg for _, leg in told(rules.settings) if _reaches(leg, author, rules))
    found = own or list(islice(others, 1))
    return list(dict.fromkeys(replace(leg, to=(author,)) for leg in found))


def _reaches(leg: Leg, person: str, rules: Rules) -> bool:
    """Whether the leg may mean this person, and has a way to them."""
    settings = rules.settings
    if not any(person in everyone(target, settings) for target in leg.to) or person not in settings.people:
        return False
    return any(settings.channels[name].sender.address for name in leg.by) and any(
        getattr(settings.people[person], settings.channels[name].sender.address or "name", "") for name in leg.by
    )


class Acks:
    """Acknowledgements as operators make them. All raise StoreUnavailable when nothing could be written."""

    def __init__(self, store: Store, clock: Clock, rules: Callable[[], Rules]) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    @property
    def settings(self) -> Acknowledge:
        """How long they last."""
        return self._rules().settings.acknowledge

    def take(self, alert_id: int, wish: Wish) -> Ack | Refused:
        """Acknowledge an alert."""
        settings, now = self.settings, self._clock.now()
        return self._store.write(lambda tx: take(tx, alert_id, wish, settings, now))

    def release(self, alert_id: int, who: str) -> Ack | Refused:
        """Take an acknowledgement back."""
        rules, now = self._rules(), self._clock.now()
        return self._store.write(lambda tx: release(tx, alert_id, who, rules, now))

    def look(self, alert_id: int) -> tuple[Alert, Ack | None] | None:
        """Find an alert and its acknowledgement."""

        def work(tx: Tx) -> tuple[Alert, Ack | None] | None:
            alert = alerts.get(tx, alert_id)
            return None if alert is None else (alert, acks.get(tx, alert_id))

        return self._store.read(work)
