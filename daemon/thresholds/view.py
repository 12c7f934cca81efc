"""A window over series: which ones, grouped how, over how long. Rules that look at the same share one."""

from collections.abc import Iterator, Mapping

import msgspec

from daemon.expressions.expression import Expression, Group, Value
from daemon.matcher import Matcher
from daemon.series.key import Key, Kind
from daemon.series.selector import Selector
from daemon.thresholds.gathered import Gathered, gathering
from daemon.thresholds.heard import Heard

MOST_GROUPS = 1_000  # of one window; what is beyond is not watched, and the rule says so
MOST_IN_ALL = 200_000  # of all windows together
FORGET = 86_400.0  # seconds of hearing nothing of a group after which it is no more; a window may be as long
TOGETHER: Group = ()
_ROOM_AGAIN = 0.9  # of the groups for which there was room: where the first one goes, another takes its place at once


class Room:
    """How many groups there may still be."""

    def __init__(self, left: int) -> None:
        self.left = left


class Sight(msgspec.Struct, frozen=True):
    """What tells two windows apart."""

    name: str
    matchers: tuple[Matcher, ...]
    by: tuple[str, ...] | None
    over: float
    piece: int
    gathers: type[Gathered]
    takes: tuple[str, ...]


def sight_of(about: Expression, value: Value, coarsest: int = 0) -> Sight:
    """The window that a value of this expression needs; with larger pieces where the past is kept in such."""
    gathers, piece = gathering(value.function), max(about.piece, coarsest)
    return Sight(value.name, value.matchers, about.by, about.over, piece, gathers, value.takes)


class View:
    """The groups of a window; a group is there from the first series on that belongs to it."""

    def __init__(self, sight: Sight, begun: float, room: Room) -> None:
        self.sight = sight
        self.selector = Selector(sight.name, sight.matchers)
        self.size = max(1, round(sight.over / sight.piece))  # pieces
        self._room = room
        self.begun = begun  # from when on it knows what came
        self.groups: dict[Group, Gathered] = {}
        self.kind: Kind | None = None  # of its series: those of one name are of one kind, or not all are taken
        self.unit = ""
        self.refused: Kind | None = None  # what else there was, and cannot be asked this
        self.most: int | None = None  # groups for which there was room, where some are left out

    def meet(self, key: Key) -> Gathered | None:
        """The group of a series; None when it is not among those that are meant."""
        if not self.selector.matches(key):
            return None
        takes_all = len(self.sight.takes) == len(Kind)
        if key.kind not in self.sight.takes or not (takes_all or self.kind in (None, key.kind)):
            self.refused = key.kind
            return None
        self.unit = key.unit
        return self.group(self.group_of(key), key.kind)

    def group(self, labels: Group, kind: Kind) -> Gathered | None:
        """A group by its labels, begun where there is none; None beyond the bound."""
        self.kind = kind
        found = self.groups.get(labels)
        if found is None:
            if len(self.groups) >= MOST_GROUPS or self._room.left <= 0:
                self.most = len(self.groups) if self.most is None else self.most
                return None
            self._room.left -= 1
            found = self.groups[labels] = self.sight.gathers.begin(self.size, kind)
        return found

    def piece(self, at: float) -> int:
        """The number of the piece in which an instant lies."""
        return int(at // self.sight.piece)

    def close(self, piece: int) -> Iterator[Group]:
        """All of a slot was taken; one group after the other."""
        for labels, one in list(self.groups.items()):
            if one.is_new:
                one.close(piece)
            yield labels

    def is_quiet(self, labels: Group, end: float, heard: Heard) -> bool:
        """Whether nothing came of this group for so long that it is no more. Only time that was heard counts."""
        one = self.groups.get(labels)
        if one is None:
            return False
        since, longest = (one.heard + 1) * self.sight.piece, max(self.sight.over, FORGET)
        return since < end - longest and since < heard.since(end, longest)

    def drop(self, labels: Group) -> None:
        """Nothing is said of this group any more."""
        if self.groups.pop(labels, None) is not None:
            self._room.left += 1
            if self.most is not None and len(self.groups) < self.most * _ROOM_AGAIN:
                self.most = None

    def group_of(self, key: Key) -> Group:
        """The labels of the group to which a series belongs."""
        by = self.sight.by
        if by is None:
            return key.labels
        return tuple(one for one in key.labels if one[0] in by) if by else TOGETHER


def written(labels: Group) -> str:
    """A group as people read it: `route=/pay, app=shop`; empty for all together."""
    return ", ".join(f"{name}={value}" for name, value in labels)


def as_labels(labels: Group) -> Mapping[str, str]:
    """A group as labels of an alarm."""
    return dict(labels)
