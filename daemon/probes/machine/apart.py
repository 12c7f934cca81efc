"""Calls that may never come back: each in a native thread, of which there are few, and never two about the same."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from gevent.event import AsyncResult
from gevent.lock import Semaphore
from gevent.threadpool import ThreadPool

from daemon.aside import Outcome
from daemon.clock import Clock, SystemClock

T = TypeVar("T")

MOST = 8  # calls at once; a mount that hangs keeps one of them for as long as it hangs


class HungError(Exception):
    """The call has not come back in time. It goes on; `since` says for how many seconds already."""

    def __init__(self, since: float) -> None:
        super().__init__(f"no answer for {since:g}s")
        self.since = since


class CrowdedError(Exception):
    """Nobody could be spared: all calls that may be under way at once are, for too long already."""


class Apart:
    """Whoever asks about what is being asked already waits for that answer: what hangs costs one thread, once."""

    def __init__(self, most: int = MOST, clock: Clock | None = None) -> None:
        self._most = most
        self._clock = clock or SystemClock()
        self._free = Semaphore(most)
        self._pool: ThreadPool | None = None  # made when it is needed: it belongs to the event loop of that time
        self._asked: dict[Hashable, tuple[float, AsyncResult[Any]]] = {}

    @property
    def asked(self) -> int:
        """How many calls are under way."""
        return len(self._asked)

    def call(self, about: Hashable, work: Callable[[], T], limit: float) -> T:
        """Return or raise what comes of `work`, which may only compute and ask the system: no gevent, no logging.

        Raises HungError when it takes longer than `limit` seconds, CrowdedError when it could not even be begun.
        """
        until = self._clock.monotonic() + limit
        if about not in self._asked:
            if not self._free.acquire(timeout=limit):
                raise CrowdedError(f"{self._most} others do not come back")
            self._begin(about, work)
        began, answer = self._asked[about]
        answer.wait(timeout=max(0.0, until - self._clock.monotonic()))
        if not answer.ready():
            raise HungError(self._clock.monotonic() - began)
        outcome = cast("Outcome[T]", answer.get())
        return outcome.get()

    def _begin(self, about: Hashable, work: Callable[[], T]) -> None:
        if about in self._asked:  # somebody else began while we waited for a thread
            self._free.release()
            return
        if self._pool is None:
            self._pool = ThreadPool(self._most)
        answer = self._pool.spawn(Outcome, work)
        self._asked[about] = (self._clock.monotonic(), answer)
        answer.rawlink(lambda _: self._ended(about))

    def _ended(self, about: Hashable) -> None:
        del self._asked[about]
        self._free.release()
