"""Hands the events of probes to the pipeline, in order, whatever becomes of it; those of a child after its parents'."""

import logging
from collections.abc import Callable, Mapping

from gevent.pool import Group

from daemon.clock import Clock
from daemon.errors import StoreUnavailable
from daemon.event import Event, State
from daemon.probing.crew import STOP_WITHIN
from daemon.probing.watched import Watched
from daemon.reading import Health

log = logging.getLogger("tocsin.probing")

MOST_KEPT = 100  # events of one probe that wait for a store that cannot write
PAUSE = 1.0  # seconds between two looks at a parent that is in doubt
PATIENCE = 30.0  # seconds for which a child waits until its parent's alarm is in the store

Accept = Callable[[list[Event]], object]


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

    def tell(self, watched: Watched) -> None:
        """Say what of this probe has not been said, unless that is under way."""
        if watched.untold and not watched.is_telling:
            watched.is_telling = True
            self._telling.spawn(self._tell, watched)

    def tell_removed(self, events: list[Event]) -> None:
        """Say that nobody looks any more."""
        self._telling.spawn(self._say, "probes removed", events)

    def stop(self) -> None:
        """Say no more; what is in the store's queue does not need us."""
        self._telling.kill(timeout=STOP_WITHIN)

    def _tell(self, watched: Watched) -> None:
        """Say it in order, and what comes meanwhile: its next look may be a day away."""
        while watched.untold and self._told(watched):
            pass
        watched.is_telling = False

    def _told(self, watched: Watched) -> bool:
        """Say all that there is; what could not be said stays. A store that takes long keeps no look waiting."""
        if any(event.state is State.FIRING for event in watched.untold):
            for name in watched.plan.depends_on:
                if parent := self._watched.get(name):
                    self._settle(parent)
        events, watched.untold = watched.untold, []
        is_said = self._say(watched.plan.name, events)
        if not is_said:
            watched.untold = (events + watched.untold)[-MOST_KEPT:]
        return is_said

    def _settle(self, parent: Watched) -> None:
        """Find out whether a parent is down before its child is told: its alarm is what mutes the child's.

        The child may have been looked at first. So the parent is looked at until it is down or a look is well, and
        then its own alarm must be in the store.
        """
        until = self._clock.monotonic() + PATIENCE
        is_looked_at = parent.rest is None and not parent.plan.is_called
        for _ in range(parent.rule.fail.of):
            if not is_looked_at or parent.course.verdict is Health.DOWN or self._clock.monotonic() > until:
                break
            self._look(parent)
            if parent.reading is not None and parent.reading.is_well:
                break
            self._clock.sleep(PAUSE)
        while parent.untold and self._clock.monotonic() < until:
            self.tell(parent)
            self._clock.sleep(PAUSE)

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
