"""One probe's history while it is made."""

from collections.abc import Mapping

from daemon.config.looking import ProbePlan
from daemon.history import incident, phases, same, standing, story
from daemon.history.account import Account, Reached, begun
from daemon.history.batch import Batch
from daemon.history.incident import Incident
from daemon.history.phases import TOTAL
from daemon.history.stretches import Time, Turn, ms
from daemon.history.tally import HEALTHS
from daemon.probing.rhythm import speaks_until
from daemon.probing.verdict import may_turn_since
from daemon.probing.watched import Kept, Watched
from daemon.reading import Health, Reading
from daemon.store.probes import Standing
from daemon.store.turns import COVER, VERDICT

WRITTEN = 60_000  # milliseconds after which it is written down how a probe stands, although nothing has changed

_HEALTH = {health: number for number, health in enumerate(HEALTHS)}
_TIME = {health: Time(health.value) for health in Health}
_BAD = (Health.DOWN, Health.DEGRADED)


class Entry:
    """What is remembered of one probe between two looks."""

    __slots__ = (
        "account", "bad", "cover", "digests", "incident", "is_changed", "kept", "notes", "number", "plan", "told_at",
        "watched", "written_at",
    )  # fmt: skip

    def __init__(self, number: int, plan: ProbePlan, digests: tuple[str, str], account: Account, kept: Kept) -> None:
        self.number = number
        self.plan = plan
        self.digests = digests  # of the settings, and of what is looked at
        self.account = account
        self.kept = kept  # what the scheduler begins with
        self.watched: Watched | None = None  # once it was read
        self.cover: Time | None = None
        self.incident: Incident | None = None
        self.notes = b""
        self.is_changed = False  # since it was written down how it stands
        self.written_at = 0
        self.bad = 0  # failures running
        self.told_at = 0  # when the last story of one was kept

    def saw(self, watched: Watched, reading: Reading, took: float, at: int, batch: Batch) -> None:
        """A reading was taken at this instant, and judged."""
        self.watched = watched
        health = reading.health
        detail = "" if health is Health.UP else incident.short(reading.detail)
        blob = phases.packed(_phases(reading) if reading.by_place else reading.phases)
        batch.readings.append((at, self.number, _HEALTH[health], int(took * 1e6), blob, detail))
        course = watched.course
        verdict = _TIME[course.verdict]
        has_turned = verdict is not self.account.verdict
        open_since = may_turn_since(course, watched.rule)
        turns = self.account.step(
            Reached(
                at=at,
                speaks_until=at if health is Health.UNKNOWN else ms(speaks_until(self.plan, reading, at / 1_000)),
                verdict=verdict,
                since=ms(course.since) if has_turned and course.since is not None else None,
                open_since=None if open_since is None else ms(open_since),
            )
        )
        batch.turn(self.number, VERDICT, turns)
        if has_turned:
            self._turned(course.verdict, at if course.since is None else ms(course.since), reading, batch)
        self._keep_failure(reading, course.verdict, took, at, batch)
        if (
            turns
            or has_turned
            or open_since is not None
            or health is Health.UNKNOWN
            or watched.notes is not self.notes
            or at - self.written_at >= WRITTEN
        ):
            self.is_changed = True
            self.notes = watched.notes

    def resume(self, plan: ProbePlan, now: float, batch: Batch) -> Kept | None:
        """Go on with what is configured now, after a restart or a reload; return what still means something."""
        kept, before = self._kept(), self.digests
        self.plan, self.digests, self.watched = plan, digests(plan), None
        if self.digests[0] == before[0] and standing.is_fresh(kept, plan.interval(now), now):
            self.kept = kept if ms(now) <= self.account.speaks_until else standing.broken_off(kept)
            return self.kept
        batch.turn(self.number, VERDICT, self.account.forget(ms(now)))
        self.is_changed = True
        self.kept = Kept(notes=kept.notes if self.digests[1] == before[1] else b"")
        return self.kept if self.kept.notes else None

    def standing(self, now: int) -> Standing:
        """How it stands, to be written down now."""
        self.is_changed = False
        self.written_at = now
        return standing.packed(self.number, self.digests, self._kept(), self.account)

    def leave(self, at: int, batch: Batch) -> None:
        """Nobody watches it any more."""
        batch.turn(self.number, VERDICT, self.account.leave(at))
        batch.standings.pop(self.number, None)
        batch.gone.add(self.number)
        self._end(at, incident.REMOVED, batch)

    def rewind(self, at: int, batch: Batch) -> None:
        """The clock was set back to then."""
        batch.turn(self.number, VERDICT, self.account.rewind(at))
        if self.incident is not None and self.incident.began > at:
            self._begin(self.incident.health, at, self.incident.reason, batch)
        self.is_changed = True
        self.written_at = self.told_at = min(self.written_at, at)

    def covered(self, turns: list[Turn], batch: Batch) -> None:
        """What covers its time has changed."""
        if turns:
            batch.turn(self.number, COVER, turns)
            self.cover = turns[-1].time

    def _kept(self) -> Kept:
        return self.kept if self.watched is None else self.watched.kept()

    def _turned(self, verdict: Health, since: int, reading: Reading, batch: Batch) -> None:
        if self.incident is not None and self.incident.health is verdict:
            return  # the same goes on, also over a restart in between
        self._end(since, f"{verdict}: {reading.detail}", batch)
        if verdict in _BAD:
            self._begin(verdict, since, "; ".join(reading.failed) or reading.detail, batch)

    def _begin(self, health: Health, at: int, reason: str, batch: Batch) -> None:
        self.incident = Incident(probe=self.number, began=at, health=health, reason=incident.short(reason))
        batch.incident(self.incident)

    def _end(self, at: int, ending: str, batch: Batch) -> None:
        if self.incident is not None:
            batch.incident(self.incident.over(at, ending))
            self.incident = None

    def _keep_failure(self, reading: Reading, verdict: Health, took: float, at: int, batch: Batch) -> None:
        """Keep its story if it is one of the first of a row, or if long none was kept: a long outage tells no more."""
        if reading.health not in _BAD:
            self.bad = 0 if reading.health is Health.UP else self.bad
            return
        self.bad += 1
        if self.bad <= story.LOUD or at - self.told_at >= story.PAUSE:
            self.told_at = at
            told = story.of(reading, verdict, self.plan.probe.target(), took)
            batch.failures.append((self.number, at, story.packed(told)))


def _phases(reading: Reading) -> Mapping[str, float]:
    """With how long each place took, where it is looked at from several."""
    own = {f"total from {place}": one.phases[TOTAL] for place, one in reading.by_place.items() if TOTAL in one.phases}
    return reading.phases | own


def digests(plan: ProbePlan) -> tuple[str, str]:
    """By which it is known again."""
    return same.settings(plan), same.target(plan)


def new(number: int, plan: ProbePlan, at: int, batch: Batch) -> Entry:
    """Something that was not watched before."""
    batch.names.append((number, plan.name))
    batch.turn(number, VERDICT, [Turn(at, Time.UNKNOWN)])
    return Entry(number, plan, digests(plan), begun(at), Kept())
