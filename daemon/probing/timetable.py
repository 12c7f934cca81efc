"""Calls things when they are due, in monotonic time; one greenlet waits for all of them."""

import heapq
import itertools
import logging
from collections.abc import Callable
from contextlib import suppress

import gevent

from daemon.clock import Clock

LONG = 3_600.0  # seconds to sleep when nothing is due

log = logging.getLogger("tocsin.probing")


class Entry:
    """Something that is due at an instant, unless it is cancelled before."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Never call it."""
        self.call = None


class Sooner(gevent.GreenletExit):
    """Thrown into the waiting greenlet when something is due before what it waits for."""


class Timetable:
    """Ten thousand probes need one waiting greenlet, not ten thousand: each would cost 7 KB, an entry 200 bytes.

    It sleeps until what is due first, and is thrown out of its sleep when that changes, which is seldom: to wait for
    an event for so long costs three times as much, at every look.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: list[tuple[float, int, Entry]] = []
        self._tickets = itertools.count()
        self._is_asleep = False
        self._greenlet: gevent.Greenlet[[], None] | None = None

    def at(self, instant: float, call: Callable[[], None]) -> Entry:
        """Call it then, from the timetable's greenlet: it must not wait."""
        entry = Entry(call)
        heapq.heappush(self._due, (instant, next(self._tickets), entry))
        if self._is_asleep and self._due[0][2] is entry and self._greenlet is not None:
            self._is_asleep = False
            self._greenlet.kill(Sooner, block=False)
        return entry

    def start(self) -> None:
        """Begin to wait."""
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """Call nothing any more."""
        if self._greenlet is not None:
            self._greenlet.kill()
        self._due.clear()

    def _run(self) -> None:
        while True:
            # It may also come when we are awake already, and then at the next sleep: that ends early, once.
            with suppress(Sooner):
                pause = self._call_due()
                self._is_asleep = True
                self._clock.sleep(pause)
                self._is_asleep = False

    def _call_due(self) -> float:
        """Call what is due; return how long to wait for the next."""
        while self._due:
            instant, _, entry = self._due[0]
            if entry.call is not None and (pause := instant - self._clock.monotonic()) > 0:
                return pause
            heapq.heappop(self._due)
            if entry.call is not None:
                _call(entry.call)
        return LONG


def _call(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:  # this is the scheduler's loop: one failing beat must not stop all the others
        log.exception("a beat failed")
