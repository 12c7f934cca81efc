"""How late the event loop is while something else goes on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import gevent
from gevent.event import Event

BEAT = 0.002  # seconds


@contextmanager
def lag() -> Iterator[list[float]]:
    """Yield a list that grows: how many seconds too late a greenlet was that wants to run at every beat."""
    late, over = [0.0], Event()

    def tick() -> None:
        while True:
            due = time.monotonic() + BEAT
            if over.wait(BEAT):
                return
            late.append(time.monotonic() - due)

    ticking = gevent.spawn(tick)
    try:
        yield late
    finally:
        over.set()
        ticking.join()
