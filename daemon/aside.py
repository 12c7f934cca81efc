"""Work that only computes, in a native thread of its own: the event loop goes on meanwhile."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from gevent.threadpool import ThreadPool

T = TypeVar("T")

LARGE = 32 * 1024  # bytes of a body; to read a megabyte takes tenths of a second, to hand it over much less than one


class Aside(Protocol):
    """Does work beside the event loop, and hands back or raises what comes of it."""

    def __call__(self, work: Callable[[], T]) -> T:
        """`work` may only compute: no gevent, no store, no logging, no clock."""


def at_once(work: Callable[[], T]) -> T:
    """Stand in for a thread where there is no event loop to keep free."""
    return work()


def beside(aside: Aside, body: bytes, work: Callable[[], T]) -> T:
    """Do what a body costs: beside the event loop if it is large, else at once."""
    return aside(work) if len(body) > LARGE else work()


class Outcome(Generic[T]):
    """What came of work in a thread. A pool would write an error that it sees itself to standard error."""

    _result: T

    def __init__(self, work: Callable[[], T]) -> None:
        self._error: Exception | None = None
        try:
            self._result = work()
        except Exception as error:  # noqa: BLE001 - raised again where it was asked for
            self._error = error

    def get(self) -> T:
        """Return or raise it, where it was asked for."""
        if self._error is not None:
            raise self._error
        return self._result


class AsideThread:
    """One thread, or few: what a stranger's text costs is paid one text after another, never by everybody else."""

    def __init__(self, threads: int = 1) -> None:
        self._thread = ThreadPool(threads)

    def __call__(self, work: Callable[[], T]) -> T:
        """Do it when what came before is done; only the caller waits."""
        outcome: Outcome[T] = self._thread.apply(Outcome, (work,))
        return outcome.get()

    def stop(self) -> None:
        """Take nothing more; what is still computed is for nobody."""
        self._thread.kill()
