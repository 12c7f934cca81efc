"""Calls things when they are due, in monotonic time; one greenlet waits for all of them."""

import heapq
import itertools
import logging
import threading
from collections.abc import Callable

import gevent

from daemon.clock import Clock

log = logging.getLogger("tocsin.probing")


class Entry:
    """Something that is due at an instant, unless it is cancelled before."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Never call it."""
        self.call = None


class Timetable:
    """Ten thousand probes need one waiting greenlet, not ten thousand: each would cost 7 KB, an entry 200 bytes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: list[tuple[float, int, Entry]] = []
        self._tickets = itertools.count()
        self._changed = threading.Event()
        self._greenlet: gevent.Greenlet[[], None] | None = None

    def at(self, instant: float, call: Callable[[], None]) -> Entry:
        """Call it then, from the timetable's greenlet: it must not wait."""
        entry = Entry(call)
        heapq.heappush(self._due, (instant, next(self._tickets), entry))
        if self._due[0][2] is entry:
            self._changed.set()
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
            self._changed.clear()
            self._clock.wait(self._changed, self._call_due())

    def _call_due(self) -> float | None:
        """Call what is due; return how long to wait for the next, None when there is nothing."""
        while self._due:
            instant, _, entry = self._due[0]
            if entry.call is not None and instant > self._clock.monotonic():
                return instant - self._clock.monotonic()
            heapq.heappop(self._due)
            if entry.call is not None:
                _call(entry.call)
        return None


def _call(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:  # this is the scheduler's loop: one failing beat must not stop all the others
        log.exception("a beat failed")
