"""How late the event loop is while something else goes on."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import gevent
from gevent.event import Event

T = TypeVar("T")

BEAT = 0.002  # seconds
MOST = 0.05
TRIES = 3


def calmly(work: Callable[[], T]) -> T:
    """Do it, and see that nobody is held up. A busy machine may do so once; what blocks does it each time."""
    for _ in range(TRIES):
        with lag() as late:
            result = work()
        if max(late) < MOST:
            return result
    raise AssertionError(f"the event loop was held up for {max(late) * 1000:.0f} ms, {TRIES} times in turn")


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
