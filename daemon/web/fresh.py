"""Makes something at most so often, however many ask for it: one of them makes it, the others take what there is."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from daemon.clock import Clock
from daemon.errors import TocsinError

T = TypeVar("T")

SHARE = 20  # what took long to make lasts so many times as long: nobody's visit takes more than a part of a processor
STALE = 300.0  # seconds for which what is past its time is still better than to wait
MOST_WAITING = 16  # who wait for the first one; whoever comes after them is asked to come again
PATIENCE = 30.0  # seconds that they wait


class Crowded(TocsinError):
    """It is being made, and enough wait for it."""


class Fresh(Generic[T]):
    """One thing that can be made anew."""

    def __init__(self, clock: Clock, make: Callable[[], T], lasts: float) -> None:
        self._clock = clock
        self._make = make
        self._lasts = lasts
        self._made: T | None = None
        self._until = float("-inf")
        self._making: threading.Event | None = None
        self._waiting = 0

    def get(self) -> T:
        """Give what there is while it is fresh, or while somebody makes it anew. Raises Crowded."""
        now = self._clock.monotonic()
        if self._made is not None and now < self._until:
            return self._made
        if self._making is None:
            return self._renewed()
        if self._made is not None and now < self._until + STALE:
            return self._made
        return self._awaited(self._making)

    def _renewed(self) -> T:
        done = self._making = threading.Event()
        began = self._clock.monotonic()
        try:
            made = self._make()
            ended = self._clock.monotonic()
            self._made, self._until = made, ended + max(self._lasts, SHARE * (ended - began))
            return made
        finally:
            self._making = None
            done.set()

    def _awaited(self, done: threading.Event) -> T:
        if self._waiting >= MOST_WAITING:
            raise Crowded("too many wait for this page")
        before = self._until
        self._waiting += 1
        try:
            self._clock.wait(done, PATIENCE)
        finally:
            self._waiting -= 1
        if self._made is None or self._until == before:
            raise Crowded("this page could not be made")
        return self._made


class Shelf(Generic[T]):
    """Many of them, by what they are about; the one that nobody has asked for longest makes room."""

    def __init__(self, clock: Clock, lasts: float, most: int) -> None:
        self._clock = clock
        self._lasts = lasts
        self._most = most
        self._things: OrderedDict[Hashable, Fresh[T]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Give the one about this. Raises Crowded."""
        found = self._things.get(key)
        if found is None:
            found = self._things[key] = Fresh(self._clock, make, self._lasts)
            if len(self._things) > self._most:
                self._things.popitem(last=False)
        self._things.move_to_end(key)
        return found.get()
