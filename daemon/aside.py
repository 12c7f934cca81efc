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


class _Done(Generic[T]):
    """What came of it. The pool would write an error that it sees itself to standard error, with all it is about."""

    result: T

    def __init__(self, work: Callable[[], T]) -> None:
        self.error: Exception | None = None
        try:
            self.result = work()
        except Exception as error:  # noqa: BLE001 - raised again where it was asked for
            self.error = error


class AsideThread:
    """One thread, or few: what a stranger's text costs is paid one text after another, never by everybody else."""

    def __init__(self, threads: int = 1) -> None:
        self._thread = ThreadPool(threads)

    def __call__(self, work: Callable[[], T]) -> T:
        """Do it when what came before is done; only the caller waits."""
        done: _Done[T] = self._thread.apply(_Done, (work,))
        if done.error is not None:
            raise done.error
        return done.result

    def stop(self) -> None:
        """Take nothing more; what is still computed is for nobody."""
        self._thread.kill()
