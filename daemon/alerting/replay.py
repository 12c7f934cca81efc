"""Alerts that there were, once more through the pipeline: on an empty store, time turned by hand, told to nobody."""

import heapq
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from daemon.alert import Alert
from daemon.alerting import due, pipeline
from daemon.alerting.rules import Rules
from daemon.config.settings import Settings
from daemon.event import Event, State
from daemon.store import overrides, replays, silences
from daemon.store.base import Tx
from daemon.store.overrides import StoredOverride
from daemon.store.replays import Heard, Past
from daemon.store.silences import Silence

MOST_STEPS = 200_000  # events and instants at which something was due: repeats of thousands for weeks are without end
AT_ONCE = 100


# The values below are thousands at once and hold no cycles: `gc=False` keeps the collector, which stops everybody, from
# walking over them again and again.


class What(StrEnum):
    """What happened to an alert."""

    BEGAN = "began"
    WORSE = "worse"
    ENDED = "ended"


class Happening(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event of an alert that there was."""

    at: float
    what: What
    alert: Alert  # as it stood


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What would have been told, by the id of the alert that there was."""

    heard: dict[int, Heard]
    notices: int
    messages: int
    cut_at: float | None  # the instant at which it was given up; None when it came to its end


class Replay:
    """One configuration's way through it. Runs in turns, so that nobody else has to wait."""

    def __init__(
        self,
        settings: Settings,
        past: Sequence[Past],
        quiet: Sequence[Silence],
        covers: Sequence[StoredOverride],
        until: float,
    ) -> None:
        self._settings = settings
        self._past = past
        self._silences = quiet
        self._covers = covers
        self._now = self._until = until
        self._next = 0
        self._told = 0  # the last notice that was sent
        self._steps = 0
        self._was: dict[int, int] = {}  # the alert's id here -> its id there
        self._done = False

    def prepare(self, tx: Tx) -> None:
        """Put there what held at the time: silences, and who took over in schedules. To be called once, and first."""
        self._rules = Rules(self._settings)
        self._happenings = happenings(self._past, self._until)
        if self._happenings:
            self._now = self._happenings[0].at
        for silence in self._silences:
            silences.add(tx, msgspec.structs.replace(silence, id=0))
        for one in self._covers:
            overrides.add(
                tx, one.schedule, one.who, one.starts_at, one.ends_at, one.author, one.comment, one.created_at
            )

    def turn(self, tx: Tx, steps: int) -> bool:
        """Go on for so many steps; say whether it has come to its end."""
        for _ in range(steps):
            if self._done or self._steps >= MOST_STEPS:
                return True
            self._steps += 1
            self._step(tx)
        return self._done

    def result(self, tx: Tx) -> Result:
        """What has come of it."""
        heard = {self._was[here]: what for here, what in replays.heard(tx).items() if here in self._was}
        notices, messages = replays.totals(tx)
        return Result(heard=heard, notices=notices, messages=messages, cut_at=None if self._done else self._now)

    def _step(self, tx: Tx) -> None:
        """The next thing: an event, or what is due before it."""
        happening = self._happenings[self._next] if self._next < len(self._happenings) else None
        end = happening.at if happening else self._until
        instant = due.next_due(tx)
        if instant is not None and instant <= end:
            self._now = max(self._now, instant)
            due.do_due(tx, self._rules, self._now, AT_ONCE)
        elif happening is not None:
            self._now = max(self._now, happening.at)
            self._take(tx)
        else:
            self._done = True
        self._told = replays.sent_at_once(tx, self._told, self._now)

    def _take(self, tx: Tx) -> None:
        """Everything that happened at the same instant, as if it had come in one body."""
        begin, at = self._next, self._happenings[self._next].at
        while self._next < len(self._happenings) and self._happenings[self._next].at == at:
            self._next += 1
        together = self._happenings[begin : self._next]
        outcome = pipeline.accept(tx, [_event(one) for one in together], self._rules, self._now)
        for happening, accepted in zip(together, outcome.accepted, strict=True):
            if happening.what is What.BEGAN and accepted.code:
                self._was.setdefault(int(accepted.code[1:]), happening.alert.id)


def _event(happening: Happening) -> Event:
    alert = happening.alert
    return Event(
        source=alert.source,
        key=alert.key or alert.fingerprint,  # what its labels were when they made the key is not known any more
        state=State.RESOLVED if happening.what is What.ENDED else State.FIRING,
        severity=alert.severity,
        title=alert.title,
        labels=alert.labels,
        started_at=alert.started_at,
        ended_at=alert.ended_at,
    )


def happenings(past: Sequence[Past], until: float) -> list[Happening]:
    """Everything that happened to them, in order; of what happened at one instant the older alert's comes first.

    Sorting thousands at once would hold up everybody: each kind is nearly in order already.
    """
    kinds: list[list[Happening]] = [[], [], []]
    for one in sorted(past, key=lambda each: each.alert.id):
        began, worse, ended = kinds
        began.append(Happening(at=one.first.first_seen, what=What.BEGAN, alert=one.first))
        if one.worse_at is not None:
            worse.append(Happening(at=one.worse_at, what=What.WORSE, alert=one.alert))
        if one.alert.state is State.RESOLVED:
            ended.append(Happening(at=one.alert.last_seen, what=What.ENDED, alert=one.alert))
    for kind in kinds:
        kind.sort(key=_place)
    return [one for one in heapq.merge(*kinds, key=_place) if one.at <= until]


def _place(happening: Happening) -> tuple[float, int]:
    return happening.at, happening.alert.id


class Difference(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One alert of which others would hear, or that would be told more or less often."""

    code: str
    title: str
    receivers: tuple[list[str], list[str]]  # by the configuration in force, by the other one
    people: tuple[list[str], list[str]]
    notices: tuple[int, int]

    @property
    def hears_less(self) -> bool:
        """Whether nobody would hear of it any more."""
        return bool(self.people[0]) and not self.people[1]


def differences(past: Sequence[Past], before: Mapping[int, Heard], after: Mapping[int, Heard]) -> list[Difference]:
    """Compare alert by alert; those of which nobody would hear any more come first, then those with other people."""
    found = []
    for one in past:
        old, new = (side.get(one.alert.id, Heard()) for side in (before, after))
        if old != new:
            found.append(
                Difference(
                    code=one.alert.code,
                    title=one.alert.title,
                    receivers=(sorted(old.receivers), sorted(new.receivers)),
                    people=(sorted(old.people), sorted(new.people)),
                    notices=(sum(old.receivers.values()), sum(new.receivers.values())),
                )
            )
    return sorted(
        found,
        key=lambda one: (not one.hears_less, one.people[0] == one.people[1], one.receivers[0] == one.receivers[1]),
    )
