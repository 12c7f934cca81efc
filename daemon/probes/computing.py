"""One native thread for what a look computes that would keep the event loop from others: large answers, hashes."""

import functools

from daemon.aside import AsideThread


@functools.cache
def computing() -> AsideThread:
    """The thread; it is started by the first that needs it."""
    return AsideThread()
