"""What one exporter's page says, from one time to the next."""

import re
from fnmatch import translate
from math import inf, isfinite

from daemon.clock import Clock, unhurried
from daemon.config.scrapes import NAME, Scrape
from daemon.intakes.scrape.exposition import Series, described, lines, sample, series
from daemon.intakes.scrape.kinds import Bucket, Counter, Gauge, Histogram, Nothing, Taker, finder
from daemon.series import key
from daemon.series.key import Kind, Labels
from daemon.series.table import Table

NEAR = 300.0  # seconds by which a line's own time may be off; what is older is no news, and what is ahead is wrong
MOST_TYPES = 20_000  # names of which it is known what they are
OWN = "tocsin_"  # how names begin by which a tocsin tells of itself
HEAD = 64 * 1024  # characters of its page in which one of them stands: they come before all others
FORGET = 3_600.0  # seconds after which what is no longer on the page is forgotten
_UNITS = {"seconds": "s", "bytes": "B"}
_SUFFIXES = ("_total", "_bucket", "_sum", "_count", "_created", "_info", "_gsum", "_gcount")
_CUMULATIVE = frozenset(("histogram", "summary"))
_EXPORTED = "exported_"  # goes before labels of the page's own that we set ourselves, as in Prometheus


class NotAPage(Exception):
    """There is no number in it."""


class Page:
    """Takes one page after the other. Every line is passed over that cannot be read."""

    def __init__(self, given: Scrape, table: Table, clock: Clock) -> None:
        self._given = given
        self._table = table
        self._clock = clock
        self._is_tocsins = False
        self._known: dict[str, Taker] = {}  # by what stands before a line's value
        self._same: dict[tuple[str, Labels], Taker] = {}  # by series: labels may come in another order the next time
        self._histograms: dict[tuple[str, Labels], Histogram] = {}
        self._types: dict[str, str] = {}
        self._told: set[str] = set()  # names of which this page has told the type
        self._keep = _pattern(given.keep) if given.keep else None
        self._drop = _pattern(given.drop) if given.drop else None
        self._labels = {**given.labels, NAME: given.name}
        self.left_out = 0  # lines beyond `most` in the last page
        self.bad = 0  # lines of it that cannot be read

    def take(self, text: str, *, is_open: bool) -> int:
        """Take a page, OpenMetrics or not; return how many series it has that are wanted. Raises NotAPage."""
        now = self._clock.now()
        scale = 1.0 if is_open else 1e-3
        self.left_out = self.bad = 0
        self._is_tocsins = f"\n# TYPE {OWN}" in text[:HEAD]
        self._told.clear()
        if len(self._types) >= MOST_TYPES:
            self._types.clear()  # between two pages: within one, what comes next would have none
        taken = read = 0
        for line in unhurried(self._clock, lines(text)):
            if line.startswith("#"):
                self._described(line)
                continue
            found = sample(line)
            if found is None:
                self.bad += bool(line.strip())
                continue
            read += 1
            taker = self._known.get(found.series)
            if taker is None and (taker := self._meet(found.series)) is None:
                continue
            at = None if found.at is None else found.at * scale
            if at is not None and not (isfinite(at) and abs(at - now) <= NEAR):
                taker.seen = now
                continue
            if at is None and taker.seen == now and not isinstance(taker, Nothing):
                self.bad += 1  # it stands twice on this page
                continue
            taker.take(found.value, at, now)
            taken += not isinstance(taker, Nothing)
        if not read and text.strip():
            raise NotAPage("no line of it is a number with a name")
        for histogram in unhurried(self._clock, list(self._histograms.values())):
            histogram.settle(now)
        self._forget(now)
        return taken

    def _described(self, line: str) -> None:
        found = described(line, "TYPE")
        if found is None:
            return
        name, kind = found
        if name in self._told or len(self._types) >= MOST_TYPES:  # of pages put together the first is believed
            return
        self._told.add(name)
        if self._types.setdefault(name, kind) != kind:  # another version of the exporter: everything is new
            self._types[name] = kind
            self._known.clear()
            self._same.clear()
            self._histograms.clear()

    def _meet(self, text: str) -> Taker | None:
        """A series that was not there before; None where there is no place for it."""
        found = series(text)
        if found is None or not (name := key.name(found.name)):
            self.bad += 1
            return None
        wanted = (self._keep is None or self._keep.match(name)) and not (self._drop and self._drop.match(name))
        # What a tocsin shows of applications it may have from here, or from this page the last time: round and round.
        wanted = wanted and (not self._is_tocsins or name.startswith(OWN))
        taker = self._wanted(name, found) if wanted else Nothing()
        if taker is None:
            return None
        if len(self._known) <= self._given.most * 2:  # what is beyond is looked at anew each time
            self._known[text] = taker
        return taker

    def _wanted(self, name: str, found: Series) -> Taker | None:
        """What takes it, however its labels are arranged; None where there is no place, or it makes no sense."""
        same = name, tuple(sorted(found.labels))
        taker = self._same.get(same)
        if taker is not None:
            return taker
        if len(self._same) >= self._given.most:
            self.left_out += 1
            return None
        taker = self._taker(Series(name, found.labels))
        if taker is not None and not isinstance(taker, Nothing):
            self._same[same] = taker
        return taker

    def _taker(self, found: Series) -> Taker | None:
        name, labels = found
        base = (
            name
            if name in self._types
            else next(
                (name[: -len(one)] for one in _SUFFIXES if name.endswith(one) and name[: -len(one)] in self._types), ""
            )
        )
        kind, suffix = self._types.get(base, "untyped"), name[len(base) :] if base else ""
        if suffix == "_created":
            return Nothing()
        if kind == "histogram" and suffix == "_bucket":
            return self._bucket(base, labels)
        if kind == "histogram" and suffix == "_count":
            return Nothing()  # which the spread knows
        is_counter = kind == "counter" or (kind in _CUMULATIVE and suffix in {"_sum", "_count"})
        where = self._where(labels)
        unit = "" if suffix in {"_count", "_gcount"} else _unit(base or name)
        if is_counter:
            return Counter(self._table, finder(self._table, name, Kind.COUNTER, where, unit))
        return Gauge(self._table, finder(self._table, name, Kind.GAUGE, where, unit))

    def _bucket(self, base: str, labels: tuple[tuple[str, str], ...]) -> Taker | None:
        try:
            bound = float(dict(labels)["le"])
        except (KeyError, ValueError):
            return None
        if bound != bound or bound == -inf:  # noqa: PLR0124 - no number
            return None
        where = self._where(tuple(one for one in labels if one[0] != "le"))
        histogram = self._histograms.get((base, where))
        if histogram is None:
            found = finder(self._table, base, Kind.SPREAD, where, _unit(base))
            histogram = self._histograms[(base, where)] = Histogram(found)
        return Bucket(histogram, bound)

    def _where(self, labels: tuple[tuple[str, str], ...]) -> Labels:
        own = self._labels
        return key.labels(
            [*((_EXPORTED + name if name in own else name, value) for name, value in labels), *own.items()]
        )

    def _forget(self, now: float) -> None:
        if len(self._known) < self._given.most // 2:
            return
        for text in [one for one, taker in self._known.items() if now - taker.seen > FORGET]:
            del self._known[text]
        for same in [one for one, taker in self._same.items() if now - taker.seen > FORGET]:
            del self._same[same]
        for name in [one for one, histogram in self._histograms.items() if now - histogram.seen > FORGET]:
            del self._histograms[name]


def _unit(base: str) -> str:
    return _UNITS.get(base.removesuffix("_total").rpartition("_")[2], "")


def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(one) for one in names))
