"""What is kept beside the readings: pauses, and the calls of those that call in. Durable before anybody is told."""

from collections.abc import Mapping, Sequence
from functools import partial

from daemon.clock import Clock
from daemon.reading import Ear, Sign
from daemon.store import heartbeats, pauses
from daemon.store.base import Store
from daemon.store.heartbeats import Heard
from daemon.store.pauses import Pause


class Ledger:
    """The store, as the scheduler sees it. Every method may wait for the disk, and raises StoreError."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._history: dict[str, list[Pause]] | None = None

    def pauses(self) -> Mapping[str, Pause]:
        """The pauses of this instant, by probe."""
        return self._store.read(partial(pauses.running, now=self._clock.now()))

    def history(self) -> Mapping[str, Sequence[Pause]]:
        """All pauses that are not forgotten, by probe; kept in memory, for this is asked often."""
        if self._history is None:
            self._history = self._store.read(pauses.every)
        return self._history

    def awake_since(self) -> Mapping[str, float]:
        """When the last pause of each probe ended."""
        return self._store.read(partial(pauses.last_ends, now=self._clock.now()))

    def pause(self, probe: str, author: str, comment: str, until: float | None) -> Pause:
        """Pause a probe."""
        now = self._clock.now()
        begun = self._store.write(lambda tx: pauses.begin(tx, probe, author, comment, now, until))
        self._history = None
        return begun

    def resume(self, probe: str, by: str) -> Pause | None:
        """End the pause of a probe; return it, None when there was none."""
        now = self._clock.now()
        ended = self._store.write(lambda tx: pauses.end(tx, probe, by, now))
        self._history = None
        return ended

    def heard(self) -> Mapping[str, Heard]:
        """What those who call in have said, by probe."""
        return self._store.read(heartbeats.every)

    def take(self, probe: str, ear: Ear, sign: Sign) -> Heard:
        """Write down a call."""
        return self._store.write(lambda tx: heartbeats.take(tx, probe, sign.at, partial(ear.heard, sign=sign)))


class NoLedger:
    """Nothing is kept; for those who only look."""

    def pauses(self) -> Mapping[str, Pause]:
        """None."""
        return {}

    def awake_since(self) -> Mapping[str, float]:
        """Always."""
        return {}

    def pause(self, probe: str, author: str, comment: str, until: float | None) -> Pause:
        """Until the next start."""
        return Pause(id=0, probe=probe, author=author, comment=comment, since=0.0, until=until)

    def resume(self, probe: str, by: str) -> Pause | None:
        """There is none that it knows of."""
        del probe, by
        return None

    def heard(self) -> Mapping[str, Heard]:
        """Nothing."""
        return {}

    def take(self, probe: str, ear: Ear, sign: Sign) -> Heard:
        """Forget all that was before it."""
        del probe
        return Heard(number=0, notes=ear.heard(b"", sign), at=sign.at)
