"""Series with a store on disk, written down by hand: no greenlets, no waiting."""

from collections.abc import Callable
from pathlib import Path

from daemon.config.series import Series
from daemon.series.key import Kind, labels
from daemon.series.live import Live
from daemon.series.query import Query, Tallies
from daemon.series.recorder import Recorder
from daemon.series.selector import Selector
from daemon.series.table import SLOT, Table
from daemon.store.migrate import MEASURED
from daemon.store.sqlite import SqliteStore
from fake_clock import FakeClock


class Measured:
    """One life of a process that measures. `path` is the store's file; a second life may have the same."""

    def __init__(
        self, path: Path, clock: FakeClock | None = None, settings: Callable[[], Series] = Series, *, roll: bool = True
    ) -> None:
        self.clock = clock or FakeClock()
        self.settings = settings
        self.store = SqliteStore(path, MEASURED)
        self.table = Table(self.clock, settings)
        self.recorder = Recorder(self.store, self.table, self.clock, settings)
        self.recorder.begin()
        self.query = Query(self.store, self.table, self.clock, settings)
        self._roll = roll

    def live(self, name: str, kind: Kind = Kind.COUNTER, unit: str = "", /, **of: str) -> Live:
        return self.table.find(name, kind, labels(of.items()), unit)

    def close(self, slots: int = 1) -> None:
        """Let so many slots pass, the open one first, and write them down."""
        for _ in range(slots):
            self.pass_over()
            self.recorder.flush()
            if self._roll:
                self.recorder.roll()

    def pass_over(self) -> None:
        """Let the open slot end; nothing is written yet."""
        start = self.table.open
        self.clock.advance(start + SLOT - self.clock.now())
        self.table.close_slot(start)

    def skip(self, seconds: float) -> None:
        """Let time pass in which nothing comes."""
        self.clock.advance(seconds)
        self.table.open = int(self.clock.now()) // SLOT * SLOT

    def all(self, selector: str, begin: float = 0, end: float = 2**33, **how: int | tuple[str, ...] | None) -> Tallies:
        return self.query.tallies(Selector.parse(selector), begin, end, **how)  # type: ignore[arg-type]

    def total(self, selector: str, begin: float = 0, end: float = 2**33) -> float:
        """The sum of everything that came."""
        return sum(tally.total for steps in self.all(selector, begin, end).values() for _, tally in steps)

    def shown(self) -> dict[str, tuple[float, float, float]]:
        """What others are shown of each series: count, total, last."""
        return {str(one.key): (one.count, one.total, one.last) for one in self.table.exposed()}

    def end(self) -> None:
        self.store.close()
