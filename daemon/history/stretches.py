"""Stretches of time and what they count as: cut to periods, laid over one another, added up.

Instants are whole milliseconds since the epoch, so that what is added up is exactly as long as the time it lies in.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import msgspec

PER_SECOND = 1_000


class Time(StrEnum):
    """What a stretch of time counts as. Only the first three make uptime."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"  # nobody could look, or it is not known yet what the looks mean
    MAINTENANCE = "maintenance"  # whatever it was meanwhile
    PAUSED = "paused"  # nobody was meant to look
    UNWATCHED = "unwatched"  # before it was configured, and after


class Turn(msgspec.Struct, frozen=True):
    """From this instant on it is otherwise. `time` is None where a cover ends."""

    at: int
    time: Time | None


class Span(msgspec.Struct, frozen=True):
    """A stretch of time that counts as one thing."""

    begin: int
    end: int
    time: Time


class Shares(msgspec.Struct):
    """How long it was what, in milliseconds."""

    times: dict[Time, int] = msgspec.field(default_factory=dict)

    def add(self, time: Time, length: int) -> None:
        """Count a stretch."""
        self.times[time] = self.times.get(time, 0) + length

    def __getitem__(self, time: Time) -> int:
        return self.times.get(time, 0)

    @property
    def judged(self) -> int:
        """How long it is known how it was, and counts: what uptime is a part of."""
        return self[Time.UP] + self[Time.DEGRADED] + self[Time.DOWN]

    @property
    def uptime(self) -> float | None:
        """The part of it that it was up, degraded or not; None where nothing is known."""
        return (self[Time.UP] + self[Time.DEGRADED]) / self.judged if self.judged else None

    def seconds(self) -> dict[str, float]:
        """All of them, in seconds, also those that did not occur."""
        return {time.value: self[time] / PER_SECOND for time in Time}


def ms(at: float) -> int:
    """An instant in milliseconds."""
    return round(at * PER_SECOND)


def line(verdicts: Sequence[Turn], covers: Sequence[Turn], begin: int, end: int) -> Iterator[Span]:
    """What the time from `begin` to `end` was, without a hole: a cover counts, else the verdict.

    Both are in order and begin before it, or say nothing of what was before they do. What nobody watched is not
    covered by anything.
    """
    at, verdict, cover = begin, Time.UNWATCHED, None
    for turn, is_cover in _merged(verdicts, covers):
        if turn.at > at and (upto := min(turn.at, end)) > at:
            yield Span(at, upto, _counts(verdict, cover))
            at = upto
        if turn.at >= end:
            break
        if is_cover:
            cover = turn.time
        else:
            verdict = turn.time or Time.UNKNOWN
    if at < end:
        yield Span(at, end, _counts(verdict, cover))


def joined(spans: Iterable[Span]) -> Iterator[Span]:
    """The same, neighbours that are alike made one."""
    last: Span | None = None
    for span in spans:
        if last is not None and last.time is span.time and last.end == span.begin:
            last = Span(last.begin, span.end, span.time)
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last


def shares(spans: Iterable[Span], edges: Sequence[int]) -> list[Shares]:
    """How long it was what between each two edges; the spans are in order."""
    found = [Shares() for _ in edges[1:]]
    number = 0
    for span in spans:
        while number < len(found) and edges[number + 1] <= span.begin:
            number += 1
        for here in range(number, len(found)):
            if edges[here] >= span.end:
                break
            length = min(span.end, edges[here + 1]) - max(span.begin, edges[here])
            if length > 0:
                found[here].add(span.time, length)
    return found


def whole(spans: Iterable[Span]) -> Shares:
    """How long it was what, all together."""
    found = Shares()
    for span in spans:
        found.add(span.time, span.end - span.begin)
    return found


def edges_between(begin: int, end: int, step: int) -> list[int]:
    """The begin, every whole step after it, and the end."""
    return [begin, *range((begin // step + 1) * step, end, step), end]


def _counts(verdict: Time, cover: Time | None) -> Time:
    return verdict if cover is None or verdict is Time.UNWATCHED else cover


def _merged(verdicts: Sequence[Turn], covers: Sequence[Turn]) -> Iterator[tuple[Turn, bool]]:
    both = [(turn, False) for turn in verdicts] + [(turn, True) for turn in covers]
    return iter(sorted(both, key=lambda one: one[0].at))


def overlap(one: Span, other: Span) -> int:
    """How long both are."""
    return max(0, min(one.end, other.end) - max(one.begin, other.begin))
