"""Makes something at most so often, however many ask for it: one of them makes it, the others take what there is.

Whoever asks may be anybody. So what is made lasts the longer the more work it was, whatever is asked for is made one
after another with a rest between, and only so many wait; the others are told to come again.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

from daemon.clock import Clock
from daemon.errors import TocsinError

T = TypeVar("T")

SHARE = 20  # what took long to make lasts so many times as long: nobody's visit takes more than a part of a processor
STALE = 300.0  # seconds for which what is past its time is still better than to wait
MOST_WAITING = 16  # who wait for one thing, or for their turn
PATIENCE = 30.0  # seconds that they wait
REST = 4  # times as long as the last thing took nothing is made: so all of it takes a fifth of a processor
LONGEST_REST = 2.0  # seconds; what takes longer to make lasts for so long that there cannot be much of it


class Crowded(TocsinError):
    """Enough wait already, or it could not be made for them."""


class Pen:
    """What things are made with: there is one, and it rests after each in proportion."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turn = threading.Lock()
        self._waiting = 0
        self._rests_until = float("-inf")

    def __call__(self, make: Callable[[], T]) -> T:
        """Make it when it is its turn. Raises Crowded."""
        if self._waiting >= MOST_WAITING:
            raise Crowded("too many different things are asked for")
        self._waiting += 1
        try:
            self._turn.acquire()
        finally:
            self._waiting -= 1
        try:
            if (left := self._rests_until - self._clock.monotonic()) > 0:
                self._clock.sleep(left)
            began = self._clock.monotonic()
            try:
                return make()
            finally:
                ended = self._clock.monotonic()
                self._rests_until = ended + min(LONGEST_REST, REST * (ended - began))
        finally:
            self._turn.release()


def at_once(make: Callable[[], T]) -> T:
    """Make what is made within something else, which has the pen."""
    return make()


class With(Protocol):
    """Makes things, each in its turn or at once."""

    def __call__(self, make: Callable[[], T]) -> T:
        """Make it. Raises Crowded, and what `make` raises."""


class Fresh(Generic[T]):
    """One thing that can be made anew."""

    def __init__(self, clock: Clock, make: Callable[[], T], lasts: float, pen: With = at_once) -> None:
        self._clock = clock
        self._make = make
        self._lasts = lasts
        self._pen = pen
        self._made: T | None = None
        self._until = float("-inf")
        self._making: threading.Event | None = None
        self._waiting = 0

    def get(self) -> T:
        """Give what there is while it is fresh, or while somebody makes it anew. Raises Crowded."""
        now = self._clock.monotonic()
        if self._made is not None and now < self._until:
            return self._made
        stale = self._made if now < self._until + STALE else None
        if self._making is not None:
            return self._awaited(self._making) if stale is None else stale
        try:
            return self._renewed()
        except TocsinError:
            if stale is None:
                raise
            return stale

    def _renewed(self) -> T:
        done = self._making = threading.Event()
        try:
            made, took = self._pen(self._timed)
            self._made, self._until = made, self._clock.monotonic() + max(self._lasts, SHARE * took)
            return made
        finally:
            self._making = None
            done.set()

    def _timed(self) -> tuple[T, float]:
        began = self._clock.monotonic()
        made = self._make()
        return made, self._clock.monotonic() - began

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

    def __init__(self, clock: Clock, lasts: float, most: int, pen: With = at_once) -> None:
        self._clock = clock
        self._lasts = lasts
        self._pen = pen
        self._most = most
        self._things: OrderedDict[Hashable, Fresh[T]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Give the one about this. Raises Crowded."""
        found = self._things.get(key)
        if found is None:
            found = self._things[key] = Fresh(self._clock, make, self._lasts, self._pen)
            if len(self._things) > self._most:
                self._things.popitem(last=False)
        self._things.move_to_end(key)
        return found.get()
