"""From datagrams to numbers in series: the way that must be short, for it is gone two hundred thousand times a second.

What stands around a line's value is the same in thousands of lines, so what it means is remembered: the series by its
name with type and tags, as they were sent.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from daemon import telemetry
from daemon.clock import TURN, Clock
from daemon.intakes.statsd import told
from daemon.intakes.statsd.grammar import (
    LARGEST,
    Dialect,
    Reason,
    Refused,
    Target,
    is_of_the_client,
    number,
    split,
    target,
    timed,
)
from daemon.intakes.statsd.told import Told
from daemon.series import distinct
from daemon.series.key import Kind
from daemon.series.live import GaugeLive, Live
from daemon.series.table import Table

MOST = 100_000  # that are remembered
LONGEST = 300  # bytes of what is remembered
PIECE = 128  # lines between two looks at the clock

Quick = tuple[Live, float, float]  # the series, the scale, the weight: where a value only needs to be added


class Reader:
    """Reads what the doors hand over. `tell` takes events and service checks, and never waits."""

    def __init__(
        self, table: Table, clock: Clock, tell: Callable[[Told], None], dialect: Dialect, lasts: float
    ) -> None:
        self._table = table
        self._clock = clock
        self._tell = tell
        self._places: dict[tuple[bytes, bytes], Quick] = {}
        self._targets: dict[tuple[bytes, bytes, bool], Target] = {}  # of what is not so quick: sets, times, shifts
        self.follow(dialect, lasts)

    def follow(self, dialect: Dialect, lasts: float) -> None:
        """Other settings: what was remembered by the old ones may be wrong."""
        self._dialect = dialect
        self._lasts = lasts
        for remembered in (self._places, self._targets):
            remembered.clear()

    def read(self, packets: Sequence[bytes]) -> None:
        """Take what is in these packets; when that is much, others have their turns meanwhile."""
        lines = b"\n".join(packets).split(b"\n")
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

    def _read(self, lines: Sequence[bytes], refused: Counter[Reason]) -> int:
        """Read some lines; return how many values were taken. Nothing in here waits, and every instruction counts."""
        find, least, most = self._places.get, -LARGEST, LARGEST
        taken = 0
        for line in lines:
            name, _, rest = line.partition(b":")
            text, _, tail = rest.partition(b"|")
            place = find((name, tail))
            if place is not None:
                live, scale, weight = place
                if live.is_live:
                    if text == b"1":  # what most counters say
                        live.add(scale, weight)
                        taken += 1
                        continue
                    try:
                        value = float(text)
                    except ValueError:  # several values, or none
                        value = most
                    if least < value < most and b"_" not in text:
                        live.add(value * scale, weight)
                        taken += 1
                        continue
            try:
                taken += self._slowly(line)
            except Refused as why:
                refused[why.reason] += 1
        return taken

    def _slowly(self, line: bytes) -> int:
        """Read any line; return how many values were taken. Raises Refused."""
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
                _make_room(self._places)
                self._places[name, tail] = (live, wanted.scale, wanted.weight)
        return len(values)

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
