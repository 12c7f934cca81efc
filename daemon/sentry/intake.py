"""The Sentry intake put together: the gate at the door, the spool, the digest."""

from collections.abc import Callable

from daemon.aside import AsideThread
from daemon.clock import Clock
from daemon.config.sentry import Sentry
from daemon.internal import Alarm
from daemon.sentry.digest import Digest, Faults
from daemon.sentry.gate import Gate
from daemon.sentry.status import SentryStatus, status
from daemon.sentry.telling import Hear, Jobs
from daemon.series.table import Table
from daemon.store.base import Store


class SentryIntake:
    """Runs always: without projects nothing is let in, and what was let in before is worked through."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Callable[[], Sentry],
        table: Table,
        faults: Faults,
        hear: Hear,
        alarm: Alarm,
    ) -> None:
        """`store` is that of what is measured; `hear` takes the calls of heartbeats."""
        self._aside = AsideThread()
        self._store = store
        self._settings = settings
        self.gate = Gate(store, clock, settings, self._aside)
        self._digest = Digest(store, clock, settings, self.gate, table, faults, Jobs(hear, alarm, clock), alarm)

    def start(self) -> None:
        """Begin. Raises StoreUnavailable."""
        self.gate.start(self._digest.ring)
        self._digest.start()

    def status(self) -> SentryStatus:
        """How it stands. Raises StoreError."""
        projects = self._settings().projects
        return self._store.read(lambda tx: status(tx, projects))

    def stop(self) -> None:
        """Finish what is in hand; the rest waits on disk."""
        self._digest.stop()
        self._aside.stop()
