"""Hands the events of probes to the pipeline, in order, whatever becomes of it; those of a child after its parents'."""

import logging
from collections.abc import Callable, Mapping
from typing import TypeAlias

import gevent
from gevent.pool import Group

from daemon.clock import Clock
from daemon.errors import StoreUnavailable
from daemon.event import Event, State
from daemon.probing.crew import STOP_WITHIN
from daemon.probing.watched import Watched
from daemon.reading import Health

log = logging.getLogger("tocsin.probing")

MOST_KEPT = 100  # events of one probe that wait for a store that cannot write
PAUSE = 1.0  # seconds between two looks at a parent that is in doubt, and for which one that is not down holds
PATIENCE = 30.0  # seconds within which looks at a parent in doubt begin
SAID_WITHIN = 120.0  # seconds for which a child waits until its parent's alarm, which waits for others, is in the store

Accept = Callable[[list[Event]], object]
Settling: TypeAlias = "gevent.Greenlet[[Watched], None]"


class Teller:
    """Each probe's events wait for nobody but the store and the probe's own parents."""

    def __init__(
        self, clock: Clock, accept: Accept, watched: Mapping[str, Watched], look: Callable[[Watched], None]
    ) -> None:
        """`look` has a probe looked at now, so that it counts, and returns after that."""
        self._clock = clock
        self._accept = accept
        self._watched = watched
        self._look = look
        self._telling = Group()
        self._settling: dict[str, Settling] = {}  # by the name of a parent in doubt

    def tell(self, watched: Watched) -> None:
        """Say what of this probe has not been said, unless that is under way."""
        del watched.untold[:-MOST_KEPT]
        if watched.untold and not watched.is_telling:
            watched.is_telling = True
            self._telling.spawn(self._tell, watched)

    def tell_removed(self, events: list[Event]) -> None:
        """Say that nobody looks any more. What the store cannot take now, the next self-check says."""
        self._telling.spawn(self._say, "probes removed", events)

    def stop(self) -> None:
        """Say no more; what is in the store's queue does not need us."""
        self._telling.kill(timeout=STOP_WITHIN)

    def _tell(self, watched: Watched) -> None:
        """Say it in order, and what comes meanwhile: its next look may be a day away."""
        try:
            while watched.untold and self._told(watched):
                pass
        finally:
            watched.is_telling = False

    def _told(self, watched: Watched) -> bool:
        """Say all that there is; what could not be said stays. A store that takes long keeps no look waiting."""
        if any(event.state is State.FIRING for event in watched.untold):
            gevent.joinall(self._settling_above(watched))
        if not self._is_there(watched):
            return False  # its end was told meanwhile, or another one of this name begins with its own first verdict
        events, watched.untold = watched.untold, []
        is_said = self._say(watched.plan.name, events)
        if not is_said:
            watched.untold = events + watched.untold
        return is_said

    def _settling_above(self, watched: Watched) -> list[Settling]:
        """What finds out how its parents are."""
        parents = [parent for name in watched.plan.depends_on if (parent := self._watched.get(name))]
        return [self._settling_of(parent) for parent in parents]

    def _settling_of(self, parent: Watched) -> Settling:
        """A thousand children fall at once: their parent is looked at for one, and the others wait for that."""
        name = parent.plan.name
        if name not in self._settling:
            self._settling[name] = self._telling.spawn(self._settle, parent)
        return self._settling[name]

    def _settle(self, parent: Watched) -> None:
        """Find out whether a parent is down before its child is told: its alarm is what mutes the child's.

        The child may have been looked at first. So the parent is looked at until it is down or a look shows that it
        is not, and then its own alarm must be in the store; which waits for its own parents. So those are looked at
        as soon as it may be down: one generation after the other would take longer than the child can wait.
        """
        until, looks = self._clock.monotonic() + PATIENCE, 0
        try:
            while looks < parent.rule.fail.of and self._is_in_doubt(parent) and self._clock.monotonic() < until:
                if not parent.is_looking:  # else that look tells as much
                    looks += 1
                    self._look(parent)
                if self._is_in_doubt(parent):
                    self._settling_above(parent)
                    self._clock.sleep(PAUSE)
            until = self._clock.monotonic() + SAID_WITHIN
            while (parent.untold or parent.is_telling) and self._clock.monotonic() < until:
                self.tell(parent)
                self._clock.sleep(PAUSE)
        finally:
            del self._settling[parent.plan.name]

    def _is_in_doubt(self, parent: Watched) -> bool:
        """Whether it may be down without being called so, and a look can tell."""
        if parent.course.verdict is Health.DOWN or not self._is_there(parent):
            return False
        if parent.rest is not None or parent.plan.is_called:
            return False
        if parent.reading is None or parent.read_at is None or parent.reading.health in {Health.DOWN, Health.UNKNOWN}:
            return True
        return not 0 <= self._clock.now() - parent.read_at < PAUSE

    def _is_there(self, watched: Watched) -> bool:
        return self._watched.get(watched.plan.name) is watched

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
