"""What applications push, counted: thousands of entries decoded together, and grouped by page before they are added."""

from collections import defaultdict
from collections.abc import Sequence
from math import isfinite

import msgspec

from daemon.clock import Clock
from daemon.series import standard
from daemon.series.live import Live
from daemon.series.table import Table

MOST_PAGES = 10_000  # that are remembered for the next batch
SERVER_ERROR = 500
MILLISECONDS = 1e11  # a time beyond it (the year 5138) was told in milliseconds


class Entry(msgspec.Struct, gc=False):
    """One view of a page. What else stands in it (method, host) is left aside: it would multiply the series."""

    url: str
    time_spent: float | None = None  # seconds
    status: int | None = None
    ts: float | None = None  # seconds since the epoch; else now


_ALL = msgspec.json.Decoder(list[Entry], strict=False)  # not strict: numbers written as texts are numbers
_ONE = msgspec.json.Decoder(Entry, strict=False)


def decoded(joined: bytes, count: int) -> list[Entry] | None:
    """What `count` entries say that were joined by commas; None when one of them is not as it should be."""
    try:
        found = _ALL.decode(b"[%b]" % joined)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if len(found) == count else None  # else somebody's halves make a whole


def each(entries: Sequence[object]) -> tuple[list[Entry], int]:
    """Those that can be read, and how many cannot."""
    found, bad = [], 0
    for one in entries:
        try:
            found.append(_ONE.decode(one if isinstance(one, bytes) else b""))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            bad += 1
    return found, bad


class Pages:
    """Adds views to the series of one application."""

    def __init__(self, table: Table, clock: Clock, app: str) -> None:
        self._table = table
        self._clock = clock
        self._app = app
        self._known: dict[str, tuple[str, Live]] = {}  # by url as it came

    def count(self, entries: Sequence[Entry]) -> int:
        """Count them; return how many mean nothing. Nothing here waits."""
        times: defaultdict[str, list[float]] = defaultdict(list)
        others = []
        for one in entries:
            if one.ts is None and one.time_spent is not None and (one.status is None or one.status < SERVER_ERROR):
                times[one.url].append(one.time_spent)
            else:
                others.append(one)
        bad = 0
        for url, taken in times.items():
            if not isfinite(sum(taken)) or min(taken) < 0:
                good = [one for one in taken if isfinite(one) and one >= 0]
                bad += len(taken) - len(good)
                taken = good  # noqa: PLW2901 - the rest of them
            page = self._page(url)
            if page is None:
                bad += len(taken)
                continue
            add = page[1].add
            for value in taken:
                add(value)
        return bad + sum(not self._counted(one) for one in others)

    def _counted(self, one: Entry) -> bool:
        """Count one that says more than how long it took."""
        page, seconds, at = self._page(one.url), one.time_spent, one.ts
        if page is None or (seconds is not None and not (isfinite(seconds) and seconds >= 0)):
            return False
        if at is None:
            at = self._clock.now()
        elif not isfinite(at):
            return False
        elif at > MILLISECONDS:
            at /= 1_000
        is_error = one.status is not None and one.status >= SERVER_ERROR
        standard.viewed(self._table, self._app, page[0], seconds, at, is_error=is_error)
        return True

    def _page(self, url: str) -> tuple[str, Live] | None:
        """The route that a URL stands for, and its series; None for no route."""
        known = self._known.get(url)
        if known is not None and known[1].is_live:
            return known
        route = url.partition("?")[0].partition("#")[0].strip()
        if not route:
            return None
        if len(self._known) >= MOST_PAGES:
            self._known.clear()
        found = self._known[url] = (route, standard.times(self._table, self._app, route))
        return found
