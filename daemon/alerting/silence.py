"""Which silence keeps an alert from being told."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from daemon import internal
from daemon.alert import Alert
from daemon.alerting.index import Index
from daemon.config import recurring
from daemon.errors import MatcherError
from daemon.event import OWN
from daemon.internal import Check
from daemon.matcher import Matcher, parse
from daemon.store import flaps, mutes, silences
from daemon.store.base import Tx
from daemon.store.silences import Silence


class State(StrEnum):
    """How a silence stands."""

    PENDING = "pending"
    ACTIVE = "active"
    RESTING = "resting"  # a recurring one, outside of its intervals
    EXPIRED = "expired"


class Book:
    """The silences of the store, and the problems that flap, read again when one of them has changed."""

    def __init__(self) -> None:
        self._read: tuple[str, Page] = ("", Page([], set()))

    def page(self, tx: Tx, now: float) -> "Page":
        """All of them as they stand."""
        stamp = mutes.stamp(tx)
        known, page = self._read
        if stamp != known:
            page = Page(silences.not_over(tx, now), flaps.flapping(tx))
            self._read = stamp, page
        return page


class Page:
    """Silences, and problems that flap, as they stood under one stamp."""

    def __init__(self, found: list[Silence], flapping: set[str]) -> None:
        self.flapping = flapping
        readable = [(silence, matchers) for silence in found if (matchers := _readable(silence)) is not None]
        self._silences = [silence for silence, _ in readable]
        self._index = Index([matchers for _, matchers in readable])
        self.any_until_resolved = any(silence.until_resolved for silence in found)

    def muting(self, alert: Alert, now: float) -> Silence | None:
        """The oldest silence in force that matches; None when there is none."""
        return next((one for one in self.in_force(alert.labels, now) if not is_about(alert, one)), None)

    def in_force(self, labels: Mapping[str, str], now: float) -> Iterator[Silence]:
        """All silences in force that match these labels, oldest first."""
        return (one for one in self._matching(labels) if state(one, now) is State.ACTIVE)

    def until_resolved(self, labels: Mapping[str, str], now: float) -> list[Silence]:
        """The silences that match these labels and hold, or will, only until no alert of theirs is open."""
        return [one for one in self._matching(labels) if one.until_resolved and not one.is_over(now)]

    def _matching(self, labels: Mapping[str, str]) -> Iterator[Silence]:
        return (self._silences[position] for position in self._index.matching(labels))


def state(silence: Silence, now: float) -> State:
    """How it stands at this instant; only an active one mutes."""
    if silence.is_over(now):
        return State.EXPIRED
    if silence.is_pending(now):
        return State.PENDING
    return State.ACTIVE if not silence.during or _contains(silence.during, now) else State.RESTING


def is_about(alert: Alert, silence: Silence) -> bool:
    """Whether it is tocsin's own alarm about this silence, which must not keep quiet about itself."""
    return alert.source == OWN and alert.key == internal.key(Check.SILENCE, silence.code)


def matchers_of(silence: Silence) -> list[Matcher]:
    """Read its matchers; they were checked when it was made."""
    return [matcher for text in silence.matchers for matcher in parse(text)]


def _readable(silence: Silence) -> list[Matcher] | None:
    """Its matchers; None for one that only another version could read: it mutes nothing, and stops nobody."""
    try:
        return matchers_of(silence)
    except MatcherError:
        return None


def _contains(during: str, now: float) -> bool:
    """Whether an interval contains this instant; one that another version wrote, and we cannot read, does not."""
    try:
        return any(one.contains(now) for one in recurring.read(during))
    except ValueError:
        return False
