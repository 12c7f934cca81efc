"""Gathers what the pages show: asks for the series of standard names, and puts together what belongs together."""

from collections.abc import Mapping, Sequence

from daemon.clock import Clock, unhurried
from daemon.matcher import Matcher
from daemon.series import views
from daemon.series.query import Query, Tallies
from daemon.series.selector import Selector
from daemon.series.standard import (
    APP,
    ERRORS,
    HTTP_ERRORS,
    HTTP_TIME,
    HTTP_VIEWS,
    RESOURCE_ERRORS,
    RESOURCE_TIME,
    ROUTE,
)
from daemon.series.table import SLOT
from daemon.series.tally import Tally
from daemon.series.views import Of, Sort
from daemon.web.apps.view import MOST, RANGES, AppLine, Figures, Line, Lines, Point

_NOTHING = Tally()
_TOLD = (HTTP_TIME, HTTP_VIEWS, HTTP_ERRORS, ERRORS)  # of an application

_Steps = Sequence[tuple[int, Tally]]  # where each begins, and what came in it


class Reader:
    """What came in one stretch of time that ends now. Waits for the store. Raises StoreError."""

    def __init__(self, query: Query, clock: Clock, span: str) -> None:
        self._query = query
        self._clock = clock
        self.now = clock.now()
        length, self.step = RANGES[span]
        # Steps begin at multiples of their length: the one that is not over is the last, and there are no half ones.
        self.begin = int(self.now) // self.step * self.step - length + self.step

    def apps(self) -> list[AppLine]:
        """All applications, those with most requests first."""
        found = [self._of(name, (), (APP,), self.step) for name in _TOLD]
        used = [self._of(name, (), (APP,), 0) for name in (RESOURCE_TIME, RESOURCE_ERRORS)]  # some do nothing else
        names = {dict(of).get(APP, "") for one in (*found, *used) for of in one} - {""}
        lines = [
            self._app_line(name, [one.get(((APP, name),), []) for one in found])
            for name in unhurried(self._clock, sorted(names))
        ]
        return sorted(lines, key=lambda line: (-line.figures.requests, line.name))

    def app(self, name: str, route: str | None) -> AppLine:
        """One application, or one route of it. What an SDK told is not counted by routes."""
        which = [Matcher(APP, "=", name)]
        if route is not None:
            which.append(Matcher(ROUTE, "=", route))
        found = [
            self._of(told, which, (), self.step).get((), []) if route is None or told != ERRORS else []
            for told in _TOLD
        ]
        return self._app_line(name, found)

    def routes(self, app: str, sort: Sort, most: int = MOST) -> Lines:
        """Its routes."""
        return self._lines("route", app, sort, most)

    def resources(self, app: str, sort: Sort, most: int = MOST) -> Lines:
        """What it used: databases, caches, servers of others."""
        return self._lines("resource", app, sort, most)

    def _of(self, name: str, which: Sequence[Matcher], by: Sequence[str], step: int) -> Tallies:
        return self._query.tallies(Selector(name, tuple(which)), self.begin, self.now + SLOT, step, by)

    def _lines(self, of: Of, app: str, sort: Sort, most: int) -> Lines:
        """As `views.report` tells them."""
        found = views.report(self._query, self._clock, of, self.begin, self.now + SLOT, app=app, sort=sort, limit=most)
        return Lines(lines=tuple(map(_line, found.lines)), all=found.number)

    def _app_line(self, name: str, found: Sequence[_Steps]) -> AppLine:
        """What was `found` of each of _TOLD, as a whole and over time."""
        times, views, errors, reported = map(_added, found)
        return AppLine(
            name=name,
            figures=figures(times, views, errors),
            reported=reported.total,
            points=self._points(*map(dict, found)),
        )

    def _points(
        self,
        times: Mapping[int, Tally],
        views: Mapping[int, Tally],
        errors: Mapping[int, Tally],
        told: Mapping[int, Tally],
    ) -> tuple[Point, ...]:
        made = []
        for begin in range(self.begin, int(self.now) + 1, self.step):
            of = tuple(one.get(begin, _NOTHING) for one in (times, views, errors))
            made.append(
                Point(
                    begin=float(begin),
                    length=min(float(self.step), max(float(SLOT), self.now - begin)),
                    figures=figures(*of),
                    reported=told.get(begin, _NOTHING).total,
                )
            )
        return tuple(made)


def figures(times: Tally, views: Tally, errors: Tally) -> Figures:
    """What three tallies say together: what took a time, what was only counted, and what failed."""
    return Figures(
        requests=times.count + views.total,
        time=times.total,
        p50=times.quantile(0.5),
        p95=times.quantile(0.95),
        p99=times.quantile(0.99),
        errors=errors.total,
    )


def _added(steps: _Steps) -> Tally:
    whole = Tally(counts={}, distinct=set())
    for _, one in steps:
        whole.merge(one)
    return whole


def _line(one: views.Line) -> Line:
    return Line(
        name=one.route or one.resource,
        kind=one.type,
        other=one.other,
        figures=Figures(requests=one.requests, time=one.time, p50=one.p50, p95=one.p95, p99=one.p99, errors=one.errors),
    )
