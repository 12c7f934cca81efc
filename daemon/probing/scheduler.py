"""Looks at everything that is configured, each thing on its own beat, and tells the pipeline what changed."""

import logging
from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from daemon.aside import Aside, at_once
from daemon.clock import Clock, unhurried
from daemon.config.looking import ProbePlan
from daemon.config.settings import Settings
from daemon.exposition import TEXT, Form
from daemon.probes.network.dial import only_beyond
from daemon.probing import numbers
from daemon.probing.calls import Calls
from daemon.probing.crew import STOPPED, Crew, Job
from daemon.probing.doubt import Opinion, weighed
from daemon.probing.judging import judged
from daemon.probing.ledger import Ledger, NoLedger
from daemon.probing.looking import look, other_ways
from daemon.probing.parts import AllSeen, NoRecord, OnlyHere, Places, Record, Sight
from daemon.probing.rhythm import Now, Rhythm, hours_of
from daemon.probing.teller import Accept, Teller
from daemon.probing.telling import Story, removed, told, told_unseen
from daemon.probing.timetable import Timetable
from daemon.probing.vantage import GRACE, doubted
from daemon.probing.verdict import interrupted, judge
from daemon.probing.watched import ProbeStatus, Watched
from daemon.reading import Health, Past, Reading

FOR_OTHERS = 48  # looks for other tocsins at once: their doors have room for 64 requests, and for people as well

log = logging.getLogger("tocsin.probing")


class Scheduler:
    """Owns the beats and the verdicts. Looks run in the crew, events go to `accept`."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        clock: Clock,
        accept: Accept,
        *,
        record: Record | None = None,
        sight: Sight | None = None,
        others: Places | None = None,
        ledger: Ledger | None = None,
        aside: Aside = at_once,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._record = record or NoRecord()
        self._sight = sight or AllSeen()
        self._others = others or OnlyHere()
        self._aside = aside
        self._timetable = Timetable(clock)
        self._crew = Crew(clock, self._timetable)
        self._watched: dict[str, Watched] = {}
        self._ledger = ledger or NoLedger()
        self._began = clock.now()
        self._for_others = 0  # looks for others that run
        self._teller = Teller(clock, accept, self._watched, self._look_now)
        self.calls = Calls(clock, self._ledger, self._watched, self._look_soon, self._plan_anew)

    def start(self) -> None:
        """Begin to look; each probe's first look is at its next beat."""
        self._timetable.start()
        self._began = self._clock.now()
        self._follow(self._settings())

    def stop(self) -> None:
        """End all looks, also those that are running; what they would have said is not said.

        What was handed to the store is in its queue and does not need us. What was not will be said after the
        next start, by the first verdict.
        """
        self._timetable.stop()
        self._crew.stop()
        self._teller.stop()

    def reload(self) -> None:
        """Follow the settings: what is unchanged keeps its state and beat, what changed starts anew."""
        plans = self._settings().probes
        gone = [name for name in self._watched if name not in plans]
        for name, watched in list(self._watched.items()):
            if plans.get(name) != watched.plan:
                self._drop(watched)
        if gone:
            now = self._clock.now()
            self._teller.tell_removed([event for name in gone for event in removed(name, now)])
        self._follow(self._settings())

    def statuses(self, after: str = "") -> Iterator[ProbeStatus]:
        """How all of them stand, by name, of those that come after this one: to tell of ten thousand takes its time."""
        for name in unhurried(self._clock, sorted(name for name in self._watched if name > after)):
            if name in self._watched:
                yield self.status_of(name)

    def status_of(self, name: str) -> ProbeStatus:
        """How one stands; raises KeyError when there is no such probe."""
        return self._watched[name].status(self._now(), self._settings().texts.time_zone.info)

    def verdicts(self) -> dict[str, Health]:
        """How each stands, and no more: for pages that are asked for often."""
        return {name: watched.health for name, watched in self._watched.items()}

    def coming(self, name: str, most: int) -> list[float]:
        """When it looks next, in seconds since the epoch; raises KeyError when there is no such probe."""
        return self._watched[name].rhythm.coming(self._now(), most)

    def exposition(self, form: Form = TEXT) -> bytes:
        """What is counted of all of them, for /metrics."""
        return numbers.exposition(list(self._watched.values()), self._clock, form)

    def run(self, name: str) -> Reading:
        """Look once, now; raises KeyError when there is no such probe. It does not count for the verdict.

        An operator who tries ten times while something is broken must neither raise nor end an alarm by it.
        """
        return self._crew.look_now(self._job(self._watched[name])).told()

    def run_for(self, plan: ProbePlan, place: str) -> Reading:
        """Look once at what another tocsin wants looked at; unknown while this one cannot see, or has much to do."""
        if self._for_others >= FOR_OTHERS:
            return Reading(health=Health.UNKNOWN, detail=f"{FOR_OTHERS} looks for others are in work already")
        began, past = self._clock.monotonic(), Past(now=self._clock.now())

        def look() -> Reading:
            only_beyond.set(not self._settings().for_others.near)
            return judged(plan, plan.probe.look_on(past), self._aside, place)

        self._for_others += 1
        try:
            # What broke here is no news of what it looked at, and whoever asked may turn it upside down.
            job = Job(plan.name, look, plan.probe.timeout, broken=Health.UNKNOWN)
            reading = self._crew.look_now(job)
            return self._sight.seen(plan, reading, began).told()
        finally:
            self._for_others -= 1

    def _follow(self, settings: Settings) -> None:
        """Add what is new; all follow their hours, which may be others under the same name."""
        added = [plan for name, plan in settings.probes.items() if name not in self._watched]
        for watched in self._watched.values():
            if watched.plan.active:
                watched.rhythm.follow(hours_of(watched.plan, settings.time_intervals))
                self._plan_anew(watched)
        if added:
            paused, awake, heard = self._ledger.pauses(), self._ledger.awake_since(), self._ledger.heard()
            now = self._now()
            for plan in added:
                rhythm = Rhythm(plan, now, hours_of(plan, settings.time_intervals), paused.get(plan.name))
                watched = Watched(plan, rhythm, self._record.kept(plan), heard.get(plan.name))
                watched.awake_since, watched.heard_since = awake.get(plan.name, 0.0), self._began
                self._watched[plan.name] = watched
                self._turn(watched)

    def _drop(self, watched: Watched) -> None:
        watched.entry.cancel()
        del self._watched[watched.plan.name]

    def _turn(self, watched: Watched) -> None:
        """It is awake: look if a beat is due, unless it is long past or the last look still runs."""
        now = self._now()
        step = watched.rhythm.step(now)
        if step.was_set:
            watched.heard_since = now.wall
        self._settle_down(watched, now)
        self._teller.tell(watched)  # what a store could not take does not wait for the next look: that may be far away
        watched.entry = self._timetable.at(watched.rhythm.wake(now), partial(self._turn, watched))
        skipped = step.skipped
        if step.looks and watched.is_looking and not watched.plan.is_called:
            skipped += 1
        elif step.looks:
            self._look_soon(watched, step.counts)
        if skipped:
            watched.skipped += skipped

    def _plan_anew(self, watched: Watched) -> None:
        """Ask it again when it looks next: something has changed that."""
        watched.entry.cancel()
        self._turn(watched)

    def _settle_down(self, watched: Watched, now: Now) -> None:
        """Notice that it rests from now on, or does no more. What was seen before and after do not add up."""
        before, watched.rest = watched.rest, watched.rhythm.rest(now.wall)
        if (before is None) is (watched.rest is None):
            return
        if watched.rest is None:
            watched.awake_since = now.wall
        else:
            watched.course = interrupted(watched.course)

    def _look_soon(self, watched: Watched, counts: bool) -> None:
        """Look now, or after the look that runs."""
        if watched.is_looking:
            watched.wanted = counts or bool(watched.wanted)
            return
        watched.is_looking = True
        job = self._beat_job(watched) if counts else self._job(watched)
        amiss = watched.reading is not None and not watched.reading.is_well
        self._crew.look(job, partial(self._read, watched, counts), amiss=amiss)

    def _now(self) -> Now:
        return Now(mono=self._clock.monotonic(), wall=self._clock.now())

    def _job(self, watched: Watched) -> Job:
        """What there is to do for a look of its own: one that somebody asked for is not doubted."""
        plan = watched.plan
        limit = plan.probe.timeout + (GRACE if plan.places else 0.0)
        return Job(plan.name, lambda: look(plan, self._past(watched), self._others, self._aside), limit)

    def _past(self, watched: Watched) -> Past:
        return watched.past(self._clock.now())

    def _beat_job(self, watched: Watched) -> Job:
        """A look that counts: a bad one is doubted first."""
        began = self._clock.monotonic()
        return msgspec.structs.replace(self._job(watched), then=partial(self._doubted, watched, began))

    def _doubted(self, watched: Watched, began: float, reading: Reading) -> Reading:
        """Perhaps tocsin itself cannot see; and what would be called down now is looked at in other ways first."""
        if reading.sure:
            return reading
        plan = watched.plan
        if plan.places:
            return doubted(reading, plan, lambda one: self._sight.seen(plan, one, began))
        reading = self._sight.seen(plan, reading, began)
        if not plan.second_opinion or not watched.would_fall(reading.health):
            return reading
        ways = list(other_ways(plan, self._others, self._aside))
        past = self._past(watched)
        jobs = [Job(f"{plan.name} {way.name}", partial(way.look, past), way.limit) for way in ways]
        found = self._crew.look_aside(jobs)
        return weighed(reading, [Opinion(way.name, one) for way, one in zip(ways, found, strict=True)])

    def _read(self, watched: Watched, counts: bool, reading: Reading, took: float) -> None:
        """A look has ended."""
        watched.is_looking = False
        if counts or watched.is_news(reading):
            self._judge(watched, reading, took)
        elif watched.rest is None:
            watched.reading, watched.read_at = reading.told(), self._clock.now()
            self._record.holds(watched, reading)
        if self._watched.get(watched.plan.name) is not watched:
            return
        wanted, watched.wanted = watched.wanted, None
        if watched.rhythm.saw(reading, self._now()):
            self._plan_anew(watched)
        if wanted is not None:
            self._look_soon(watched, wanted)

    def _judge(self, watched: Watched, reading: Reading, took: float) -> None:
        """Say what a reading changes, and write it down."""
        name = watched.plan.name
        if self._watched.get(name) is not watched or watched.rest is not None:
            return  # removed, changed or paused while it looked
        watched.keep_time(self._now())
        now, before = self._clock.now(), watched.course
        if reading.notes is not None:
            watched.notes = reading.notes
        watched.reading, watched.read_at = reading.told(), now
        watched.course = interrupted(before) if reading.blind else judge(before, reading.health, watched.rule, now)
        watched.count(reading, took)
        if watched.must_be_told(before, reading):
            story = Story(usual=self._record.usual(name), zone=self._settings().texts.time_zone.info)
            events = told(watched.plan, watched.course, reading, story)
            log.info("%s", events[0].title, extra={"probe": name})
            watched.untold += events
            if not watched.was_told:
                watched.untold.append(told_unseen(watched.plan, reading, now, begins=False))
            watched.was_told = True
        if (begins := watched.is_unseen(watched.course)) is not watched.is_unseen(before):
            watched.untold.append(told_unseen(watched.plan, reading, now, begins=begins))
        self._teller.tell(watched)
        self._record.saw(watched, reading, took)

    def _look_now(self, watched: Watched) -> None:
        """Look between two beats, so that it counts; no other look of it may run."""
        watched.is_looking = True
        began = self._clock.monotonic()
        reading = self._crew.look_now(self._beat_job(watched))
        if reading is not STOPPED:
            self._read(watched, counts=True, reading=reading, took=self._clock.monotonic() - began)
