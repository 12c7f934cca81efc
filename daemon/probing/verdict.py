"""What a row of readings adds up to: so many bad ones of so many are down, so many good ones are up again."""

from collections.abc import Callable, Sequence

import msgspec

from daemon.reading import Health
from daemon.units import MOST_OF, Quorum

MOST_RELAPSES = 4  # that are counted: sixteen times as much is asked of one that flaps, and no more

_RANK = {Health.UP: 0, Health.DEGRADED: 1, Health.DOWN: 2}

Counted = tuple[float, Health]  # when a reading was taken, and what it said


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """How many readings make a verdict."""

    fail: Quorum
    recover: Quorum
    steady: float  # seconds it must stay up, or more is asked of it the next time; 0 is never


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict, and the readings since it changed, which lead to the next one."""

    verdict: Health = Health.UNKNOWN
    since: float | None = None  # when the first reading was taken of those that led to it
    recent: tuple[Counted, ...] = ()
    up_since: float | None = None  # when it last came up
    relapses: int = 0  # how often in turn it went down again before it was steady
    last_well: float | None = None  # when a reading was last well
    unseen: int = 0  # how many looks running saw nothing
    was_degraded: bool = True  # since it was up before this, as far as is known: the alarm that it is may be open

    def asked(self, rule: Rule) -> Quorum:
        """How many good readings it takes now."""
        return rule.recover.times(2**self.relapses)


def resumed(course: Course) -> Course:
    """A course that another process left. Nobody knows what that one still told: all is told again where it is so."""
    return msgspec.structs.replace(course, unseen=0, was_degraded=True)


def interrupted(course: Course) -> Course:
    """The readings before and after a time of which nothing is known do not add up."""
    return msgspec.structs.replace(course, recent=())


def shifted(course: Course, by: float) -> Course:
    """After the clock was set, or stood still while the machine slept: how long ago things were stays as it is."""
    recent = tuple((at + by, health) for at, health in course.recent)
    up_since = None if course.up_since is None else course.up_since + by
    return msgspec.structs.replace(course, recent=recent, up_since=up_since)


def judge(course: Course, health: Health, rule: Rule, at: float) -> Course:
    """Add what a reading at `at` said. One that saw nothing changes nothing but how often that was so."""
    if health is Health.UNKNOWN:
        return msgspec.structs.replace(course, unseen=min(course.unseen + 1, MOST_OF))
    recent = (*course.recent, (at, health))[-MOST_OF:]
    recover = course.asked(rule)
    found = _worse(course.verdict, recent, rule.fail) or _better(course.verdict, recent, recover)
    most = max(rule.fail.of, recover.of)
    course = msgspec.structs.replace(
        course, unseen=0, recent=recent[-most:], last_well=at if health is Health.UP else course.last_well
    )
    return _turned(course, *found, rule) if found else course


def contradicts(health: Health, verdict: Health) -> bool:
    """Whether a reading speaks against a verdict: well against a bad one, or worse against the best."""
    return health is not Health.UP if verdict is Health.UP else _RANK[health] < _RANK[verdict]


def may_turn_since(course: Course, rule: Rule) -> float | None:
    """From when on it may yet be otherwise: a verdict turned by readings to come begins then at the earliest.

    None while that can only be when one of those is taken.
    """
    rank = 0 if course.verdict is Health.UNKNOWN else _RANK[course.verdict]
    worse = (at for at, health in _before(course.recent, rule.fail) if _RANK[health] > rank)
    better = (at for at, health in _before(course.recent, course.asked(rule)) if _RANK[health] < rank)
    if course.verdict is Health.UNKNOWN:  # up is no better than that, but it is known
        better = (at for at, health in _before(course.recent, course.asked(rule)) if health is Health.UP)
    return min((*worse, *better), default=None)


def _before(recent: Sequence[Counted], quorum: Quorum) -> Sequence[Counted]:
    """The readings that are still counted when the next one is."""
    return recent[-(quorum.of - 1) :] if quorum.of > 1 else ()


def _worse(verdict: Health, recent: Sequence[Counted], fail: Quorum) -> tuple[Health, float] | None:
    """The worst that enough of the last readings agree on, and when the first of those was taken."""
    for level in (Health.DOWN, Health.DEGRADED):
        if verdict is not Health.UNKNOWN and _RANK[level] <= _RANK[verdict]:
            return None
        since = _agreed(recent, fail, lambda one, level=level: _RANK[one] >= _RANK[level])  # type: ignore[misc]
        if since is not None:
            return level, since
    return None


def _better(verdict: Health, recent: Sequence[Counted], recover: Quorum) -> tuple[Health, float] | None:
    """The best that enough of the last readings agree on; nothing is known to be better than unknown but up."""
    for level in (Health.UP,) if verdict is Health.UNKNOWN else (Health.UP, Health.DEGRADED):
        if verdict is not Health.UNKNOWN and _RANK[level] >= _RANK[verdict]:
            return None
        since = _agreed(recent, recover, lambda one, level=level: _RANK[one] <= _RANK[level])  # type: ignore[misc]
        if since is not None:
            return level, since
    return None


def _agreed(recent: Sequence[Counted], quorum: Quorum, says: Callable[[Health], bool]) -> float | None:
    """When the first of the readings that agree was taken, if they are enough."""
    agreeing = [at for at, health in recent[-quorum.of :] if says(health)]
    return agreeing[0] if len(agreeing) >= quorum.count else None


def _turned(course: Course, verdict: Health, since: float, rule: Rule) -> Course:
    """Go over to another verdict; what led to it does not count for the next one."""
    relapses, up_since = course.relapses, course.up_since
    if verdict is Health.UP:
        up_since = since
    elif course.verdict is Health.UP and up_since is not None:
        relapses = min(relapses + 1, MOST_RELAPSES) if since - up_since < rule.steady else 0
    was_degraded = course.verdict is Health.DEGRADED or (course.was_degraded and course.verdict is not Health.UP)
    return msgspec.structs.replace(
        course,
        verdict=verdict,
        since=since,
        recent=(),
        relapses=relapses,
        up_since=up_since,
        was_degraded=was_degraded,
    )
