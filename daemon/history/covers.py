"""What covers the time of a probe: maintenance windows that match its alarm, and times at which nobody is to look.

Maintenance counts from the opening of the window to its end, in whichever state the probe is, and also when tocsin
itself was stopped meanwhile: what was opened and closed is read from the store, not noticed as it happens.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

from daemon.alerting.index import Index
from daemon.alerting.silence import matchers_of
from daemon.calendars.interval import TimeInterval
from daemon.config import recurring
from daemon.config.looking import ProbePlan
from daemon.errors import MatcherError
from daemon.event import PROBE
from daemon.history.stretches import Time, Turn, ms
from daemon.matcher import Matcher
from daemon.probing.telling import labels_of, severity_of
from daemon.reading import Health
from daemon.store.silences import Silence

Piece = tuple[int, int]  # from, to, in milliseconds


class Rests(Protocol):
    """When nobody was to look; `daemon.probing.resting.Resting`."""

    def names(self) -> Collection[str]:
        """The probes of which there is anything to say, beside those with hours of their own."""

    def __call__(self, plan: ProbePlan, begin: int, end: int) -> Sequence[Piece]:
        """The pieces of this time in which nobody was to look at a probe."""


class NeverRests:
    """Somebody is always to look."""

    def names(self) -> Collection[str]:
        """Nobody rests."""
        return ()

    def __call__(self, plan: ProbePlan, begin: int, end: int) -> Sequence[Piece]:
        """Never."""
        del plan, begin, end
        return ()


def alarm_labels(plan: ProbePlan) -> dict[str, str]:
    """The labels that matchers see of the alarm that it is down."""
    severity = severity_of(plan, Health.DOWN).value
    return {"source": PROBE, "severity": severity} | labels_of(plan, Health.DOWN)


def matched(windows: Iterable[Silence], plans: Iterable[tuple[str, ProbePlan]]) -> dict[str, list[Silence]]:
    """Which of these maintenance windows each probe has, if it has any."""
    readable = [(one, found) for one in windows if (found := _matchers(one))]
    if not readable:
        return {}
    index = Index([found for _, found in readable])
    matching = {name: list(index.matching(alarm_labels(plan))) for name, plan in plans}
    return {name: [readable[number][0] for number in found] for name, found in matching.items() if found}


def in_force(window: Silence, begin: int, end: int) -> Iterator[Piece]:
    """When a window was open, of the time between."""
    since = max(begin, ms(window.starts_at))
    until = end if window.ends_at is None else min(end, ms(window.ends_at))
    if since >= until:
        return
    if not window.during:
        yield since, until
        return
    try:
        recurs = TimeInterval(name=window.name, time_intervals=recurring.read(window.during))
    except ValueError:  # another version of tocsin wrote it: it mutes nothing, and so it excuses nothing
        return
    yield from _inside(recurs, since, until)


def _inside(recurs: TimeInterval, begin: int, end: int) -> Iterator[Piece]:
    at = begin
    while at < end:
        edge = recurs.edge(at / 1_000, end / 1_000)
        upto = end if edge is None else min(end, ms(edge))
        if recurs.contains(at / 1_000):
            yield at, upto
        at = upto


def turns(
    maintenance: Sequence[Piece], rests: Sequence[Piece], begin: int, end: int, before: Time | None
) -> list[Turn]:
    """How the cover changes from `begin` to `end`, when `before` covered until then. Rest goes before maintenance."""
    found = []
    edges = {begin, *(edge for piece in (*maintenance, *rests) for edge in piece if begin <= edge < end)}
    for at in sorted(edges):
        time = Time.PAUSED if _holds(rests, at) else Time.MAINTENANCE if _holds(maintenance, at) else None
        if time is not before:
            found.append(Turn(at, time))
            before = time
    return found


def _holds(pieces: Iterable[Piece], at: int) -> bool:
    return any(begin <= at < end for begin, end in pieces)


def _matchers(window: Silence) -> list[Matcher]:
    try:
        return matchers_of(window)
    except MatcherError:
        return []
