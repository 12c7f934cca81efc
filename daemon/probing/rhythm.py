"""When one probe looks next: at its beat, at the instants of its cron line, or when its kind wants to; and its rest."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from daemon.calendars.edges import HORIZON, first_change
from daemon.calendars.interval import TimeInterval
from daemon.clock import JUMP
from daemon.config.looking import ProbePlan
from daemon.probing.beat import Beat, beat_of
from daemon.reading import Health, Reading
from daemon.store.pauses import Pause

LONGEST = 60.0  # seconds that are slept at once towards an instant of the wall clock, which may be set meanwhile
SOON = 5.0  # seconds within which one that is called is looked at after a start
LEAST = 1.0  # seconds until the next look that a kind asks for
AGAIN = 60.0  # seconds until it is when tocsin could not see
_TRIES = 60  # times that its hours begin without an instant of its cron line in them
_INSTANT = 1e-3  # seconds, so that what lies on the very instant at which its hours begin is in them
_SPEAKS = 2  # intervals for which a reading says how it is
_PASSED = 100  # instants of a cron line that are counted when they were missed
_FOR_EVER = 86_400.0  # seconds for which it is believed that hours never change, where no change is known
_FAILING = {Health.DOWN, Health.DEGRADED}


class Now(NamedTuple):
    """This instant, by both clocks."""

    mono: float
    wall: float


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What to do now: look or not, whether that counts for the verdict, and how many beats were passed over."""

    looks: bool = False
    counts: bool = True
    skipped: int = 0
    was_set: bool = False  # the wall clock, since the last step; or the machine slept


class Rest(msgspec.Struct, frozen=True, kw_only=True):
    """Why nobody is meant to look, and until when; None where that is not known."""

    pause: Pause | None = None
    until: float | None = None

    def said(self, zone: dt.tzinfo) -> str:
        """Say it to people."""
        until = "" if self.until is None else f" until {dt.datetime.fromtimestamp(self.until, zone):%Y-%m-%d %H:%M %Z}"
        if self.pause is None:
            return f"outside of its active hours{until}"
        comment = f": {self.pause.comment}" if self.pause.comment else ""
        return f"paused by {self.pause.author}{until}{comment}"


class Rhythm:
    """Beats lie on monotonic time; a cron line, active hours and pauses on the wall clock, which may be set."""

    __slots__ = (
        "_again", "_ahead", "_beat", "_called", "_due", "_edge", "_hours", "_is_failing", "_number", "_open", "_plan",
        "_soon", "_was_late", "_was_resting", "pause",
    )  # fmt: skip

    def __init__(
        self, plan: ProbePlan, now: Now, hours: Sequence[TimeInterval] = (), pause: Pause | None = None
    ) -> None:
        self._plan = plan
        self._called = plan.is_called
        self._is_failing = False
        self._ahead = now.wall - now.mono
        self._due: float | None = None  # the next instant of its cron line
        self._beat: Beat | None = None
        self._number = 0  # of the next beat
        self._was_late = False
        self._again: float | None = None  # when its kind wants it, by the wall clock
        self._soon = now.mono + beat_of(plan.name, SOON).offset if self._called else None
        self._was_resting = False
        self.pause = pause
        self.follow(hours)
        self._plan_anew(now)

    def follow(self, hours: Sequence[TimeInterval]) -> None:
        """Go over to these hours in which it looks; without any it always does."""
        self._hours = tuple(hours)
        self._open, self._edge = True, float("-inf")

    def rest(self, wall: float) -> Rest | None:
        """Why nobody is meant to look at this instant."""
        if self.pause is not None and (self.pause.until is None or wall < self.pause.until):
            return Rest(pause=self.pause, until=self.pause.until)
        if self._hours and wall >= self._edge:
            self._open = is_open(self._hours, wall)
            self._edge = _change(self._hours, wall) or wall + _FOR_EVER
        return None if self._open else Rest(until=self._edge)

    def step(self, now: Now) -> Step:
        """Awake at `now`: decide, and go on to what comes next."""
        was_set = self._notice(now)
        if self._was_resting:
            return Step(was_set=was_set)
        counts, skipped = self._at_a_beat(now)
        if self._due is not None and self._plan.firings is not None and now.wall >= self._due:
            passed = len(list(islice(_until(self._plan, self._due, now.wall), _PASSED)))
            self._due = self._plan.firings.after(now.wall)
            counts, skipped = True, skipped + passed
        if self._again is not None and now.wall >= self._again:
            self._again = None
            counts = True
        looks = counts
        if self._soon is not None and now.mono >= self._soon:
            self._soon = None
            looks = True
        return Step(looks=looks, counts=counts, skipped=skipped, was_set=was_set)

    def wake(self, now: Now) -> float:
        """The instant of monotonic time at which to decide again."""
        rest = self.rest(now.wall)
        if rest is not None:
            return now.mono + _nap(rest.until, now.wall)
        instants = [self._soon] if self._soon is not None else []
        if self._beat is not None:
            instants.append(self._beat.due(self._number))
        walls = [one for one in (self._due, self._again, self._edge if self._hours else None) if one is not None]
        if walls or not instants:
            instants.append(now.mono + _nap(min(walls, default=None), now.wall))
        return min(instants)

    def saw(self, reading: Reading, now: Now) -> bool:
        """A look has ended; say whether the next one is at another instant because of it."""
        before = (self._beat, self._again)
        is_failing = self._plan.every_while_failing is not None and reading.health in _FAILING
        if is_failing is not self._is_failing:
            self._is_failing = is_failing
            self._set_beat(now)
        wanted = now.wall + AGAIN if self._called and reading.blind else reading.again_at
        self._again = None if wanted is None else max(wanted, now.wall + LEAST)
        return (self._beat, self._again) != before

    def coming(self, now: Now, most: int) -> list[float]:
        """The next instants of the wall clock at which it looks, or at which one that calls is expected."""
        rest = self.rest(now.wall)
        begin = now.wall
        if rest is not None and rest.pause is not None:
            if rest.until is None:
                return []
            begin = rest.until
        ahead = now.wall - now.mono
        found = set(islice(self._looks(begin, ahead), most))
        if self._beat is not None and rest is None:
            found.add(self._beat.due(self._number) + ahead)
        if self._again is not None and not (self._called and self._plan.firings):
            found.add(max(self._again, begin))
        return sorted(found)[:most]

    def next_due(self, now: Now) -> float | None:
        """When it looks next, by the wall clock."""
        if self._called:
            return self._again
        return next(iter(self.coming(now, 1)), None)

    def _looks(self, at: float, ahead: float) -> Iterator[float]:
        """What its cron line or beat says, and its hours allow; without an end only where they ever agree."""
        missed, number = 0, None
        while missed < _TRIES:
            found: float | None = None
            if self._plan.firings is not None:
                found = self._plan.firings.after(at)
            elif self._beat is not None:
                number = self._beat.after(at - ahead) if number is None else number + 1
                found = self._beat.due(number) + ahead
            if found is None:
                return
            at = found
            if not self._hours or is_open(self._hours, found):
                missed = 0
                yield found
                continue
            opens = _change(self._hours, found)
            if opens is None:
                return
            missed, number = missed + 1, None
            at = opens - _INSTANT

    def _at_a_beat(self, now: Now) -> tuple[bool, int]:
        if self._beat is None or now.mono < self._beat.due(self._number):
            return False, 0
        turn = self._beat.turn(self._number, now.mono, must=self._was_late)
        self._number, self._was_late = turn.then, not turn.is_on_time
        return turn.is_on_time, turn.skipped

    def _notice(self, now: Now) -> bool:
        """See whether it was resting until now, and whether the wall clock was set; return the latter."""
        went = now.wall - now.mono - self._ahead
        self._ahead = now.wall - now.mono
        if abs(went) > JUMP:
            self._edge = float("-inf")
            if self._called:
                self._again, self._soon = None, now.mono
        if went < -JUMP and self._plan.firings is not None:
            self._due = self._plan.firings.after(now.wall)
        is_resting = self.rest(now.wall) is not None
        if self._was_resting and not is_resting:
            self._plan_anew(now)
            self._soon = now.mono if self._called else None
        self._was_resting = is_resting
        return abs(went) > JUMP

    def _plan_anew(self, now: Now) -> None:
        self._due = self._plan.firings.after(now.wall) if self._plan.firings is not None and not self._called else None
        self._set_beat(now)

    def _set_beat(self, now: Now) -> None:
        """The beat that holds now: the quicker one while it fails; with a cron line there is only that one."""
        quick = self._plan.every_while_failing if self._is_failing else None
        has_none = self._called or self._plan.cron is not None
        self._beat = None
        if quick is not None or not has_none:
            self._beat = beat_of(self._plan.name, quick or self._plan.every)
        self._number = self._beat.after(now.mono) if self._beat is not None else 0
        self._was_late = False


def hours_of(plan: ProbePlan, intervals: Mapping[str, TimeInterval]) -> list[TimeInterval]:
    """The intervals in which it looks."""
    return [intervals[name] for name in plan.active if name in intervals]


def speaks_until(plan: ProbePlan, reading: Reading, at: float) -> float:
    """Until when a reading of this instant says how it is: until the next is due, and as long again.

    What one that calls in has said holds until it is missed.
    """
    if plan.is_called:
        return at + plan.every if reading.again_at is None else max(at, reading.again_at) + AGAIN
    following = at + plan.every if plan.firings is None else plan.firings.after(at)
    return at + (_FOR_EVER if following is None else _SPEAKS * (following - at))


def _until(plan: ProbePlan, at: float, end: float) -> Iterator[float]:
    """The instants of its cron line after `at`, up to `end`."""
    while plan.firings is not None and (found := plan.firings.after(at)) is not None and found <= end:
        yield found
        at = found


def _nap(until: float | None, wall: float) -> float:
    return LONGEST if until is None else min(LONGEST, max(0.0, until - wall))


def is_open(hours: Sequence[TimeInterval], at: float) -> bool:
    """Whether it looks at this instant."""
    return any(one.contains(at) for one in hours)


def next_change(hours: Sequence[TimeInterval], at: float, until: float) -> float | None:
    """The next instant before `until` at which they begin or end."""
    inside = is_open(hours, at)
    return first_change(hours, at, until, lambda then: is_open(hours, then) is not inside)


def _change(hours: Sequence[TimeInterval], at: float) -> float | None:
    return next_change(hours, at, at + HORIZON)
