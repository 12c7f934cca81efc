"""Work that only computes, in a native thread of its own: the event loop goes on meanwhile."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from gevent.threadpool import ThreadPool

T = TypeVar("T")


class Aside(Protocol):
    """Does work beside the event loop, and hands back or raises what comes of it."""

    def __call__(self, work: Callable[[], T]) -> T:
        """`work` may only compute: no gevent, no store, no logging, no clock."""


class AsideThread:
    """One thread: what a stranger's text costs is paid one text after another, never by everybody else."""

    def __init__(self) -> None:
        self._thread = ThreadPool(1)

    def __call__(self, work: Callable[[], T]) -> T:
        """Do it when what came before is done; only the caller waits."""
        result: T = self._thread.apply(work)
        return result

    def stop(self) -> None:
        """Take nothing more; what is still computed is for nobody."""
        self._thread.kill()
