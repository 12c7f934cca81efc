"""Counts, times and errors of a program, told to tocsin in plain DogStatsD datagrams.

    import tocsin

    tocsin.configure(app="shop")
    tocsin.Counter("orders").increment()

Nothing here raises into the program or waits for anything: what cannot be sent is dropped, and counted in
`tocsin.dropped`.
"""

from __future__ import annotations

from typing import Any

from tocsin import _way
from tocsin._numbers import Average, Counter, Distinct, Gauge, Timer
from tocsin._timed import perf_logging, resource, timed
from tocsin._way import configure, flush
from tocsin._web import bottle, flask, wsgi

__version__ = "0.1.0"
__all__ = [
    "Average",
    "Counter",
    "Distinct",
    "Gauge",
    "Timer",
    "bottle",
    "configure",
    "dropped",
    "flask",
    "flush",
    "perf_logging",
    "resource",
    "timed",
    "wsgi",
]

dropped: int  # values and datagrams that could not be sent, as far as this process knows


def __getattr__(name: str) -> Any:
    """`tocsin.dropped` is asked for anew each time."""
    if name == "dropped":
        return _way.lost.number
    raise AttributeError(f"module 'tocsin' has no attribute {name!r}")
