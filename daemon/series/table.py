"""All series that live: the one place where numbers come in, whoever brings them."""

import logging
import math
from collections.abc import Callable, Container, Iterator, Sequence
from sys import intern

import msgspec

from daemon import telemetry
from daemon.clock import SHORT_TURN, Clock, unhurried
from daemon.config.series import Series
from daemon.series.blocks import Blocks
from daemon.series.crowd import ALL, OTHER, REST, Crowd, Exploded
from daemon.series.key import Key, Kind, Labels
from daemon.series.live import LIVE, GaugeLive, Live
from daemon.series.packing import SIZE
from daemon.series.rows import Row, Rows
from daemon.series.tally import Tally

log = logging.getLogger("tocsin.series")

SLOT = 10  # seconds; a slot begins at a multiple of it
AHEAD, BEHIND = 60.0, 3_600.0  # seconds: what is further away in time is not taken
MOST_LATE = 20_000  # series, times slots, in which something came late since the last slot was closed
MOST_OTHERS = 1_000  # series that take up what is beyond a bound

Closed = Callable[[int, Sequence[Row]], None]  # the slot's beginning (s), and what came in it


class Exposed(msgspec.Struct, frozen=True):
    """A series as it is shown to others. `count` and `total` never go down: they are what is on disk."""

    key: Key
    count: float  # of all values that ever came
    total: float  # of a counter, how far it has risen; of a spread, the sum of all values; of others nothing
    last: float  # of a gauge, what it is now
    tally: Tally | None  # what came in the last slot that is on disk: the percentiles of a spread


class Slot(msgspec.Struct):
    """Ten seconds of all series, by blocks as they are in the store. Several may be of the same ten seconds."""

    number: int  # they are written in this order
    start: int
    is_late: bool
    tallies: dict[int, bytes] = {}
    totals: dict[int, bytes] = {}  # of the same blocks, with this slot
    strays: Rows = msgspec.field(default_factory=Rows)  # series that have no number yet
    size: int = 0  # as it was measured

    def measured(self) -> int:
        """About how many bytes it takes."""
        blobs = (*self.tallies.values(), *self.totals.values())
        return sum(len(one) for one in blobs) + 500 * len(self.strays)


class Table:
    """Finds series by what they are called. Nothing here waits, but `close_slot`, which lets others run."""

    def __init__(self, clock: Clock, settings: Callable[[], Series] = Series) -> None:
        self._clock = clock
        self._settings = settings
        self._all: dict[Key, Live] = {}
        self._closing: list[Callable[[], None]] = []
        self._closed: list[Closed] = []
        self._expired: list[Callable[[Live], None]] = []
        self._crowd = Crowd(settings)
        self._others = 0
        self._late: dict[tuple[int, Live], Live] = {}
        self._gone: list[int] = []  # the numbers of those that expired since the last slot was closed
        self.open = slot_of(clock.now())  # where the slot begins that is filled now
        self.closing = self.open  # where the one begins that was closed last; what is handed on besides was late
        self.blocks = Blocks()
        self.begun: list[Live] = []  # without a number yet
        self.on_begun: Callable[[], None] = lambda: None
        self.waiting: Callable[[], list[Slot]] = list  # what is closed, and may not be in the store yet

    def find(self, name: str, kind: Kind, labels: Labels = (), unit: str = "") -> Live:
        """Find a series, or begin it. `labels` as `key.labels` makes them, `name` as `key.name` does."""
        key = Key(name, kind, labels, unit)
        live = self._all.get(key)
        return self._begin(key) if live is None else live

    def late(self, live: Live, value: float, at: float, weight: float = 1.0) -> None:
        """Take a value that was there at `at` (seconds since the epoch), which may be a while ago."""
        if at >= self.open and at <= self._clock.now() + AHEAD:
            live.add(value, weight)
            return
        now = self._clock.now()
        if not now - BEHIND <= at <= now + AHEAD:
            telemetry.series_out_of_time.inc()
            return
        slot = (slot_of(at), live)
        here = self._late.get(slot)
        if here is None:
            if len(self._late) >= MOST_LATE:
                telemetry.series_out_of_time.inc()
                return
            here = self._late[slot] = LIVE[live.key.kind](live.key)
        here.add(value, weight)
        live.seen = self.open  # it lives, however old it is what comes

    def on_closing(self, listener: Callable[[], None]) -> None:
        """Call it at the instant when a slot begins to be closed; what came of the series is taken after that."""
        self._closing.append(listener)

    def on_closed(self, listener: Closed) -> None:
        """Call it with what came in each slot, once that is over; again for a slot of which something came late.

        The next slot is closed when all have heard of this one: a listener lets others run, and waits for no disk.
        """
        self._closed.append(listener)

    def on_expired(self, listener: Callable[[Live], None]) -> None:
        """Call it with each series that lives no more, before anything else can come in it."""
        self._expired.append(listener)

    def __iter__(self) -> Iterator[Live]:
        """All that live."""
        yield from list(self._all.values())

    def __len__(self) -> int:
        """How many live."""
        return len(self._all)

    def exposed(self, wanted: Callable[[Key], bool] = lambda _: True) -> Iterator[Exposed]:
        """Those that live and are wanted, with what ever came: from when they are on disk until they expire."""
        chosen: dict[int, list[Live]] = {}  # by their blocks: to sort all of them would hold up everybody
        for live in unhurried(self._clock, self):
            if live.number and wanted(live.key):
                chosen.setdefault(live.number // SIZE, []).append(live)
        for number in sorted(chosen):
            block = self.blocks.get(number)
            if block is None:
                continue
            tallies = block.tallies()
            for live in sorted(chosen[number], key=lambda one: one.number):
                if (totals := block.of(live.number % SIZE)) is not None:
                    last = live.value if isinstance(live, GaugeLive) else totals[2]
                    yield Exposed(live.key, totals[0], totals[1], last, tallies.get(live.number % SIZE))

    def numbered(self, live: Live, number: int, totals: bytes) -> None:
        """The store knows it by this number; `totals` are those of its block there."""
        live.number = number
        known = self.blocks.enter(number, totals).of(number % SIZE)
        if self._all.get(live.key) is live:
            live.goes_on(known[2] if known is not None else 0.0)
        else:
            self._gone.append(number)

    def close_slot(self, start: int, then: int | None = None) -> None:
        """The slot that began then is over, and one begins at `then`: take what came, and hand it on."""
        for begins in self._closing:
            begins()
        self.open = start + SLOT if then is None else then
        late, self._late = self._late, {}
        gone, self._gone = self._gone, []
        idle = self._settings().idle
        rows = Rows()
        for live in unhurried(self._clock, list(self._all.values()), SHORT_TURN):
            tally = self._taken(live)
            if tally is not None:
                live.seen = start
                rows.append(live, tally)
            if not live.is_live or (tally is None and start - live.seen > idle):
                self._expire(live)
        self.closing = start
        self._hand_on_late(late)
        self._hand_on(start, rows)
        for number in gone:  # a slot later than they expired: what came in them last is in the totals of their blocks
            self.blocks.leave(number)

    def exploded(self, told: Container[str]) -> list[Exploded]:
        """The names for which there was no room since this was last asked; with less about those in `told`."""
        return self._crowd.refused(unhurried(self._clock, list(self._all)), told)

    def has_room(self, name: str) -> bool:
        """Whether a name is below its bound again."""
        return self._crowd.has_room(name)

    def make_room(self, name: str) -> None:
        """What took up the rest of a name lives no more than this slot: whoever keeps it finds something better."""
        for live in unhurried(self._clock, self):
            if live.key.labels == OTHER and name in (live.key.name, ALL):
                live.is_live = False
                self._tell_expired(live)

    def _begin(self, key: Key) -> Live:
        if key.labels == OTHER or not self._crowd.enters(key):
            return self._other(key)
        return self._add(_shared(key))

    def _other(self, key: Key) -> Live:
        """The one that takes up what is beyond a bound."""
        other = Key(key.name, key.kind, OTHER, key.unit)
        if other not in self._all and self._others >= MOST_OTHERS:
            other = Key(REST, key.kind, OTHER)
        live = self._all.get(other)
        if live is None:
            self._others += 1
            live = self._add(other)
        return live

    def _add(self, key: Key) -> Live:
        live = self._all[key] = LIVE[key.kind](key, 0, self.open)
        self.begun.append(live)
        self.on_begun()
        return live

    @staticmethod
    def _taken(live: Live) -> Tally | None:
        try:
            return live.take()
        except (ArithmeticError, ValueError):  # a door let something in that is no finite number
            log.exception("what came in %s cannot be added up: it is dropped", live.key)
            live.is_live = False
            return None

    def _expire(self, live: Live) -> None:
        live.is_live = False
        del self._all[live.key]
        self._crowd.leaves(live.key)
        if live.key.labels == OTHER:
            self._others -= 1
        if live.number:
            self._gone.append(live.number)
        self._tell_expired(live)

    def _tell_expired(self, live: Live) -> None:
        for expired in self._expired:
            expired(live)

    def _hand_on_late(self, late: dict[tuple[int, Live], Live]) -> None:
        starts: dict[int, Rows] = {}
        for (start, live), aside in unhurried(self._clock, late.items()):
            if (tally := self._taken(aside)) is not None:
                starts.setdefault(start, Rows()).append(live, tally)
        for start in sorted(starts):
            self._hand_on(start, starts[start])

    def _hand_on(self, start: int, rows: Sequence[Row]) -> None:
        for listener in self._closed:
            try:
                listener(start, rows)
            except Exception:  # one of many: the others must hear of it, and the next slot comes
                log.exception("what came in a slot could not be worked on")


def slot_of(at: float) -> int:
    """Where the slot begins in which that is."""
    return math.floor(at / SLOT) * SLOT


def _shared(key: Key) -> Key:
    """The same, of texts that all series share: most labels have few names, and few values."""
    return Key(
        intern(key.name), key.kind, tuple((intern(one), intern(value)) for one, value in key.labels), intern(key.unit)
    )
