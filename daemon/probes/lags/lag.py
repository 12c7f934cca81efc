"""What the offsets of a consumer group mean: it advances, falls behind, was rewound, is stalled, or has stopped.

Judged is how they move from look to look, not how many messages wait: a thousand are nothing for one group and an
outage for another. Of each partition it is remembered since when its commit stands still, since when it is behind, and
since when its lag has only grown, so that a window of any length costs the same few bytes.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from daemon.reading import SPOILT, Health

MOST_PARTITIONS = 10_000  # of all groups together that one look judges and remembers


class Shape(StrEnum):
    """How a group reads, from well to worst."""

    ADVANCING = "advancing"
    FALLING = "falling behind"  # it reads, and its lag has only grown for the whole window
    REWOUND = "rewound"  # its commit went back or vanished within the window, or lies beyond the end of the log
    STALLED = "stalled"  # behind, and its commit has not moved for the whole window
    STOPPED = "stopped"  # the same, and nobody is in the group; or messages come and nobody has ever committed

    @property
    def health(self) -> Health:
        """What it means for a reading."""
        return _HEALTH[self]


_HEALTH = {
    Shape.ADVANCING: Health.UP,
    Shape.FALLING: Health.DEGRADED,
    Shape.REWOUND: Health.DEGRADED,
    Shape.STALLED: Health.DOWN,
    Shape.STOPPED: Health.DOWN,
}
SEVERITY = {shape: rank for rank, shape in enumerate(Shape)}

Key = tuple[str, str, int]  # group, topic, partition


class Offsets(msgspec.Struct, frozen=True):
    """What one look saw of a partition. The commit must be read before the end, or the lag could be negative."""

    group: str
    topic: str
    partition: int
    committed: int | None  # None: the group has committed nothing for it
    end: int
    earliest: int | None = None  # None: nobody asked

    @property
    def key(self) -> Key:
        """What it is called in notes."""
        return self.group, self.topic, self.partition

    @property
    def is_beyond(self) -> bool:
        """Whether more is committed than there is: the topic was made anew, or its log lost its end."""
        return self.committed is not None and self.committed > self.end

    @property
    def has_expired(self) -> bool:
        """Whether messages were deleted before the group had read them."""
        return self.committed is not None and self.earliest is not None and self.committed < self.earliest


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How to judge."""

    window: float  # seconds for which something must go on before it means anything
    tolerate: int = 0  # messages of lag that count as none
    count_unread: bool = False  # a partition without a commit lags by all that is in it
    judge: bool = True  # whether the shape says how it is; else that is left to conditions

    def lag(self, seen: Offsets) -> int | None:
        """How many messages wait; None where nothing says so. Never negative."""
        if seen.committed is not None:
            return max(0, seen.end - seen.committed)
        if self.count_unread and seen.earliest is not None:
            return max(0, seen.end - seen.earliest)
        return None


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """What is remembered of a partition: the last look, and since when things are as they are. Times are instants."""

    at: float
    committed: int | None
    end: int
    lag: int | None
    held: float  # since when the commit is what it is
    behind: float | None = None  # since when it has had lag at every look
    grows: float | None = None  # since when each look has seen more lag than the one before
    busy: float | None = None  # since when the end has moved although the commit has not
    back: float | None = None  # when the commit was last seen to go back
    was: int | None = None  # from where


Marks = dict[Key, Mark]
_Notes = dict[str, dict[str, dict[int, Mark]]]

_read = msgspec.msgpack.Decoder(_Notes).decode
_write = msgspec.msgpack.Encoder().encode


class Judged(msgspec.Struct, frozen=True):
    """One partition, judged."""

    seen: Offsets
    mark: Mark
    shape: Shape

    @property
    def lag(self) -> int:
        """Its lag as a number to sort by; what cannot be known counts as none."""
        return self.mark.lag or 0


def judged(seen: Sequence[Offsets], members: Mapping[str, int], marks: Marks, rules: Rules, now: float) -> list[Judged]:
    """Judge every partition by what is remembered of it, the worst first. `members` by group, where it is known."""
    found = []
    for one in {offsets.key: offsets for offsets in seen}.values():
        mark = _marked(one, marks.get(one.key), rules, now)
        found.append(Judged(one, mark, _shape(one, mark, members.get(one.group), rules, now)))
    return sorted(found, key=lambda one: (-SEVERITY[one.shape], -one.lag, one.seen.key))


def recalled(notes: bytes, now: float) -> Marks:
    """Read what an earlier look left behind; what cannot be, or comes from the future, is forgotten."""
    try:
        groups = _read(notes)
    except SPOILT:
        return {}
    return {
        (group, topic, partition): mark
        for group, topics in groups.items()
        for topic, partitions in topics.items()
        for partition, mark in partitions.items()
        if mark.held <= mark.at <= now
    }


def lingering(marks: Marks) -> dict[str, set[str]]:
    """The topics of which something is to be told still, by group: also when the brokers list them no more."""
    topics: dict[str, set[str]] = {}
    for (group, topic, _), mark in marks.items():
        if mark.committed is not None or mark.back is not None:
            topics.setdefault(group, set()).add(topic)
    return topics


def remembered(found: Sequence[Judged], marks: Marks, rules: Rules, now: float) -> bytes:
    """Write what the next look is to know; partitions that were not seen this time are kept for a window."""
    kept = {one.seen.key: one.mark for one in found}
    missed = [(key, mark) for key, mark in marks.items() if key not in kept and now - mark.at < rules.window]
    kept.update(sorted(missed)[: max(0, MOST_PARTITIONS - len(kept))])
    groups: _Notes = {}
    for (group, topic, partition), mark in kept.items():
        groups.setdefault(group, {}).setdefault(topic, {})[partition] = mark
    return _write(groups)


def _marked(seen: Offsets, before: Mark | None, rules: Rules, now: float) -> Mark:
    """What is to be remembered after this look."""
    lag = rules.lag(seen)
    is_behind = (lag or 0) > rules.tolerate
    fresh = Mark(at=now, committed=seen.committed, end=seen.end, lag=lag, held=now, behind=now if is_behind else None)
    if before is None:
        return fresh
    has_held = seen.committed == before.committed
    gone_back = before.committed is not None and (seen.committed is None or seen.committed < before.committed)
    if gone_back:
        back, was = now, before.committed
    elif before.back is not None and now - before.back < rules.window:
        back, was = before.back, before.was
    else:
        back, was = None, None
    return msgspec.structs.replace(
        fresh,
        held=before.held if has_held else now,
        behind=_since(before.behind, now) if is_behind else None,
        grows=_growing(lag, before, rules, now) if is_behind else None,
        busy=_since(before.busy, now if seen.end > before.end else None) if has_held else None,
        back=back,
        was=was,
    )


def _growing(lag: int | None, before: Mark, rules: Rules, now: float) -> float | None:
    """Since when it has only grown; looks too far apart do not tell what was between them."""
    if lag is None or before.lag is None or lag <= before.lag:
        return None
    if now - before.at > rules.window:
        return now
    return _since(before.grows, before.at)


def _since(earlier: float | None, now: float | None) -> float | None:
    return now if earlier is None else earlier


def _shape(seen: Offsets, mark: Mark, members: int | None, rules: Rules, now: float) -> Shape:
    """The worst that can be said of it."""

    def is_long(since: float | None) -> bool:
        return since is not None and now - since >= rules.window

    if is_long(mark.behind) and is_long(mark.held):
        return Shape.STOPPED if members == 0 or seen.committed is None else Shape.STALLED
    if seen.committed is None and is_long(mark.busy):
        return Shape.STOPPED
    if mark.back is not None or seen.is_beyond:
        return Shape.REWOUND
    return Shape.FALLING if is_long(mark.grows) else Shape.ADVANCING
