"""A clock that is turned by hand."""

import heapq
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import gevent
from gevent.event import Event

BEGIN = 1_795_222_800.0  # 2026-11-21 01:00:00 UTC


class FakeClock:
    """Implements `daemon.clock.Clock`. `advance` wakes sleepers in order and lets each run until it waits again."""

    def __init__(self, start: float = BEGIN) -> None:
        self._wall = start
        self._monotonic = 1_000.0
        self._sleepers: list[tuple[float, int, Event]] = []
        self._tickets = itertools.count()
        self._waiting: list[object] = []  # greenlets

    def now(self) -> float:
        return self._wall

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            gevent.sleep(0)
            return
        with self._noted():
            self._alarm(seconds).wait()

    def breathe(self) -> None:
        """Takes no time of this clock, and the sockets are looked at like everywhere."""
        gevent.idle()

    def wait(self, event: threading.Event, seconds: float | None) -> bool:
        if event.is_set() or seconds is None:
            return event.wait()
        if seconds <= 0:
            gevent.sleep(0)
            return event.is_set()
        alarm = self._alarm(seconds)
        waiter = gevent.spawn(event.wait)
        waiter.link(lambda _: alarm.set())
        with self._noted():
            alarm.wait()
        waiter.kill()
        return event.is_set()

    def has_waiting(self, greenlet: object) -> bool:
        """Whether this one waits for the clock, and so for nothing else."""
        return greenlet in self._waiting

    def advance(self, seconds: float) -> None:
        """Let time pass; each sleeper wakes at its own instant and runs until everybody waits again."""
        settle()
        end = self._monotonic + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, alarm = heapq.heappop(self._sleepers)
            if alarm.is_set():
                continue
            self._go_to(max(due, self._monotonic))
            alarm.set()
            settle()
        self._go_to(end)

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back, as an operator or NTP does; monotonic time does not notice."""
        self._wall += seconds

    @contextmanager
    def _noted(self) -> Iterator[None]:
        waiting = gevent.getcurrent()
        self._waiting.append(waiting)
        try:
            yield
        finally:
            self._waiting.remove(waiting)

    def _alarm(self, seconds: float) -> Event:
        alarm = Event()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._tickets), alarm))
        return alarm

    def _go_to(self, instant: float) -> None:
        self._wall += instant - self._monotonic
        self._monotonic = instant


def settle(rounds: int = 3) -> None:
    """Let every greenlet that can run do so until all of them wait (store threads excepted)."""
    for _ in range(rounds):
        gevent.idle()
