"""How late this process runs what wants to run: felt ten times a second."""

import itertools
import math
from collections import deque
from collections.abc import Iterable

import gevent

from daemon import telemetry
from daemon.clock import Clock

TICK = 0.1  # seconds between two feels
MINUTE = 60.0


class Pulse:
    """Wants to run every tick and notes how late that is: what everything else in this process feels too."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._felt: deque[tuple[float, float]] = deque(maxlen=int(MINUTE / TICK))  # when, and how late
        self._not_taken: deque[float] = deque(maxlen=int(MINUTE / TICK))
        self._greenlet: gevent.Greenlet[[], None] | None = None
        self._due = math.inf  # when it wants to run next

    def start(self) -> None:
        """Begin to feel it."""
        self._greenlet = gevent.spawn(self._feel)

    def stop(self) -> None:
        """Feel it no more."""
        if self._greenlet is not None:
            self._greenlet.kill()

    def worst(self, since: float) -> float:
        """How many seconds the loop was late at most since that instant of monotonic time, within the last minute.

        Whoever asks may run before us when the loop comes to itself: how late we are already counts as well.
        """
        felt = itertools.takewhile(lambda one: one[0] >= since, reversed(self._felt))
        return max(0.0, self._clock.monotonic() - self._due, *(lag for _, lag in felt))

    def taken(self) -> list[float]:
        """What was felt since this was last asked for."""
        lags = list(self._not_taken)
        self._not_taken.clear()
        return lags

    def note(self, lag: float) -> None:
        """Take down that the loop was so late."""
        telemetry.hub_lag.observe(lag)
        self._felt.append((self._clock.monotonic(), lag))
        self._not_taken.append(lag)

    def _feel(self) -> None:
        while True:
            self._due = self._clock.monotonic() + TICK
            self._clock.sleep(TICK)
            self.note(max(0.0, self._clock.monotonic() - self._due))


def high(lags: Iterable[float]) -> float:
    """What the event loop's delay exceeds for a hundredth of the time.

    A loop held up for 2 s is felt once by us, but by twenty that wanted to run meanwhile: it counts as those.
    """
    most = int(MINUTE / TICK)
    felt = sorted(lag - missed * TICK for lag in lags for missed in range(min(int(lag / TICK), most) + 1))
    return felt[len(felt) * 99 // 100] if felt else 0.0
