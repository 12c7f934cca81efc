"""Looks at everything that is configured, each thing on its own beat, and tells the pipeline what changed."""

import logging
from collections.abc import Callable
from functools import partial

import msgspec
from gevent.pool import Group

from daemon import telemetry
from daemon.clock import Clock
from daemon.config.settings import ProbePlan, Settings
from daemon.errors import StoreUnavailable
from daemon.event import Event
from daemon.probing.beat import beat_of
from daemon.probing.crew import STOP_WITHIN, Crew
from daemon.probing.timetable import Entry, Timetable
from daemon.probing.verdict import Course, Verdict, judge, removed
from daemon.reading import Reading

log = logging.getLogger("tocsin.probing")

MOST_KEPT = 100  # events of one probe that wait for a store that cannot write
_RESULTS = ("ok", "failed", "skipped")

Accept = Callable[[list[Event]], object]


class ProbeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How one probe stands. Times are seconds since the epoch."""

    name: str
    type: str
    target: str
    every: float
    verdict: Verdict
    since: float | None  # when the verdict began, None while it is unknown
    reading: Reading | None  # the last one
    read_at: float | None
    next_due: float
    skipped: int  # beats at which it did not look: too late, or still looking
    untold: int  # changes that the store could not take yet
    labels: dict[str, str]


class Scheduler:
    """Owns the beats and the verdicts. Looks run in the crew, events go to `accept`."""

    def __init__(self, settings: Callable[[], Settings], clock: Clock, accept: Accept) -> None:
        self._settings = settings
        self._clock = clock
        self._accept = accept
        self._timetable = Timetable(clock)
        self._crew = Crew(clock, self._timetable)
        self._watched: dict[str, _Watched] = {}
        self._telling = Group()

    def start(self) -> None:
        """Begin to look; each probe's first look is at its next beat."""
        self._timetable.start()
        for plan in self._settings().probes.values():
            self._add(plan)

    def stop(self) -> None:
        """End all looks, also those that are running; what they would have said is not said.

        What was handed to the store is in its queue and does not need us. What was not will be said after the
        next start, by the first verdict.
        """
        self._timetable.stop()
        self._crew.stop()
        self._telling.kill(timeout=STOP_WITHIN)

    def reload(self) -> None:
        """Follow the settings: what is unchanged keeps its state and beat, what changed starts anew."""
        plans = self._settings().probes
        gone = [name for name in self._watched if name not in plans]
        for name, watched in list(self._watched.items()):
            if plans.get(name) != watched.plan:
                self._drop(watched)
        for name in gone:
            _forget_series(name)
        if gone:
            now = self._clock.now()
            self._telling.spawn(self._say, "probes removed", [removed(name, now) for name in gone])
        for name, plan in plans.items():
            if name not in self._watched:
                self._add(plan)

    def status(self) -> list[ProbeStatus]:
        """How all of them stand, by name."""
        ahead = self._clock.now() - self._clock.monotonic()
        return [self._watched[name].status(ahead) for name in sorted(self._watched)]

    def run(self, name: str) -> Reading:
        """Look once, now; raises KeyError when there is no such probe. It does not count for the verdict.

        An operator who tries ten times while something is broken must neither raise nor end an alarm by it.
        """
        return self._crew.look_now(name, self._watched[name].plan.probe)

    def _add(self, plan: ProbePlan) -> None:
        watched = _Watched(plan, self._clock.monotonic())
        self._watched[plan.name] = watched
        self._await(watched)

    def _drop(self, watched: "_Watched") -> None:
        watched.entry.cancel()
        del self._watched[watched.plan.name]
        telemetry.probe_up.remove(watched.plan.name)

    def _await(self, watched: "_Watched") -> None:
        watched.entry = self._timetable.at(watched.beat.due(watched.next), partial(self._turn, watched))

    def _turn(self, watched: "_Watched") -> None:
        """A beat is due: look, unless it is long past or the last look still runs."""
        turn = watched.beat.turn(watched.next, self._clock.monotonic(), must=watched.was_late)
        watched.next, watched.was_late = turn.then, not turn.is_on_time
        self._await(watched)
        skipped = turn.skipped
        if turn.is_on_time and watched.is_looking:
            skipped += 1
        elif turn.is_on_time:
            watched.is_looking = True
            self._crew.look(watched.plan.name, watched.plan.probe, partial(self._read, watched))
        if skipped:
            watched.skipped += skipped
            telemetry.probe_looks.labels(watched.plan.name, "skipped").inc(skipped)

    def _read(self, watched: "_Watched", reading: Reading, took: float) -> None:
        """A look has ended: judge it and say what changed."""
        watched.is_looking = False
        name = watched.plan.name
        if self._watched.get(name) is not watched:
            return  # removed or changed while it looked
        now = self._clock.now()
        watched.reading, watched.read_at = reading, now
        watched.course, event = judge(watched.course, reading, watched.plan, now)
        _count(name, reading, took, watched.course.verdict)
        if event is not None:
            log.info("%s", event.title, extra={"probe": name})
            watched.untold.append(event)
        if watched.untold and not watched.is_telling:
            watched.is_telling = True
            self._telling.spawn(self._tell, watched)

    def _tell(self, watched: "_Watched") -> None:
        """Say what has not been said, in order. A store that takes long keeps no look waiting."""
        events, watched.untold = watched.untold, []
        if not self._say(watched.plan.name, events):
            watched.untold = (events + watched.untold)[-MOST_KEPT:]
        watched.is_telling = False

    def _say(self, about: str, events: list[Event]) -> bool:
        try:
            self._accept(events)
        except StoreUnavailable as error:
            log.warning("%s: the change is kept and told again: %s", about, error)
            return False
        except Exception:  # the scheduler's loop: looking goes on whatever becomes of an event
            log.exception("%s: the change is kept and told again", about)
            return False
        return True


class _Watched:
    """One probe and what the scheduler remembers of it."""

    __slots__ = (
        "beat", "course", "entry", "is_looking", "is_telling", "next", "plan", "read_at", "reading", "skipped",
        "target", "untold", "was_late",
    )  # fmt: skip

    def __init__(self, plan: ProbePlan, now: float) -> None:
        self.plan = plan
        self.target = plan.probe.target()
        self.beat = beat_of(plan.name, plan.every)
        self.next = self.beat.after(now)
        self.entry: Entry
        self.course = Course()
        self.reading: Reading | None = None
        self.read_at: float | None = None
        self.skipped = 0
        self.was_late = False
        self.is_looking = False
        self.is_telling = False
        self.untold: list[Event] = []

    def status(self, ahead: float) -> ProbeStatus:
        """As others see it; `ahead` turns monotonic into wall-clock time."""
        return ProbeStatus(
            name=self.plan.name,
            type=self.plan.type,
            target=self.target,
            every=self.plan.every,
            verdict=self.course.verdict,
            since=self.course.since,
            reading=self.reading,
            read_at=self.read_at,
            next_due=self.beat.due(self.next) + ahead,
            skipped=self.skipped,
            untold=len(self.untold),
            labels=self.plan.labels,
        )


def _count(name: str, reading: Reading, took: float, verdict: Verdict) -> None:
    telemetry.probe_looks.labels(name, "ok" if reading.ok else "failed").inc()
    telemetry.probe_seconds.labels(name).observe(took)
    if verdict is not Verdict.UNKNOWN:
        telemetry.probe_up.labels(name).set(verdict is Verdict.UP)


def _forget_series(name: str) -> None:
    """A probe that is gone leaves no ghost on the metrics page."""
    telemetry.probe_seconds.remove(name)
    for result in _RESULTS:
        telemetry.probe_looks.remove(name, result)
