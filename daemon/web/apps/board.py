"""All that can be asked of applications and their errors. However many ask, each page is made at most so often."""

from collections.abc import Callable, Sequence
from functools import partial

from daemon.aside import Aside
from daemon.clock import Clock
from daemon.config.settings import Settings
from daemon.series.query import Query
from daemon.store import faults
from daemon.store.base import Store
from daemon.web.apps import faulty, page
from daemon.web.apps.gather import Reader
from daemon.web.apps.links import COLUMNS, FIRST, SORTS, Asked
from daemon.web.apps.view import MOST, NO_LINES, App, At, Overview, Rule
from daemon.web.board import HTML, Made, NotShown, packed
from daemon.web.fresh import Shelf

LASTS = 5.0  # seconds for which a page is good, at least
MOST_PAGES = 64  # that are kept
FEW = 10  # lines of each kind where there is a page with all of them

Rules = Callable[[], Sequence[Rule]]


class Pages:
    """Makes them. Raises NotShown, Crowded, StoreError.

    Whoever asks may read everything anyhow, so nobody waits for his turn, as strangers do at the status page.
    """

    def __init__(
        self,
        query: Query,
        store: Store,
        clock: Clock,
        settings: Callable[[], Settings],
        aside: Aside,
        rules: Rules = tuple,
    ) -> None:
        """`store` is that of what is measured."""
        self._query = query
        self._store = store
        self._clock = clock
        self._settings = settings
        self._aside = aside
        self._rules = rules
        self._texts = settings().texts
        self._pages: Shelf[Made] = Shelf(clock, LASTS, MOST_PAGES)

    def made(self, asked: Asked) -> Made:
        """One page."""
        texts = self._settings().texts
        if texts is not self._texts:  # another language, another zone
            self._texts, self._pages = texts, Shelf(self._clock, LASTS, MOST_PAGES)
        return self._pages.get(asked, partial(self._make, asked))

    def _make(self, asked: Asked) -> Made:
        self._aside(page.prepare)
        makes = {"apps": self._apps, "app": self._app, "errors": self._errors, "error": self._error}
        return packed(self._aside, HTML, makes.get(asked.what, self._table)(asked))

    def _apps(self, asked: Asked) -> bytes:
        reader = Reader(self._query, self._clock, asked.span)
        lines = reader.apps()
        view = Overview(
            at=reader.now,
            zone=self._texts.time_zone.info,
            span=asked.span,
            lines=tuple(lines[:MOST]),
            all=len(lines),
            rules=tuple(self._rules()),
            faults=self._newest(""),
        )
        return page.overview(self._clock, view, asked, self._texts.lang)

    def _app(self, asked: Asked) -> bytes:
        reader = Reader(self._query, self._clock, asked.span)
        found = reader.app(asked.app, asked.route)
        is_whole = asked.route is None
        view = App(
            at=reader.now,
            zone=self._texts.time_zone.info,
            span=asked.span,
            name=asked.app,
            route=asked.route,
            figures=found.figures,
            reported=found.reported,
            points=found.points,
            routes=reader.routes(asked.app, FIRST, FEW) if is_whole else NO_LINES,
            resources=reader.resources(asked.app, FIRST, FEW) if is_whole else NO_LINES,
            faults=self._newest(asked.app),
        )
        return page.app(self._clock, view, asked, self._texts.lang)

    def _table(self, asked: Asked) -> bytes:
        reader = Reader(self._query, self._clock, asked.span)
        read = reader.routes if asked.what == "routes" else reader.resources
        lines = read(asked.app, next((one for one in COLUMNS if one == asked.sort), FIRST))
        view = At(at=reader.now, zone=self._texts.time_zone.info)
        return page.table(self._clock, lines, view, asked, self._texts.lang)

    def _errors(self, asked: Asked) -> bytes:
        which = faults.Asked(
            app=asked.app,
            state="" if asked.state == "all" else asked.state,
            sort=next((one for one in SORTS if one == asked.sort), SORTS[0]),
        )
        view = faulty.listed(self._store, self._clock, self._texts.time_zone, which)
        return page.errors(self._clock, view, asked, self._texts.lang)

    def _error(self, asked: Asked) -> bytes:
        view = faulty.story(self._store, self._clock, self._texts.time_zone, asked.number)
        if view is None:
            raise NotShown(asked.number)
        return page.error(self._clock, view, asked, self._texts.lang)

    def _newest(self, app: str) -> tuple[faults.Fault, ...]:
        which = faults.Asked(app=app, state="unresolved")
        return self._store.read(lambda tx: tuple(faults.page(tx, which, FEW)))
