"""How pages and resources did: how often, how fast, how many failed, whoever told it."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from daemon.clock import Clock, unhurried
from daemon.matcher import Matcher
from daemon.series import standard
from daemon.series.query import Query
from daemon.series.selector import Selector
from daemon.series.tally import Tally

Of = Literal["route", "app", "resource"]
Sort = Literal["requests", "p50", "p95", "p99", "mean", "time", "errors", "error_share"]

OTHER = "other"

_BY: dict[Of, tuple[str, ...]] = {
    "app": (standard.APP,),
    "route": (standard.APP, standard.ROUTE),
    "resource": (standard.APP, standard.TYPE, standard.RESOURCE),
}
_PAGES = (standard.HTTP_TIME, standard.HTTP_VIEWS, standard.HTTP_ERRORS)
_RESOURCES = (standard.RESOURCE_TIME, "", standard.RESOURCE_ERRORS)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A route, an app or a resource. Times are seconds, null where nobody measured any.

    `other` says that it is what many together took that were too many to be told apart.
    """

    app: str
    route: str = ""
    type: str = ""
    resource: str = ""
    other: bool = False
    requests: float
    per_second: float
    p50: float | None
    p95: float | None
    p99: float | None
    mean: float | None
    time: float  # all of it
    errors: float
    error_share: float | None


class Views(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, and the sum of all lines, also of those that the limit cut off."""

    lines: list[Line]
    number: int  # of all lines
    all: Line


class _Sum:
    """What one line adds up from."""

    def __init__(self) -> None:
        self.times = Tally()
        self.views = 0.0  # that nobody timed
        self.errors = 0.0

    def merge(self, other: "_Sum") -> None:
        self.times.merge(other.times)
        self.views += other.views
        self.errors += other.errors

    def line(self, labels: dict[str, str], seconds: float) -> Line:
        times = self.times
        requests = times.count + self.views
        return Line(
            app=labels.get(standard.APP, ""),
            route=labels.get(standard.ROUTE, ""),
            type=labels.get(standard.TYPE, ""),
            resource=labels.get(standard.RESOURCE, ""),
            other=OTHER in labels,
            requests=requests,
            per_second=requests / seconds,
            p50=times.quantile(0.5),
            p95=times.quantile(0.95),
            p99=times.quantile(0.99),
            mean=times.mean,
            time=times.total,
            errors=self.errors,
            error_share=self.errors / requests if requests else None,
        )


def report(
    query: Query,
    clock: Clock,
    of: Of,
    begin: float,
    end: float,
    *,
    app: str = "",
    sort: Sort = "requests",
    limit: int = 100,
) -> Views:
    """Add up from `begin` to `end` what was asked for, the most first. Raises as `Query` does."""
    matchers = (Matcher(standard.APP, "=", app),) if app else ()
    time, views, errors = _RESOURCES if of == "resource" else _PAGES
    sums: dict[tuple[tuple[str, str], ...], _Sum] = {}
    for name in (time, views, errors):
        if not name:
            continue
        found = query.tallies(Selector(name, matchers), begin, end, by=(*_BY[of], OTHER))
        for labels, steps in unhurried(clock, found.items()):
            here = sums.setdefault(labels, _Sum())
            for _, tally in steps:
                if name == time:
                    here.times.merge(tally)
                elif name == views:
                    here.views += tally.total
                else:
                    here.errors += tally.total
    seconds = max(1.0, end - begin)
    lines = [one.line(dict(labels), seconds) for labels, one in unhurried(clock, sums.items())]
    lines.sort(key=lambda one: (-(getattr(one, sort) or 0.0), one.app, one.route, one.type, one.resource))
    return Views(lines=lines[:limit], number=len(lines), all=_all(unhurried(clock, sums.values()), app, seconds))


def _all(sums: Iterable[_Sum], app: str, seconds: float) -> Line:
    together = _Sum()
    for one in sums:
        together.merge(one)
    return together.line({standard.APP: app} if app else {}, seconds)
