"""What the store knows: windows filled after a start, what there was a day or a week ago, which series stands out."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Protocol

from daemon.config.thresholds import Rule
from daemon.expressions.expression import AMOUNTS, PERCENTILE, VERSUS, Expression, Group, Value
from daemon.matcher import Matcher
from daemon.series.key import Kind
from daemon.series.query import MOST, Listed, Tallies
from daemon.series.selector import Selector
from daemon.series.table import SLOT
from daemon.series.tally import Tally
from daemon.thresholds.heard import ENOUGH, Heard
from daemon.thresholds.view import FORGET, TOGETHER, View

MINUTE, HOUR = 60, 3_600
_PARTS = 12  # into which a window is cut, to say how often what was before is read anew


class Stored(Protocol):
    """The series, as far as the past of rules is asked for. Raises StoreError."""

    def list(self, selector: Selector) -> "list[Listed]":
        """The series that are meant."""

    def tallies(self, selector: Selector, begin: float, end: float, step: int, by: Sequence[str] | None) -> Tallies:
        """What came of them, by groups and steps; with 0 as one."""


class Past:
    """Asks the series. Raises StoreError, and TooMuch where an answer would have too many numbers."""

    def __init__(self, query: Stored, most: int = MOST) -> None:
        """`most` is how many numbers one answer may have."""
        self._query = query
        self._most = most

    def fill(self, view: View, end: float, heard: Heard) -> None:
        """Put into a window what came before `end`."""
        groups = self._meet(view, heard.since(end, FORGET))
        begin = end - view.sight.over
        whole = end // view.sight.piece * view.sight.piece
        for first, last, length in ((begin, whole, view.sight.piece), (whole, end, SLOT)):
            if first < last and view.kind is not None:
                self._put(view, first, last, length, max(1, self._most // groups) * length)
        view.begun = begin

    def reference(
        self, views: Sequence[View], about: Expression, now: float, heard: Heard
    ) -> tuple[Mapping[Group, float] | None, float]:
        """What it was a day or a week ago, by group, and until when that is good enough.

        None where too little of it was heard: half a day that tocsin was away is no day on which half as much came.
        """
        length = HOUR if about.shift > VERSUS["yesterday"] else max(MINUTE, int(about.over / _PARTS) // MINUTE * MINUTE)
        end = round(now / length) * length - about.shift
        return self._numbers(views, about, end, heard), (now // length + 1) * length

    def usual(self, views: Sequence[View], about: Expression, group: Group, now: float, heard: Heard) -> float | None:
        """What it was at this time yesterday; None where that is not known."""
        end = now // MINUTE * MINUTE - VERSUS["yesterday"]
        found = self._numbers(views, about, end, heard, group)
        return None if found is None else found.get(group)

    def worst(self, view: View, rule: Rule, group: Group, now: float) -> tuple[Group, float] | None:
        """The series of a group that stands out, and its number; None where there is only one."""
        value = rule.expr.value
        selector = _narrowed(view.selector, group)
        found = self._query.tallies(selector, now - rule.expr.over, now, 0, None)
        numbers = {
            labels: number
            for labels, steps in found.items()
            if (number := number_of(value, _merged(steps), view.kind, rule.expr.over)) is not None
        }
        if len(numbers) < 2:  # noqa: PLR2004 - one is all there is
            return None
        worst = max(numbers, key=lambda labels: rule.badness(numbers[labels]))
        return worst, numbers[worst]

    def _numbers(
        self, views: Sequence[View], about: Expression, end: float, heard: Heard, group: Group = ()
    ) -> dict[Group, float] | None:
        begin = end - about.over
        share = heard.of(begin, end) / about.over
        if share < ENOUGH:
            return None
        both = []
        for view, value in zip(views, about.values, strict=True):
            tallies = self._query.tallies(_narrowed(view.selector, group), begin, end, 0, about.by)
            both.append(
                {
                    labels: number / share if value.function in AMOUNTS else number
                    for labels, steps in tallies.items()
                    if (number := number_of(value, _merged(steps), view.kind, about.over)) is not None
                }
            )
        if about.divisor is None:
            return both[0]
        zero = about.value.function in AMOUNTS
        return {
            labels: both[0].get(labels, 0.0) / below
            for labels, below in both[1].items()
            if below and (zero or labels in both[0])
        }

    def _meet(self, view: View, since: float) -> int:
        """Groups that something came of since then are known, be there nothing of them in the window.

        Returns how many there are in the store, which may be more than are watched.
        """
        groups = {TOGETHER}
        for listed in self._query.list(view.selector):
            groups.add(view.group_of(listed.key))
            if since < listed.seen and (one := view.meet(listed.key)) is not None:
                one.heard = max(one.heard, view.piece(listed.seen))
        return len(groups)

    def _put(self, view: View, begin: float, end: float, length: int, much: int) -> None:
        """Read it in steps of this length, and so many seconds at once."""
        for at in range(int(begin // length) * length, ceil(end), much):
            first, last = max(begin, at), min(end, at + much)
            found = self._query.tallies(view.selector, first, last, length, view.sight.by)
            for labels, steps in found.items():
                if (one := view.groups.get(labels)) is not None:
                    for start, tally in steps:
                        one.put(view.piece(max(first, start)), tally)


def number_of(value: Value, tally: Tally, kind: Kind | None, over: float) -> float | None:
    """The number that a function makes of all that came; None where nothing came that has one."""
    many = tally.total if kind is Kind.COUNTER else tally.count
    found: dict[str, float | None] = {"rate": many / over, "count": many, "sum": tally.total}
    if value.function in found:
        return found[value.function]
    if not tally.count:
        return None
    if value.function == PERCENTILE:
        return tally.quantile(value.part)
    found = {"avg": tally.mean, "min": tally.low, "max": tally.high, "last": tally.last}
    return found.get(value.function, tally.different)


def _merged(steps: Sequence[tuple[int, Tally]]) -> Tally:
    whole = Tally()
    for _, tally in steps:
        whole.merge(tally)
    return whole


def _narrowed(selector: Selector, group: Group) -> Selector:
    return Selector(selector.name, (*selector.matchers, *(Matcher(name, "=", value) for name, value in group)))
