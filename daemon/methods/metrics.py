"""The series of numbers: which there are, how they went, and how pages and resources did."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from daemon.clock import unhurried
from daemon.errors import MethodError
from daemon.history.period import Period
from daemon.methods.asked import asked, meant, zone_of
from daemon.methods.codes import Limit
from daemon.methods.parts import Parts
from daemon.methods.table import INVALID_PARAMS, REFUSED, Table
from daemon.series import views
from daemon.series.covering import kept_since
from daemon.series.key import Kind
from daemon.series.selector import Selector
from daemon.series.table import SLOT
from daemon.series.tally import Tally
from daemon.series.views import Line, Of, Sort
from daemon.series.writing import TIERS
from daemon.units import seconds

MOST_POINTS = 100_000  # of a series
POINTS = 200  # of each, where no step is asked for
STEPS = (10, 60, 300, 900, 3_600, 21_600, 86_400, 604_800)
EACH = "*"

T = TypeVar("T")

_QUANTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,3})?)", re.ASCII)
_USUAL = {Kind.COUNTER: "rate", Kind.GAUGE: "avg", Kind.SPREAD: "p95", Kind.SET: "different"}
_WHAT: dict[str, Callable[[Tally], float | None]] = {
    "count": lambda tally: tally.count,
    "sum": lambda tally: tally.total,
    "avg": lambda tally: tally.mean,
    "min": lambda tally: tally.low,
    "max": lambda tally: tally.high,
    "last": lambda tally: tally.last,
    "different": lambda tally: tally.different,
}
HOW = "write one of count, sum, rate, avg, min, max, last, different, or p50, p95, p99.9 and so on"


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A series, or a name with so many. `seen` is about when something last came."""

    name: str
    kind: Kind
    unit: str
    labels: dict[str, str] = {}
    series: int = 1
    seen: float | None = None


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """How one series went, or many together: where each step begins, and what it was there."""

    labels: dict[str, str]
    points: list[tuple[float, float | None]]


class Courses(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. `step` is 0 where there is one point for all the time; steps without anything are left out.

    `unit` is that of the series, and `what` what of them is shown: of a rate it is so much a second.
    """

    selector: str
    what: str
    unit: str
    begin: float
    end: float
    step: float
    known: bool  # whether there are such series at all
    series: list[Course]


class ViewsReport(msgspec.Struct, frozen=True, kw_only=True):
    """Lines with the most first, and all of them together; `number` says how many there are without the limit."""

    of: Of
    period: str
    begin: float
    end: float
    number: int
    all: Line
    lines: list[Line]


def add(table: Table, parts: Parts) -> None:
    """Add `metrics.*` and `views.*`."""
    _add_list(table, parts)
    _add_get(table, parts)
    _add_report(table, parts)


def _add_list(table: Table, parts: Parts) -> None:
    @table.method("metrics.list", "read")
    def _list(selector: str = "", limit: Limit = 100) -> list[Listing]:
        """List the names of all series, or the series that a selector means.

        A selector is such as `http.time`, `http.*`, or `http.time{app="shop",route=~"/pay.*"}`.
        """
        if not selector:
            found = (
                Listing(name=one.name, kind=one.kind, unit=one.unit, series=one.series) for one in parts.series.names()
            )
            return list(found)
        wanted = asked("selector", lambda: Selector.parse(selector))
        return [
            Listing(name=one.key.name, kind=one.key.kind, unit=one.key.unit, labels=dict(one.key.labels), seen=one.seen)
            for one in parts.series.list(wanted)[:limit]
        ]


def _add_get(table: Table, parts: Parts) -> None:
    @table.method("metrics.get", "read")
    def _get(
        selector: str,
        what: str = "",
        period: str = "",
        begin: str = "",
        end: str = "",
        zone: str = "",
        step: str = "",
        by: list[str] = [],  # noqa: B006 - never written to
        limit: Limit = 100,
    ) -> Courses:
        """Show how series went in a period, which is the last hour where none is given.

        The series that are meant are added up; `by` names the labels by which they are told apart, `*` each. `what` is
        count, sum, rate, avg, min, max, last, different, p50, p99.9 and so on; where it is not said, a rate of
        counters, the average of gauges, p95 of times and sizes. `step` is such as `1m` or `1h`, `all` for one number;
        it is longer where nothing that fine is kept any more. Days are those of UTC. At most `limit` lines.
        """
        wanted = asked("selector", lambda: Selector.parse(selector))
        when = _period(parts, zone, period, begin, end)
        return _courses(parts, wanted, what, when, _step(parts, step, when), None if EACH in by else by, limit)


def _add_report(table: Table, parts: Parts) -> None:
    @table.method("views.report", "read")
    def _report(
        of: Of = "route",
        app: str = "",
        period: str = "",
        begin: str = "",
        end: str = "",
        zone: str = "",
        sort: Sort = "requests",
        limit: Limit = 100,
    ) -> ViewsReport:
        """Tell how routes, apps or resources did: requests, percentiles of their times, errors.

        In the last hour, or in a period such as `6h`, `today`, `2026-10`; of all apps or of one; `sort` names the
        number of which the most comes first.
        """
        when = _period(parts, zone, period, begin, end)
        found = _possible(
            lambda: views.report(parts.series, parts.clock, of, when.begin, when.end, app=app, sort=sort, limit=limit)
        )
        return ViewsReport(
            of=of,
            period=when.name,
            begin=when.begin,
            end=when.end,
            number=found.number,
            all=found.all,
            lines=found.lines,
        )


def _courses(
    parts: Parts, wanted: Selector, what: str, when: Period, step: int, by: Sequence[str] | None, limit: int
) -> Courses:
    kinds = [(one.kind, one.unit) for one in parts.series.names() if wanted.names(one.name)]
    kind = kinds[0][0] if kinds else Kind.COUNTER
    shown = what or _USUAL[kind]
    read = asked("what", lambda: _what(shown, kind, step, when))
    if _QUANTILE.fullmatch(shown) and kinds and all(one is not Kind.SPREAD for one, _ in kinds):
        said = f"what: {shown} is of times and other spreads; {wanted} is a {kind}"
        raise MethodError(said, code=INVALID_PARAMS, data={"field": "what"})
    found = _possible(lambda: parts.series.tallies(wanted, when.begin, when.end, step, by))
    courses = [
        Course(
            labels=dict(labels), points=[(float(at), read(at, tally)) for at, tally in unhurried(parts.clock, steps)]
        )
        for labels, steps in sorted(found.items(), key=lambda one: _size(one[1]), reverse=True)[:limit]
    ]
    units = {unit for _, unit in kinds}
    return Courses(
        selector=str(wanted),
        what=shown,
        unit=units.pop() if len(units) == 1 else "",
        begin=when.begin,
        end=when.end,
        step=float(step),
        known=bool(kinds),
        series=courses,
    )


def _possible(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except ValueError as error:
        raise MethodError(str(error), code=REFUSED) from error


def _period(parts: Parts, zone: str, name: str, begin: str, end: str) -> Period:
    """What is meant, as far as it is over: the slot that is open counts for nothing yet."""
    found = meant(parts, zone_of(parts, zone), name, begin, end, "1h")
    now = parts.clock.now()
    if found.begin >= now:
        raise MethodError("that time has not come yet", code=INVALID_PARAMS, data={"field": "begin"})
    return Period(name=found.name, begin=found.begin, end=max(min(found.end, now // SLOT * SLOT), found.begin + SLOT))


def _step(parts: Parts, text: str, when: Period) -> int:
    """The length of a step: as asked for, but no finer than what is kept."""
    if text == "all":
        return 0
    length = when.end - when.begin
    least = length / POINTS
    if text:
        least = asked("step", lambda: seconds(text))
        if least < TIERS[0] or least % TIERS[0]:
            raise MethodError(
                "step: steps are ten seconds, or so many times that", code=INVALID_PARAMS, data={"field": "step"}
            )
        if length / least > MOST_POINTS:
            raise MethodError(f"that are more than {MOST_POINTS} steps; ask for longer ones", code=REFUSED)
    since = kept_since(parts.settings().series, parts.clock.now())
    finest = next(span for span in TIERS if since[span] <= when.begin or span == TIERS[-1])
    if text and least >= finest:
        return round(least)
    return next((one for one in STEPS if one >= max(least, finest)), STEPS[-1])


def _what(name: str, kind: Kind, step: int, when: Period) -> Callable[[int, Tally], float | None]:
    """How what is asked for is read from a tally of the step that begins then."""
    if name == "rate":
        return lambda at, tally: (tally.total if kind is Kind.COUNTER else tally.count) / _lasted(at, step, when)
    if match := _QUANTILE.fullmatch(name):
        part = float(match[1]) / 100
        return lambda _, tally: tally.quantile(part)
    if name not in _WHAT:
        raise ValueError(f"{name[:40]!r} is nothing that can be shown; {HOW}")
    return lambda _, tally: _WHAT[name](tally)


def _lasted(at: int, step: int, when: Period) -> float:
    """How long a step was, of which the period may hold only a part."""
    if not step:
        return max(1.0, when.end - when.begin)
    return max(float(TIERS[0]), min(at + step, when.end) - max(float(at), when.begin))


def _size(steps: list[Any]) -> float:
    return float(sum(tally.count for _, tally in steps))
