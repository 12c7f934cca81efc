"""Numbers as statsd brings them: a reader on a table of its own, and what came of its lines."""

from dataclasses import dataclass, field

from prometheus_client import Counter

from daemon import telemetry
from daemon.intakes.statsd.grammar import Dialect
from daemon.intakes.statsd.reading import Reader
from daemon.intakes.statsd.told import Told
from daemon.series.table import Table
from daemon.series.tally import Tally
from fake_clock import FakeClock


@dataclass
class Side:
    """A reader, and everything it fills."""

    clock: FakeClock
    dialect: Dialect = field(default_factory=Dialect)
    told: list[Told] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.table = Table(self.clock)
        self.reader = Reader(self.table, self.clock, self.told.append, self.dialect, 3_600.0)

    def read(self, *packets: bytes) -> dict[str, Tally]:
        """Read them; what came of them, by kind, series and unit."""
        self.reader.read(packets)
        return rows(self.table)

    def refused(self, *packets: bytes) -> dict[str, float]:
        """Read them; what was not taken, by why."""
        before = by_label(telemetry.statsd_refused)
        self.reader.read(packets)
        rows(self.table)  # what waits as text is looked at when it is taken
        return risen(before, by_label(telemetry.statsd_refused))


def rows(table: Table) -> dict[str, Tally]:
    """What came since it was last asked for."""
    found = {f"{live.key.kind} {live.key} {live.key.unit}".strip(): live.take() for live in table}
    return {name: tally for name, tally in found.items() if tally is not None}


def by_label(counter: Counter) -> dict[str, float]:
    """What a counter with one label says."""
    return {
        next(iter(sample.labels.values())): sample.value
        for metric in counter.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }


def risen(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """By how much, where it did."""
    return {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}
