"""Runs looks side by side: a bounded number at once, each cut off when it takes too long."""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import cast

import gevent
import msgspec
from gevent.hub import Waiter
from gevent.pool import Group

from daemon.clock import Clock
from daemon.probing.timetable import Timetable
from daemon.reading import Health, Reading

log = logging.getLogger("tocsin.probing")

SIZE = 200
FREE = 50  # of these places, for what was well the last time: a thousand of one dead network leave them alone
GRACE = 1.0  # seconds beyond its own time-out after which a look is cut off from outside
MOST_IDLE = 16  # greenlets that are kept for the next look
STOP_WITHIN = 2.0  # seconds that a look may take to end when it is told to

STOPPED = Reading(health=Health.UNKNOWN, detail="stopped while looking")

Done = Callable[[Reading, float], None]


class Job(msgspec.Struct, frozen=True):
    """One look that is to be made within so many seconds, and what is made of it, for which there is no limit."""

    name: str
    look: Callable[[], Reading]
    limit: float
    then: Callable[[Reading], Reading] = lambda reading: reading
    broken: Health = Health.DOWN  # what it is when the look hangs or breaks; must never be well


class CutOff(gevent.GreenletExit):
    """Thrown into a look that overran; no probe's `except Exception` can keep it."""


class Crew:
    """Looks that find no room wait in line; a look that hangs costs nobody else anything but its place."""

    def __init__(self, clock: Clock, timetable: Timetable) -> None:
        self._clock = clock
        self._timetable = timetable
        self._room = SIZE
        self._line: deque[tuple[Job, Done]] = deque()
        self._amiss: deque[tuple[Job, Done]] = deque()
        self._group = Group()
        self._idle: list[Waiter[tuple[Job, Done]]] = []  # greenlets that have looked and can look again

    def look(self, job: Job, done: Done, *, amiss: bool = False) -> None:
        """Look as soon as there is room; `done` is given the reading and how long it took, and must not wait.

        What was `amiss` the last time may well take all of its time again: it stands in a line of its own.
        """
        (self._amiss if amiss else self._line).append((job, done))
        self._admit()

    def look_now(self, job: Job) -> Reading:
        """Look without standing in line, because somebody waits for it; return the reading."""
        reading = self._group.spawn(lambda: _considered(job, self._limited(job))).get()
        # What was ended by `stop` gives its GreenletExit as result.
        return reading if isinstance(reading, Reading) else STOPPED

    def look_aside(self, jobs: Iterable[Job]) -> list[Reading]:
        """Look in several ways at once, for a look that stood in line already; return the readings in order."""
        looks = [self._group.spawn(self._limited, job) for job in jobs]
        gevent.joinall(looks)
        return [look.value if isinstance(look.value, Reading) else STOPPED for look in looks]

    def stop(self) -> None:
        """Cut off what is running; `done` is not called any more."""
        self._line.clear()
        self._amiss.clear()
        self._idle.clear()
        self._group.kill(timeout=STOP_WITHIN)

    def _admit(self) -> None:
        while line := (self._line if self._room else None) or (self._amiss if self._room > FREE else None):
            self._room -= 1
            job, done = line.popleft()
            if self._idle:
                gevent.get_hub().loop.run_callback(self._idle.pop().switch, (job, done))
            else:
                self._group.spawn(self._work, job, done)

    def _work(self, job: Job, done: Done) -> None:
        """Look, then at whatever is next: a new greenlet for each look would cost as much as its conditions do."""
        self._run(job, done)
        del job, done  # they hold a probe, which may be removed while nothing is to be done
        while len(self._idle) < MOST_IDLE:
            waiter: Waiter[tuple[Job, Done]] = Waiter()
            self._idle.append(waiter)
            self._run(*waiter.get())

    def _run(self, job: Job, done: Done) -> None:
        began = self._clock.monotonic()
        try:
            reading = self._limited(job)
            took = self._clock.monotonic() - began
            reading = _considered(job, reading)
        finally:
            self._room += 1
            self._admit()
        done(reading, took)

    def _limited(self, job: Job) -> Reading:
        """Look; whatever the probe does, there is a reading by its time-out and a little grace."""
        limit = job.limit + GRACE
        cut = _Cut(cast("gevent.Greenlet[..., object]", gevent.getcurrent()))
        entry = self._timetable.at(self._clock.monotonic() + limit, cut.soon)
        try:
            return job.look()
        except CutOff:
            log.warning("probe %s was cut off: it did not keep to its time-out", job.name)
            return Reading(health=job.broken, detail=f"probe hung: cut off after {limit:g}s")
        except (Exception, gevent.Timeout) as error:  # a probe's own fault is a reading; it must not end the looking
            log.exception("probe %s failed", job.name)
            return Reading(health=job.broken, detail=f"probe failed: {type(error).__name__}: {error}")
        finally:
            cut.is_over = True
            entry.cancel()


class _Cut:
    """What ends a look from outside, if it is still at it: a cut that comes late must hit nothing else."""

    __slots__ = ("_look", "is_over")

    def __init__(self, look: "gevent.Greenlet[..., object]") -> None:
        self._look = look
        self.is_over = False

    def soon(self) -> None:
        """Cut as soon as the event loop can."""
        gevent.get_hub().loop.run_callback(self._now)

    def _now(self) -> None:
        if not self.is_over:
            self._look.throw(CutOff)


def _considered(job: Job, reading: Reading) -> Reading:
    """What is made of the reading. Where that breaks, the reading stands as it is: no probe may be lost by it."""
    try:
        return job.then(reading)
    except (Exception, gevent.Timeout):
        log.exception("the reading of probe %s was not doubted", job.name)
        return reading
