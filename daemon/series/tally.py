"""What the values of a series add up to in a stretch of time; two stretches add up to the longer one."""

import msgspec

from daemon import sketch
from daemon.series import distinct
from daemon.series.distinct import Distinct
from daemon.sketch import Counts

# What most tallies have, and all of them share: a set of its own would take more memory than all the rest.
NO_COUNTS: Counts = {}
NOBODY: Distinct = set()


class Tally(msgspec.Struct, gc=False):
    """Values that came. `count` is how many they stand for: one that was sent for ten counts ten times.

    `counts` and `distinct` are written to by `merge` alone: empty ones are shared.
    """

    count: float = 0.0
    total: float = 0.0  # the sum; of a counter, by how much it rose
    low: float = float("inf")
    high: float = float("-inf")
    last: float = 0.0
    counts: Counts = msgspec.field(default_factory=lambda: NO_COUNTS)  # of a spread
    distinct: Distinct = msgspec.field(default_factory=lambda: NOBODY)  # of a set

    def merge(self, other: "Tally") -> None:
        """Add what came later, or elsewhere."""
        self.count += other.count
        self.total += other.total
        self.low = min(self.low, other.low)
        self.high = max(self.high, other.high)
        self.last = other.last
        if other.counts:
            if not self.counts:
                self.counts = dict(other.counts)
            else:
                sketch.merge(self.counts, other.counts)
        if other.distinct:
            if not self.distinct:
                self.distinct = set(other.distinct)
            else:
                distinct.merge(self.distinct, other.distinct)

    @property
    def mean(self) -> float | None:
        """The average; None where nothing came."""
        return self.total / self.count if self.count else None

    def quantile(self, part: float) -> float | None:
        """The value that so much of all is at most, within 2 %; None without values."""
        found = sketch.quantile(self.counts, part)
        return None if found is None else min(max(found, self.low), self.high)

    @property
    def different(self) -> float:
        """How many different ones a set had."""
        return distinct.number(self.distinct)
