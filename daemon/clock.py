"""The time, as an argument: nothing else in tocsin may ask the system what time it is."""

import threading
import time
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")

A_LOOK = 0.000_001  # seconds: so short that it is over when the event loop has looked at its sockets
TURN = 0.004  # seconds that one request may keep the event loop before the others are served
SHORT_TURN = 0.001  # of what is large and has time: whoever takes in a flood meanwhile has most of the processor
JUMP = 5.0  # seconds by which wall and monotonic clock part only when one was set, or the machine slept


class Clock(Protocol):
    """What the parts need of time; tests turn one by hand."""

    def now(self) -> float:
        """Seconds since the epoch, UTC; may jump when the operator sets the clock."""

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean anything."""

    def sleep(self, seconds: float) -> None:
        """Let that much monotonic time pass for this greenlet."""

    def breathe(self) -> None:
        """Let everybody else have a turn, also those for whom something has come over a socket meanwhile."""

    def wait(self, event: threading.Event, seconds: float | None) -> bool:
        """Wait until `event` is set, at most `seconds`; say whether it was set."""


class SystemClock:
    """The real one; `time` and `threading` are patched by gevent, so only this greenlet waits."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; other greenlets run meanwhile."""
        time.sleep(max(0.0, seconds))

    def breathe(self) -> None:
        """Go once around the event loop, which takes a few microseconds when nobody wants anything.

        `sleep(0)` does not do that: it goes behind what can run already, and comes back before the loop has looked at
        a single socket. `gevent.idle()` does it too late: it comes back only when nobody else has anything to do,
        which under load is never. A timer comes back with the next look at the sockets, whatever else that brings.
        """
        time.sleep(A_LOOK)

    def wait(self, event: threading.Event, seconds: float | None) -> bool:
        """Wait for the event, at most `seconds`."""
        return event.wait(None if seconds is None else max(0.0, seconds))


def unhurried(clock: Clock, things: Iterable[T], turn: float = TURN) -> Iterator[T]:
    """Hand things on; when there are thousands, let everybody else run after each `turn` (s)."""
    begun = clock.monotonic()
    for thing in things:
        yield thing
        if clock.monotonic() - begun > turn:
            clock.breathe()
            begun = clock.monotonic()
