"""How long the looks of a probe took in the last day, by the hour and by phases."""

import datetime as dt
from collections.abc import Sequence

from daemon.history.phases import TOTAL
from daemon.history.query import History, Point, timings
from daemon.reading import Looks
from daemon.web.view import Hour, Response

HOUR = 3_600.0
HOURS = 24
BACK = (HOURS - 1) * HOUR


def phases_of(kind: Looks) -> tuple[str, ...]:
    """The phases that a kind declares. What else a reading may hold is not for strangers: the names of places."""
    declared: tuple[str, ...] = getattr(kind, "PHASES", ())
    return tuple(name for name in declared if name != TOTAL)


def is_timed(kind: Looks) -> bool:
    """Whether anything answers: how long it took to look at a disk, or at what a job said, is no response time."""
    return bool(getattr(kind, "PHASES", ()))


def response(history: History, name: str, phases: Sequence[str], now: float, zone: dt.tzinfo) -> Response:
    """Ask for 23 whole hours and what has come of this one."""
    begin = now // HOUR * HOUR - BACK
    told = timings(history.tally(name, begin, now))
    found = {point.begin: _hour(point, phases) for point in history.chart(name, begin, now, "hour", zone)}
    starts = [begin + number * HOUR for number in range(HOURS)]
    return Response(
        hours=tuple(found.get(at) or Hour(begin=at, phases={}, mean=None, p95=None) for at in starts),
        phases={phase: told[phase] for phase in phases if phase in told},
        total=told.get(TOTAL),
    )


def _hour(point: Point, phases: Sequence[str]) -> Hour:
    total = point.phases.get(TOTAL)
    return Hour(
        begin=point.begin,
        phases={phase: point.phases[phase].mean for phase in phases if phase in point.phases},
        mean=total.mean if total else None,
        p95=total.p95 if total else None,
    )
