"""The instants at which a group may be flushed: its first flush, then every interval after it."""

import math

LEAST = 1.0  # seconds from one look at what is muted to the next, where a group has no interval


def at_or_after(began: float, interval: float, instant: float) -> float:
    """The first tick of a group that began then, not before `instant`; without an interval, `instant` itself."""
    if interval <= 0:
        return instant
    tick = began + math.ceil((instant - began) / interval) * interval
    return tick if tick >= instant else tick + interval


def after(began: float, interval: float, flushed: float) -> float:
    """The first tick behind a flush."""
    if interval <= 0:
        return flushed + LEAST
    tick = at_or_after(began, interval, flushed)
    return tick if tick > flushed else tick + interval


def for_news(
    began: float | None, flushed: float | None, wait: float, interval: float, started: float, now: float
) -> float:
    """When a group that has news at `now` is to be flushed.

    A group that was never flushed waits for company first, unless its alert `started` longer ago than that: then it has
    waited enough (prometheus/alertmanager dispatch/dispatch.go, `insert`).
    """
    if began is None:
        return now if started + wait < now else now + wait
    if flushed is not None and interval > 0 and flushed >= now:
        return after(began, interval, flushed)
    return at_or_after(began, interval, now)
