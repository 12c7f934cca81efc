"""What the numbers of a page mean, and how they get into series: counters by how much they rose since the last time.

A counter that is seen for the first time counts nothing: nobody knows when it rose. One that went down was begun anew.
"""

from collections.abc import Callable
from math import inf, isfinite

from daemon.series.key import Kind, Labels
from daemon.series.live import Live
from daemon.series.table import Table

STALE = 300.0  # seconds after which what a counter was no longer counts: its rise would look like that of a moment
PARTS = 10  # places in a bucket among which its values are spread

Find = Callable[[], Live]


def finder(table: Table, name: str, kind: Kind, labels: Labels, unit: str) -> Find:
    """Finds a series once, and again when it has expired."""
    kept: list[Live] = []

    def find() -> Live:
        if not kept or not kept[0].is_live:
            kept[:] = [table.find(name, kind, labels, unit)]
        return kept[0]

    return find


class Gauge:
    """So much now."""

    __slots__ = ("_find", "_table", "seen")

    def __init__(self, table: Table, find: Find) -> None:
        self._table = table
        self._find = find
        self.seen = 0.0

    def take(self, value: float, at: float | None, now: float) -> None:
        """Take what the page says; `at` where it says when."""
        self.seen = now
        if not isfinite(value):
            return
        if at is None:
            self._find().add(value)
        else:
            self._table.late(self._find(), value, at)


class Counter:
    """So many in all."""

    __slots__ = ("_find", "_last", "_table", "seen")

    def __init__(self, table: Table, find: Find) -> None:
        self._table = table
        self._find = find
        self._last: float | None = None
        self.seen = 0.0

    def take(self, value: float, at: float | None, now: float) -> None:
        """Count by how much it rose."""
        if not isfinite(value) or value < 0:
            return
        last, self._last = self._last, value
        is_fresh, self.seen = now - self.seen <= STALE, now
        if last is None or not is_fresh:
            return
        rise = value - last if value >= last else value
        if rise and at is None:
            self._find().add(rise)
        elif rise and at is not None:
            self._table.late(self._find(), rise, at)


class Histogram:
    """So many up to each bound. What came in a bucket is spread evenly over it, as Prometheus' own percentiles do."""

    __slots__ = ("_find", "_last", "_now", "seen")

    def __init__(self, find: Find) -> None:
        self._find = find
        self._last: dict[float, float] = {}
        self._now: dict[float, float] = {}
        self.seen = 0.0

    def bucket(self, bound: float, value: float) -> None:
        """So many are at most this."""
        if isfinite(value) and value >= 0:
            self._now[bound] = value

    def settle(self, now: float) -> None:
        """The page is read: count what has come since the last one."""
        counts, self._now = self._now, {}
        if not counts:
            return
        last, self._last = self._last, counts
        is_fresh, self.seen = now - self.seen <= STALE, now
        if not last or not is_fresh:
            return
        if any(counts[bound] < last[bound] for bound in counts.keys() & last.keys()):
            last = {}
        elif counts.keys() != last.keys():
            return  # other buckets than before: what was in which of them is not known
        below, under = 0.0, -inf
        for bound in sorted(counts):
            risen = counts[bound] - last.get(bound, 0.0)
            if (number := round(risen - below)) > 0:
                self._spread(under, bound, number)
            below, under = max(below, risen), bound

    def _spread(self, under: float, bound: float, number: int) -> None:
        """Put so many values into a bucket."""
        if under == -inf:
            under = 0.0 if bound > 0 else bound
        live = self._find()
        if bound == inf:
            live.add(under, float(number))
            return
        parts = min(number, PARTS)
        each, more = divmod(number, parts)
        for part in range(parts):
            live.add(under + (bound - under) * (part + 0.5) / parts, float(each + (part < more)))


class Bucket:
    """One line of a histogram."""

    __slots__ = ("_bound", "histogram", "seen")

    def __init__(self, histogram: Histogram, bound: float) -> None:
        self.histogram = histogram
        self._bound = bound
        self.seen = 0.0

    def take(self, value: float, at: float | None, now: float) -> None:  # noqa: ARG002 - all lines are of one time
        """Take what the page says."""
        self.seen = now
        self.histogram.bucket(self._bound, value)


class Nothing:
    """What is not wanted."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        self.seen = 0.0

    def take(self, value: float, at: float | None, now: float) -> None:  # noqa: ARG002
        """Leave it."""
        self.seen = now


Taker = Gauge | Counter | Bucket | Nothing
