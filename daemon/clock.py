"""The time, as an argument: nothing else in tocsin may ask the system what time it is."""

import threading
import time
from typing import Protocol

JUMP = 5.0  # seconds by which wall and monotonic clock part only when one was set, or the machine slept


class Clock(Protocol):
    """What the parts need of time; tests turn one by hand."""

    def now(self) -> float:
        """Seconds since the epoch, UTC; may jump when the operator sets the clock."""

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean anything."""

    def sleep(self, seconds: float) -> None:
        """Let that much monotonic time pass for this greenlet."""

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

    def wait(self, event: threading.Event, seconds: float | None) -> bool:
        """Wait for the event, at most `seconds`."""
        return event.wait(None if seconds is None else max(0.0, seconds))
