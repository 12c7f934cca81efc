"""The whole way from events to notices on a real store, with time turned by hand: who hears what, and when."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

from daemon.alerting import due, pipeline
from daemon.alerting.pipeline import Outcome
from daemon.alerting.rules import Rules
from daemon.config.settings import Settings
from daemon.event import Event, State
from daemon.notice import Reason
from daemon.store import notices, silences
from daemon.store.base import Tx
from daemon.store.silences import Silence
from fake_clock import BEGIN
from made import event

T = TypeVar("T")


class Keeps(Protocol):
    """As much of a store as is needed here."""

    def write(self, work: Callable[[Tx], T]) -> T: ...

    def read(self, work: Callable[[Tx], T]) -> T: ...


class Said(NamedTuple):
    """One notice: seconds since the beginning, to whom, why, and the keys of the problems in it."""

    at: float
    receiver: str
    reason: Reason
    firing: tuple[str, ...]
    resolved: tuple[str, ...]


class Hearing:
    """What the agenda does, one instant after the other; without greenlets, so that nothing is left to chance."""

    def __init__(self, store: Keeps, settings: Settings) -> None:
        self.store = store
        self.now = self.began = BEGIN
        self.rules = Rules(settings)

    def fires(self, *keys: str, **more: object) -> Outcome:
        return self.take(*(event(key=key, title=key, **more) for key in keys))

    def ends(self, *keys: str) -> Outcome:
        return self.take(*(event(key=key, title=key, state=State.RESOLVED) for key in keys))

    def take(self, *events: Event) -> Outcome:
        now, rules = self.now, self.rules
        return self.store.write(lambda tx: pipeline.accept(tx, events, rules, now))

    def silence(self, *matchers: str, start: float = 0.0, end: float | None = None) -> Silence:
        """From `start` to `end`, both seconds since the beginning."""
        made = Silence(
            matchers=list(matchers), starts_at=BEGIN + start, ends_at=None if end is None else BEGIN + end,
            author="lin", comment="", created_at=self.now, updated_at=self.now,
        )  # fmt: skip
        return self.store.write(lambda tx: silences.add(tx, made))

    def to(self, seconds: float) -> "Hearing":
        """Go to so many seconds after the beginning, doing on the way what is due, each at its own instant."""
        end = BEGIN + seconds
        while (instant := self.store.read(due.next_due)) is not None and instant <= end:
            self.now = max(self.now, instant)
            self._do()
        self.now = end
        return self

    def _do(self) -> None:
        now, rules = self.now, self.rules
        self.store.write(lambda tx: due.do_due(tx, rules, now, 100))

    def said(self) -> list[Said]:
        """Every notice so far."""
        return self.store.read(_said)


def _said(tx: Tx) -> list[Said]:
    rows = tx.all(f"SELECT {', '.join(notices.SELECTED)} FROM notices n ORDER BY n.id")
    found = []
    for notice in map(notices.notice, rows):
        firing = tuple(sorted(alert.key for alert in notice.alerts if alert.state is State.FIRING))
        resolved = tuple(sorted(alert.key for alert in notice.alerts if alert.state is State.RESOLVED))
        found.append(Said(round(notice.at - BEGIN, 3), notice.receiver, notice.reason, firing, resolved))
    return found
