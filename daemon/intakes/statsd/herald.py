"""Brings events and service checks to the alarm path, beside the reading of numbers, which must not wait for a disk.

A program says how it is every few seconds, and mostly the same: only what is new is written at once, the same again
after a while. What cannot be written waits, up to a bound. A program that writes another number into the name of each
check would make an alarm of each: beyond a bound all that is new is one alarm, which says so.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable

import gevent

from daemon import telemetry
from daemon.clock import Clock
from daemon.errors import StoreError
from daemon.event import Event, Severity, State
from daemon.intakes.statsd.told import SOURCE, Told

log = logging.getLogger("tocsin.statsd")

MOST = 1_000  # that wait
MOST_KNOWN = 10_000  # of which it is known what was said last
MOST_NEW = 2_000  # alarms that are heard of for the first time, in an hour
HOUR = 3_600.0
OTHERS = "(others)"
AGAIN = 60.0  # seconds until the same is said again
OVER_AGAIN = 3_600.0  # and that all is still well
AT_ONCE = 100  # in one write
PAUSE = (
    0.1  # seconds between two of them: whatever comes in here, others have the store for themselves most of the time
)
TROUBLE = 1.0  # seconds until the store is tried again


class Herald:
    """A queue with a greenlet of its own. `accept` is the door to the alarm path; it may wait, and raise StoreError."""

    def __init__(self, accept: Callable[[list[Event]], object], clock: Clock) -> None:
        self._accept = accept
        self._clock = clock
        self._waiting: deque[Event] = deque()
        self._said: dict[str, tuple[object, float]] = {}  # by key, the latest at the end
        self._new = 0  # alarms of this hour
        self._hour_began = clock.monotonic()
        self._wake = threading.Event()
        self._over = threading.Event()
        self._loop: gevent.Greenlet[[], None] | None = None

    def start(self) -> None:
        """Begin."""
        self._loop = gevent.spawn(self._run)

    def stop(self) -> None:
        """Write what waits, if that can be done at once."""
        self._over.set()
        self._wake.set()
        if self._loop is not None:
            self._loop.join()

    def put(self, told: Told) -> None:
        """Take one; never waits."""
        now = self._clock.monotonic()
        if told.event.state is State.FIRING and told.event.key not in self._said and self._is_crowded(now):
            told = self._others()
        event = told.event
        before = self._said.pop(event.key, None)
        again = AGAIN if event.state is State.FIRING else OVER_AGAIN
        if before is not None and before[0] == told.same and now - before[1] < again:
            self._said[event.key] = before
            telemetry.statsd_events.labels("repeated").inc()
            return
        if len(self._waiting) >= MOST:  # and is not remembered: if it is said again, it is new
            telemetry.statsd_events.labels("dropped").inc()
            return
        if len(self._said) >= MOST_KNOWN:
            del self._said[next(iter(self._said))]
        self._said[event.key] = (told.same, now)
        self._waiting.append(event)
        self._wake.set()

    def _is_crowded(self, now: float) -> bool:
        """Count one that is new; say whether there is no place for it in this hour."""
        if now - self._hour_began >= HOUR:
            self._hour_began, self._new = now, 0
        self._new += 1
        return self._new > MOST_NEW

    def _others(self) -> Told:
        """What is told in place of each that has no place."""
        event = Event(
            source=SOURCE,
            key=OTHERS,
            severity=Severity.ERROR,
            title="More events and service checks of statsd than can be told apart",
            text=f"{MOST_NEW:,} alarms were new within an hour; until it is over all others that are new are this one."
            " Does a name or tag of a check hold a number that is always another?",
            fires_until=self._clock.now() + HOUR,
        )
        return Told(event, event.title)

    def _run(self) -> None:
        while not self._over.is_set():
            if not self._waiting:
                self._wake.clear()
                self._clock.wait(self._wake, None)
                continue
            self._clock.wait(self._over, PAUSE if self._bring(AT_ONCE) else TROUBLE)
        self._bring(MOST)

    def _bring(self, most: int) -> bool:
        """Write some; say whether it could be done."""
        batch = [self._waiting[i] for i in range(min(most, len(self._waiting)))]
        if not batch:
            return True
        try:
            self._accept(batch)
            telemetry.statsd_events.labels("told").inc(len(batch))
        except StoreError as error:
            log.warning("%d events of statsd wait: %s", len(self._waiting), error)
            return False
        except Exception:  # a loop of the process's own: it must go on
            log.exception("%d events of statsd were lost", len(batch))
            telemetry.statsd_events.labels("dropped").inc(len(batch))
        for _ in batch:
            self._waiting.popleft()
        return True
