"""From datagrams to numbers in series: the way that must be short, for it is gone two hundred thousand times a second.

What stands around a line's value is the same in thousands of lines, so what it means is remembered as it was sent: name
with type and tags lead to where the values of that series wait as text. They are read and added up together, which
happens when a slot is closed, when there is much of it for one series, and for one after the other meanwhile.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from daemon import telemetry
from daemon.clock import TURN, Clock
from daemon.intakes.statsd import told
from daemon.intakes.statsd.grammar import (
    Dialect,
    Reason,
    Refused,
    Target,
    is_of_the_client,
    number,
    numbers,
    split,
    target,
    timed,
)
from daemon.intakes.statsd.told import Told
from daemon.series import distinct
from daemon.series.key import Kind
from daemon.series.live import GaugeLive, Live, Texts
from daemon.series.table import Table

MOST = 100_000  # that are remembered
LONGEST = 300  # bytes of what is remembered
PIECE = 128  # lines between two looks at the clock

MUCH = 4_096  # bytes of texts that wait in one series; more of them would be no quicker
ALTOGETHER = 32 * 1024**2  # bytes of packets in which each series has its turn; the texts are mostly a tenth of it


class Reader:
    """Reads what the doors hand over. `tell` takes events and service checks, and never waits."""

    def __init__(
        self, table: Table, clock: Clock, tell: Callable[[Told], None], dialect: Dialect, lasts: float
    ) -> None:
        self._table = table
        self._clock = clock
        self._tell = tell
        self._places: dict[bytes, bytearray] = {}  # where texts wait, by what stands around them
        self._owners: dict[bytes, Live] = {}  # whose places they are
        self._spellings: dict[Live, list[bytes]] = {}  # what leads to the place of a series
        self._round: list[Live] = []  # in which is still to be added up what waits
        self._pace = 0.0  # bytes of packets from one of them to the next
        self._read_since = 0.0
        self._targets: dict[tuple[bytes, bytes, bool], Target] = {}  # of what is not so quick: sets, times, shifts
        table.on_expired(self._forget)
        self.follow(dialect, lasts)

    def follow(self, dialect: Dialect, lasts: float) -> None:
        """Other settings: what was remembered by the old ones may be wrong."""
        self._dialect = dialect
        self._lasts = lasts
        self._forget_all()
        self._targets.clear()

    def read(self, packets: Sequence[bytes]) -> None:
        """Take what is in these packets; when that is much, others have their turns meanwhile."""
        whole = b"\n".join(packets)
        lines = whole.split(b"\n")
        refused: Counter[Reason] = Counter()
        taken, turn = 0, self._clock.monotonic()
        for begin in range(0, len(lines), PIECE):
            taken += self._read(lines[begin : begin + PIECE], refused)
            if self._clock.monotonic() - turn > TURN:
                self._clock.breathe()
                turn = self._clock.monotonic()
        telemetry.statsd_packets.inc(len(packets))
        telemetry.statsd_metrics.inc(taken)
        for reason, times in refused.items():
            telemetry.statsd_refused.labels(reason.value).inc(times)
        self._settle(len(whole))

    def _read(self, lines: Sequence[bytes], refused: Counter[Reason]) -> int:
        """Read some lines; return how many values were added. Nothing in here waits, and every instruction counts."""
        find = self._places.get
        taken = 0
        for line in lines:
            name, colon, rest = line.partition(b":")
            text, bar, tail = rest.partition(b"|")
            place = find(name + colon + tail)
            if place is not None:
                place += text + bar
                if len(place) > MUCH:
                    self._owners[name + colon + tail].settle()
                continue
            try:
                taken += self._slowly(line)
            except Refused as why:
                refused[why.reason] += 1
        return taken

    def _slowly(self, line: bytes) -> int:
        """Read any line; return how many values were added. Raises Refused."""
        line = line.strip()
        if not line:
            return 0
        if line.startswith((told.EVENT, told.CHECK)):
            self._tell(told.read(line, self._clock.now(), self._lasts))
            return 0
        name, text, whole_tail = split(line)
        if is_of_the_client(name):
            return 0
        tail, at = timed(whole_tail)
        wanted = self._target(name, tail, has_time=at is not None)
        live = self._table.find(wanted.name, wanted.kind, wanted.labels, wanted.unit)
        if wanted.kind is Kind.SET:
            live.add(distinct.hashed(text))
            return 1
        values = [number(one) for one in text.split(b":")]
        if at is not None and wanted.kind is not Kind.SPREAD:
            for value in values:
                self._table.late(live, value, at)
        elif wanted.shifts and isinstance(live, GaugeLive):
            _set_or_shift(live, text.split(b":"), values)
        else:
            for value in values:
                live.add(value * wanted.scale, wanted.weight)
            if at is None and len(name) + len(tail) <= LONGEST:
                self._remember(name + b":" + tail, live, wanted)
        return len(values)

    def _remember(self, spelling: bytes, live: Live, wanted: Target) -> None:
        """Let the next values wait in the series. All that wait there are of one scale and weight: the first one's."""
        if spelling in self._places:  # the line had blanks around it
            return
        if len(self._places) >= MOST:
            self._forget_all()
        spellings = self._spellings.get(live)
        if spellings is None or live.texts is None:
            live.settle()  # what was read in another dialect
            live.texts = Texts(_read_together, wanted.scale, wanted.weight)
            spellings = self._spellings[live] = []
        if (live.texts.scale, live.texts.weight) == (wanted.scale, wanted.weight):
            spellings.append(spelling)
            self._places[spelling], self._owners[spelling] = live.texts.waiting, live

    def _forget_all(self) -> None:
        for remembered in (self._places, self._owners, self._spellings):
            remembered.clear()

    def _forget(self, live: Live) -> None:
        """It lives no more: what comes next is of another one."""
        for spelling in self._spellings.pop(live, ()):
            del self._places[spelling], self._owners[spelling]

    def _settle(self, size: int) -> None:
        """So much more was read: add up what waits in some series, and in all of them while ALTOGETHER is read.

        A few at a time: while it is done nothing is taken from the doors, and what they can hold is soon full.
        """
        if not self._round:
            self._round = list(self._spellings)
            self._pace = ALTOGETHER / max(1, len(self._round))
            self._read_since = 0.0
        self._read_since += size
        while self._round and self._read_since >= self._pace:
            self._read_since -= self._pace
            self._round.pop().settle()

    def _target(self, name: bytes, tail: bytes, *, has_time: bool) -> Target:
        """What the values are of. Raises Refused."""
        found = self._targets.get((name, tail, has_time))
        if found is None:
            found = target(name, tail, self._dialect, has_time=has_time)
            is_quick = not has_time and not found.shifts and found.kind is not Kind.SET
            if not is_quick and len(name) + len(tail) <= LONGEST:
                _make_room(self._targets)
                self._targets[name, tail, has_time] = found
        return found


def _read_together(texts: bytes) -> list[float]:
    """Read what waited, and count it."""
    values, refused = numbers(texts)
    telemetry.statsd_metrics.inc(len(values))
    if refused:
        telemetry.statsd_refused.labels(Reason.VALUE.value).inc(refused)
    return values


def _make_room(remembered: dict[Any, Any]) -> None:
    """Begin anew when it is full: that is cheaper than to know what was used last."""
    if len(remembered) >= MOST:
        remembered.clear()


def _set_or_shift(live: GaugeLive, texts: list[bytes], values: list[float]) -> None:
    for text, value in zip(texts, values, strict=True):
        if text.lstrip().startswith((b"+", b"-")):
            live.shift(value)
        else:
            live.add(value)
