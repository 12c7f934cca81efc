"""All series that live: the one place where numbers come in, whoever brings them."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from daemon.clock import Clock
from daemon.series.key import Key, Kind, Labels
from daemon.series.live import LIVE, Live
from daemon.series.tally import Tally

SLOT = 10  # seconds; a slot begins at a multiple of it

Row = tuple[Live, Tally]


class Exposed(msgspec.Struct, frozen=True):
    """A series as it is shown to others. `count` and `total` never go down: they are what is on disk."""

    key: Key
    count: float  # of all values that ever came
    total: float  # of a counter, how far it has risen; of a spread, the sum of all values; of a gauge, means nothing
    last: float  # of a gauge, what it is now
    tally: Tally | None  # what came in the last slot that was written: the percentiles of a spread


Closed = Callable[[int, Sequence[Row]], None]  # the slot's beginning (s), and what came in it


class Table:
    """Finds series by what they are called. Nothing here waits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all: dict[Key, Live] = {}
        self._closed: list[Closed] = []

    def find(self, name: str, kind: Kind, labels: Labels = (), unit: str = "") -> Live:
        """Find a series, or begin it. `labels` as `key.labels` makes them, `name` as `key.name` does."""
        key = Key(name, kind, labels, unit)
        live = self._all.get(key)
        if live is None:
            live = self._all[key] = LIVE[kind](key, len(self._all) + 1)
        return live

    def late(self, live: Live, value: float, at: float, weight: float = 1.0) -> None:
        """Take a value that was there at `at` (seconds since the epoch), which may be a while ago."""
        if at <= self._clock.now():
            live.add(value, weight)

    def on_closed(self, listener: Closed) -> None:
        """Call it with what came in each slot, once that is over; again for a slot of which something came late."""
        self._closed.append(listener)

    def __iter__(self) -> Iterator[Live]:
        """All that live."""
        yield from list(self._all.values())

    def __len__(self) -> int:
        """How many live."""
        return len(self._all)

    def exposed(self) -> Iterator[Exposed]:
        """All that live, with what ever came: appear when they are on disk, stay until they expire."""
        for live in self:
            yield Exposed(live.key, 0.0, 0.0, getattr(live, "value", 0.0), None)

    def close_slot(self, start: int) -> None:
        """The slot that began then is over: take what came, and hand it on."""
        rows = [(live, tally) for live in self if (tally := live.take()) is not None]
        for listener in self._closed:
            listener(start, rows)
