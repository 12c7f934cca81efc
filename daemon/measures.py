"""Everything that measures, put together: the series, what fills them, what reads them."""

from collections.abc import Callable
from pathlib import Path

from daemon.alerting.intake import Intake
from daemon.aside import Aside
from daemon.clock import Clock
from daemon.config.series import Series
from daemon.config.settings import Settings
from daemon.faults.faults import Faults
from daemon.intakes.redislist.lists import RedisLists
from daemon.intakes.scrape.scrapes import Scrapes
from daemon.intakes.statsd.intake import Statsd
from daemon.intakes.syslog.intake import Syslog
from daemon.sentry.intake import SentryIntake
from daemon.sentry.telling import Hear
from daemon.series.exposition import Showing
from daemon.series.overseer import Overseer
from daemon.series.query import Query
from daemon.series.recorder import Recorder
from daemon.series.table import Table
from daemon.store.migrate import MEASURED
from daemon.store.sqlite import SqliteStore
from daemon.thresholds.keeper import Keeper
from daemon.web.apps.board import Pages

Register = Callable[[tuple[str, Callable[[], None]]], None]  # of what is to be stopped, by name


def beside(store: Path) -> Path:
    """The file of what is measured, beside that of the alarms: `tocsin.db` has a `tocsin-measured.db`."""
    return store.with_name(f"{store.stem}-measured{store.suffix}")


class Measures:
    """The parts, for whoever asks them. They have a store of their own: nothing here keeps an alarm from its disk."""

    def __init__(
        self, path: Path, clock: Clock, settings: Callable[[], Settings], intake: Intake, aside: Aside, hear: Hear
    ) -> None:
        """Open the store; `path` is that of the alarms' store, `hear` takes calls of heartbeats. Raises StoreError."""
        self.store = SqliteStore(beside(path), MEASURED)
        self._clock = clock
        self._settings = settings
        self._intake = intake
        self._aside = aside
        self.table = Table(clock, self._kept)
        self.query = Query(self.store, self.table, clock, self._kept)
        self._recorder = Recorder(self.store, self.table, clock, self._kept)
        self._speak = intake.alarm, intake.alarm_over
        self._overseer = Overseer(self.store, self.table, clock, *self._speak)
        voice = (intake.alarm, intake.alarm_over)
        self.rules = Keeper(self.store, self.query, self.table, clock, settings, intake.events, voice)
        self.exposition = Showing(self.table, clock, lambda: settings().series.expose)
        self.pages = Pages(self.query, self.store, clock, settings, aside)
        self.faults = Faults(self.store, clock, lambda: settings().errors, intake.events, self.table)
        self.statsd = Statsd(self.table, clock, settings, intake.events, (intake.alarm, intake.alarm_over))
        self.syslog = Syslog(self.table, clock, settings, intake.events, (intake.alarm, intake.alarm_over), aside)
        self.sentry = SentryIntake(
            self.store, clock, lambda: settings().sentry, self.table, self.faults, hear, intake.alarm
        )

    def start(self, register: Register) -> None:
        """Begin to measure. Raises StoreUnavailable, and NoDoor where a door cannot be opened."""
        register(("store of what is measured", self.store.close))
        self._recorder.start()
        register(("series", self._recorder.stop))
        self._overseer.start()
        register(("overseer of the series", self._overseer.stop))
        self._lists = RedisLists(self.store, self.table, self._clock, self._settings, *self._speak)
        self._lists.marks.kept_by(self.table, self._recorder)
        self._lists.start()
        register(("Redis lists", self._lists.stop))
        self._scrapes = Scrapes(self.table, self._clock, self._settings, *self._speak)
        self._scrapes.start()
        register(("scrapes", self._scrapes.stop))
        self.rules.start()
        register(("threshold rules", self.rules.stop))
        self.faults.start()
        register(("errors of applications", self.faults.stop))
        register(("statsd", self.statsd.stop))
        self.statsd.start()
        register(("syslog", self.syslog.stop))
        self.syslog.start()
        self.sentry.start()
        register(("Sentry intake", self.sentry.stop))

    def reload(self) -> None:
        """Follow the settings."""
        self._lists.reload()
        self._scrapes.reload()
        self.rules.reload()
        self.statsd.reload()
        self.syslog.reload()

    def _kept(self) -> Series:
        return self._settings().series
