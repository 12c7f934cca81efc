"""Everything that measures, put together: the series, what fills them, what reads them."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

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
from daemon.web.apps.ruled import rules

Register = Callable[[tuple[str, Callable[[], None]]], None]  # of what is to be stopped, by name


def beside(store: Path) -> Path:
    """The file of what is measured, beside that of the alarms: `tocsin.db` has a `tocsin-measured.db`."""
    return store.with_name(f"{store.stem}-measured{store.suffix}")


class Part(Protocol):
    """Something that runs until it is stopped; what was not started can be stopped too."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


class Measures:
    """The parts, for whoever asks them. They have a store of their own: nothing here keeps an alarm from its disk."""

    def __init__(
        self, path: Path, clock: Clock, settings: Callable[[], Settings], intake: Intake, aside: Aside, hear: Hear
    ) -> None:
        """Open the store; `path` is that of the alarms' store, `hear` takes calls of heartbeats. Raises StoreError."""
        events, voice = intake.events, (intake.alarm, intake.alarm_over)

        def kept() -> Series:
            return settings().series

        self.store = store = SqliteStore(beside(path), MEASURED)
        self.table = table = Table(clock, kept)
        self.query = query = Query(store, table, clock, kept)
        self.exposition = Showing(table, clock, lambda: settings().series.expose)
        self.faults = Faults(store, clock, lambda: settings().errors, events, table)
        self.rules = Keeper(store, query, table, clock, settings, events, voice)
        self.sentry = SentryIntake(store, clock, lambda: settings().sentry, table, self.faults, hear, intake.alarm)
        self.pages = Pages(query, store, clock, settings, aside, lambda: rules(self.rules.evaluator.rules))
        self._recorder = Recorder(store, table, clock, kept)
        self._overseer = Overseer(store, table, clock, *voice)
        self._lists = RedisLists(store, table, clock, settings, *voice)
        self._lists.marks.kept_by(table, self._recorder)
        self._scrapes = Scrapes(table, clock, settings, *voice)
        self._statsd = Statsd(table, clock, settings, events, voice)
        self._syslog = Syslog(table, clock, settings, events, voice, aside)

    def start(self, register: Register) -> None:
        """Begin to measure; the doors open last. Raises StoreUnavailable, and NoDoor where one cannot be opened."""
        register(("store of what is measured", self.store.close))
        parts: dict[str, Part] = {
            "series": self._recorder,
            "overseer of the series": self._overseer,
            "threshold rules": self.rules,
            "errors of applications": self.faults,
            "Sentry intake": self.sentry,
            "Redis lists": self._lists,
            "scrapes": self._scrapes,
            "statsd": self._statsd,
            "syslog": self._syslog,
        }
        for name, part in parts.items():
            register((name, part.stop))
            part.start()

    def doors(self) -> dict[str, str]:
        """The doors of the intakes that are open, by their names in `listen`, and where."""
        return self._statsd.doors() | self._syslog.doors()

    def reload(self) -> None:
        """Follow the settings, those that do not ask for them each time."""
        for part in (self.rules, self._lists, self._scrapes, self._statsd, self._syslog):
            part.reload()
