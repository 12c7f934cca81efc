"""Adds readings up to minutes, hours and days as these become whole, beside everything else."""

import threading
from collections.abc import Callable, Mapping

import gevent

from daemon.clock import Clock
from daemon.config.settings import Settings
from daemon.history import tiers
from daemon.history.forget import forget_readings
from daemon.history.steady import steadily
from daemon.history.tiers import DAY, HOUR, MINUTE
from daemon.store import probes
from daemon.store.base import Store

PACE = 1.0  # seconds between two hundreds of probes whose usual times are worked out


class Roller:
    """Has a greenlet of its own: what is added up must not keep what is seen from being written down."""

    def __init__(self, store: Store, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._until = 0  # seconds up to which all readings are in the store
        self._done = 0
        self._usual: dict[str, Mapping[str, float]] = {}
        self._wake = threading.Event()
        self._greenlet: gevent.Greenlet[[], None] | None = None

    def start(self) -> None:
        """Begin to wait for something to add up."""
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """Add no more up; what was begun is made again after the next start."""
        if self._greenlet is not None:
            self._greenlet.kill()

    def flushed(self, until: int) -> None:
        """All readings before then are in the store (seconds)."""
        self._until = until
        if until // MINUTE != self._done // MINUTE:
            self._wake.set()

    def usual(self, name: str) -> Mapping[str, float]:
        """How long each phase of a probe took in the middle of the last day's looks."""
        return self._usual.get(name, {})

    def forget(self, name: str) -> None:
        """Nobody watches it any more."""
        self._usual.pop(name, None)

    def roll(self) -> None:
        """Add up what is whole, and let go of single readings that are old. Raises StoreError."""
        until = self._until
        if tiers.roll(self._store, self._clock, until) or not self._done:
            self._learn()
        self._done = until
        forget_readings(self._store, until - self._settings().history.readings)

    def _run(self) -> None:
        while True:
            self._clock.wait(self._wake, None)
            self._wake.clear()
            steadily(self.roll, "readings are added up later", "readings could not be added up")

    def _learn(self) -> None:
        """Work out what is usual."""
        newest = self._until // HOUR * HOUR
        starts = range(newest - DAY, newest, HOUR)
        names = {number: name for name, number in self._store.read(probes.numbers).items()}
        for whole in tiers.sums(self._store, self._clock, HOUR, starts):
            for number, one in whole.items():
                if number in names:
                    self._usual[names[number]] = {name: spread.quantile(0.5) for name, spread in one.phases.items()}
            self._clock.sleep(PACE)
