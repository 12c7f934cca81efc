"""What many looks add up to: how many there were of each health, and how long they took, by phases."""

from typing import Any

import msgspec

from daemon import sketch
from daemon.history.phases import MOST, TOTAL, code, flattened, micros, name_of
from daemon.reading import Health
from daemon.sketch import Counts

HEALTHS = (Health.UNKNOWN, Health.UP, Health.DEGRADED, Health.DOWN)  # in the store a health is its position here
ANSWERED = (1, 2)  # those whose times count: what is down has not answered, or not with what was asked for

_MOST = 2**53  # looks
_TOTAL = code(TOTAL)

_encode = msgspec.msgpack.Encoder().encode


class Spread(msgspec.Struct):
    """The times of one phase, in microseconds."""

    count: int
    total: int
    least: int
    most: int
    counts: Counts

    def merge(self, other: "Spread") -> None:
        """Add others."""
        self.count += other.count
        self.total += other.total
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)
        sketch.merge(self.counts, other.counts)

    def quantile(self, part: float) -> float:
        """Seconds that so much of all looks took at most: within 2 %, and never beyond what there was."""
        value = sketch.quantile(self.counts, part)
        return min(max(value or 0.0, self.least), self.most) / 1e6

    @property
    def mean(self) -> float:
        """Seconds that a look took on average."""
        return self.total / self.count / 1e6


class Tally(msgspec.Struct):
    """The looks of a stretch of time."""

    looks: list[int] = msgspec.field(default_factory=lambda: [0] * len(HEALTHS))  # by health
    phases: dict[str, Spread] = msgspec.field(default_factory=dict)

    def merge(self, other: "Tally") -> None:
        """Add another stretch of time."""
        self.looks = [mine + theirs for mine, theirs in zip(self.looks, other.looks, strict=True)]
        for name, spread in other.phases.items():
            mine = self.phases.get(name)
            if mine is None:
                self.phases[name] = msgspec.structs.replace(spread, counts=dict(spread.counts))
            else:
                mine.merge(spread)


class Gathering:
    """Looks one by one, until they are added up."""

    __slots__ = ("looks", "times")

    def __init__(self) -> None:
        self.looks = [0] * len(HEALTHS)
        self.times: dict[int | str, list[int]] = {}  # by a phase's code

    def add(self, health: int, took: int, blob: bytes) -> None:
        """Count one look: its health, how long all of it took, and its phases as they are in the store."""
        self.looks[health] += 1
        if health not in ANSWERED:
            return
        times = self.times
        flat = flattened(blob)
        for name, time in zip(flat[::2], flat[1::2], strict=False):
            if name in times:
                times[name].append(time)  # type: ignore[arg-type]
            else:
                times[name] = [time]  # type: ignore[list-item]
        if _TOTAL not in flat[::2]:
            times.setdefault(_TOTAL, []).append(took)

    def tally(self) -> Tally:
        """Add them up, but what is no time of no phase."""
        phases = {}
        for name, times in self.times.items():
            try:
                phases[name_of(name)] = _alone(times[0]) if len(times) == 1 else _together(times)
            except (TypeError, ValueError):
                continue
        return Tally(looks=self.looks, phases=phases)


def _alone(took: int) -> Spread:
    """One look: most minutes of most probes have no more, so this is done all the time."""
    took = micros(took)
    return Spread(1, took, took, took, {sketch.place(took): 1})


def _together(times: list[int]) -> Spread:
    return Spread(len(times), sum(times), micros(min(times)), micros(max(times)), sketch.counted(times))


class _Times(msgspec.Struct, array_like=True):
    """A phase in the store: of one look there is only how long it took."""

    name: int | str
    total: int
    count: int = 1
    least: int = 0
    most: int = 0
    counts: list[int] = []


_decode = msgspec.msgpack.Decoder(tuple[tuple[int, int, int, int], list[_Times]]).decode


def packed(tally: Tally) -> bytes:
    """Write it for the store."""
    return _encode((tally.looks, [_row(name, spread) for name, spread in tally.phases.items()]))


def unpacked(blob: bytes) -> Tally:
    """Read what `packed` wrote; ValueError for anything else."""
    looks, rows = _decode(blob)
    if any(not 0 <= count <= _MOST for count in looks) or len(rows) > MOST:
        raise ValueError("not a tally")
    return Tally(looks=list(looks), phases={name_of(row.name): _spread(row) for row in rows})


def _row(name: str, spread: Spread) -> list[Any]:
    if spread.count == 1:
        return [code(name), spread.total]
    return [code(name), spread.total, spread.count, spread.least, spread.most, sketch.packed(spread.counts)]


def _spread(row: _Times) -> Spread:
    if row.count == 1 and not row.counts:
        return _alone(row.total)
    total = micros(row.total)
    counts = sketch.unpacked(row.counts)
    if row.count < 1 or sum(counts.values()) != row.count or not 0 <= row.least <= row.most <= total:
        raise ValueError("not the times of a phase")
    return Spread(row.count, total, row.least, micros(row.most), counts)
