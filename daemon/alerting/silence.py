"""Which silence keeps an alert from being told."""

from collections.abc import Mapping

from daemon.alerting.index import Index
from daemon.matcher import Matcher, parse
from daemon.store import silences
from daemon.store.base import Tx
from daemon.store.silences import Silence


class Book:
    """The silences of the store, read again when one of them has changed."""

    def __init__(self) -> None:
        self._read: tuple[str, Page] = ("", Page([]))

    def page(self, tx: Tx, now: float) -> "Page":
        """The silences as they stand."""
        stamp = silences.stamp(tx)
        known, page = self._read
        if stamp != known:
            page = Page(silences.not_over(tx, now))
            self._read = stamp, page
        return page


class Page:
    """Silences as they stood under one stamp."""

    def __init__(self, found: list[Silence]) -> None:
        self._silences = found
        self._index = Index([matchers_of(silence) for silence in found])

    def muting(self, labels: Mapping[str, str], now: float) -> Silence | None:
        """The oldest silence in force that matches; None when there is none."""
        for position in self._index.matching(labels):
            silence = self._silences[position]
            if in_force(silence, now):
                return silence
        return None


def in_force(silence: Silence, now: float) -> bool:
    """Whether it mutes at this instant."""
    return not silence.is_pending(now) and not silence.is_over(now)


def matchers_of(silence: Silence) -> list[Matcher]:
    """Read its matchers; they were checked when it was made."""
    return [matcher for text in silence.matchers for matcher in parse(text)]
