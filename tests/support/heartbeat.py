"""A greenlet that beats all the time: how long the event loop was kept from everybody."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import gevent

from daemon.clock import SystemClock


class Heartbeat:
    """The longest time, in seconds, between two beats."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._clock = SystemClock()

    def beat(self) -> None:
        last = time.perf_counter()
        while True:
            self._clock.breathe()
            now = time.perf_counter()
            self.longest = max(self.longest, now - last)
            last = now


@contextmanager
def heartbeat() -> Iterator[Heartbeat]:
    """Beats inside the block."""
    heart = Heartbeat()
    beating = gevent.spawn(heart.beat)
    try:
        SystemClock().breathe()  # the first beat
        yield heart
    finally:
        beating.kill()
