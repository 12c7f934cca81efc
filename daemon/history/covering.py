"""Keeps what covers the time of the probes up to date: asked every few seconds, exact to the millisecond."""

from collections.abc import Iterable, Mapping

from daemon.clock import Clock, unhurried
from daemon.history import covers
from daemon.history.batch import Batch
from daemon.history.covers import Rests
from daemon.history.entry import Entry
from daemon.store import mutes, silences
from daemon.store.base import Store, Tx
from daemon.store.silences import Kind, Silence


class Covering:
    """The windows of the store, and the probes that each of them matches."""

    def __init__(self, store: Store, clock: Clock, rests: Rests) -> None:
        self._store = store
        self._clock = clock
        self._rests = rests
        self._until = 0
        self._read: tuple[str, list[Silence]] = ("", [])
        self._matched: dict[str, list[Silence]] | None = None
        self._covered: set[str] | None = None  # whom something covers now
        self._active: set[str] | None = None  # who has hours

    def begin(self, until: int) -> None:
        """All is known up to then."""
        self._until = until
        self._read = ("", [])
        self.forget_plans()

    def forget_plans(self) -> None:
        """The probes are others now."""
        self._matched, self._covered, self._active = None, None, None

    def look(self, now: int, entries: Mapping[str, Entry], batch: Batch) -> None:
        """Note what has changed up to now. Raises StoreError."""
        if now <= self._until:
            return
        stamp, windows = self._store.read(self._windows)
        if windows != self._read[1]:
            self._matched = None
        self._read = stamp, windows
        if self._matched is None:
            plans = [(name, one.plan) for name, one in entries.items()]
            self._matched = covers.matched(windows, unhurried(self._clock, plans))
        if self._covered is None:
            self._covered = {name for name, one in entries.items() if one.cover is not None}
        if self._active is None:
            self._active = {name for name, one in entries.items() if one.plan.active}
        for name in self._covered | self._matched.keys() | self._active | set(self._rests.names()):
            one = entries.get(name)
            if one is None:
                continue
            open_in = [piece for window in self._matched.get(name, ()) for piece in self._pieces(window, now)]
            rests = self._rests(one.plan, self._until, now)
            one.covered(covers.turns(open_in, rests, self._until, now, one.cover), batch)
            (self._covered.discard if one.cover is None else self._covered.add)(name)
        self._until = now

    def _pieces(self, window: Silence, now: int) -> Iterable[tuple[int, int]]:
        return covers.in_force(window, self._until, now)

    def _windows(self, tx: Tx) -> tuple[str, list[Silence]]:
        stamp = mutes.stamp(tx)
        if stamp == self._read[0]:
            return self._read
        since = self._until / 1_000
        return stamp, [one for one in silences.not_over(tx, since) if one.kind is Kind.MAINTENANCE]
