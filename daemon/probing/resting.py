"""When nobody was meant to look at a probe, of a time that is over: paused, or outside of its hours."""

from collections.abc import Callable, Collection, Iterator, Mapping

from daemon.calendars.interval import TimeInterval
from daemon.config.looking import ProbePlan
from daemon.probing.ledger import Ledger
from daemon.probing.rhythm import hours_of, is_open, next_change

Piece = tuple[int, int]  # from, to, in milliseconds

_PER_SECOND = 1_000


class Resting:
    """Told from what is on disk and configured, and not from what was noticed: also of a time at which nobody ran."""

    def __init__(self, ledger: Ledger, intervals: Callable[[], Mapping[str, TimeInterval]]) -> None:
        self._ledger = ledger
        self._intervals = intervals

    def names(self) -> Collection[str]:
        """The probes that were ever paused, as far as that is known; beside those with hours."""
        return self._ledger.history().keys()

    def __call__(self, plan: ProbePlan, begin: int, end: int) -> list[Piece]:
        """The pieces of this time, in no order; they may overlap."""
        return [*self._paused(plan, begin, end), *self._outside(plan, begin, end)]

    def _paused(self, plan: ProbePlan, begin: int, end: int) -> Iterator[Piece]:
        for pause in self._ledger.history().get(plan.name, ()):
            over = pause.until if pause.ended_at is None else pause.ended_at
            since = max(begin, round(pause.since * _PER_SECOND))
            until = end if over is None else min(end, round(over * _PER_SECOND))
            if since < until:
                yield since, until

    def _outside(self, plan: ProbePlan, begin: int, end: int) -> Iterator[Piece]:
        hours = hours_of(plan, self._intervals()) if plan.active else []
        at = begin
        while hours and at < end:
            changes = next_change(hours, at / _PER_SECOND, end / _PER_SECOND)
            upto = end if changes is None else min(end, round(changes * _PER_SECOND))
            if not is_open(hours, at / _PER_SECOND):
                yield at, upto
            at = upto
