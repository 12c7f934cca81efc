"""All pages that are read, each in its own time."""

import logging
from collections.abc import Callable
from dataclasses import replace
from zlib import crc32

import gevent
from gevent.pool import Group

from daemon.clock import Clock
from daemon.config.scrapes import NAME, Scrape
from daemon.config.settings import Settings
from daemon.intakes.scrape.fetching import Failed, Fetching
from daemon.intakes.scrape.page import NotAPage, Page
from daemon.internal import Alarm, AlarmOver, Check
from daemon.series.key import Kind, labels
from daemon.series.table import Table

log = logging.getLogger("tocsin.intakes")

UP, TOOK, SERIES, LEFT_OUT = "scrape.up", "scrape.seconds", "scrape.series", "scrape.left_out"
PATIENCE = 300.0  # seconds of which nobody hears when a page cannot be read


class Target:
    """One page."""

    def __init__(self, given: Scrape, table: Table, clock: Clock, alarm: Alarm, over: AlarmOver) -> None:
        self._given = given
        self._table = table
        self._clock = clock
        self._alarm = alarm
        self._over = over
        self._page = Page(given, table, clock)
        self._fetching: Fetching | None = None
        self._labels = labels([*given.labels.items(), (NAME, given.name)])
        self._failing_since: float | None = None
        self._may_be_open = True  # an alarm, from before the start as well
        self._was_over = False

    def run(self) -> None:
        """Read it again and again, at moments of its own: not all pages at once."""
        every = self._given.every
        self._clock.sleep(crc32(self._given.name.encode()) % 1_000 / 1_000 * every)
        while True:
            began = self._clock.monotonic()
            try:
                self.look()
            except Exception:  # a loop of the process's own: what is wrong with one page must not end the reading
                log.exception("the scrape %s failed", self._given.name)
            self._clock.sleep(max(0.1, every - (self._clock.monotonic() - began)))

    def look(self) -> None:
        """Read it once."""
        began = self._clock.monotonic()
        try:
            self._fetching = self._fetching or Fetching(self._given)
            text, is_open = self._fetching.fetch()
            number = self._page.take(text, is_open=is_open)
        except (Failed, NotAPage) as failed:
            self._tell(UP, 0.0)
            self._failed(str(failed))
            return
        self._tell(UP, 1.0)
        self._tell(TOOK, self._clock.monotonic() - began, "s")
        self._tell(SERIES, float(number))
        self._tell(LEFT_OUT, float(self._page.left_out))
        self._well()

    def _tell(self, name: str, value: float, unit: str = "") -> None:
        self._table.find(name, Kind.GAUGE, self._labels, unit).add(value)

    def _failed(self, why: str) -> None:
        now = self._clock.monotonic()
        if self._failing_since is None:
            self._failing_since = now
            log.warning("scrape %s: %s", self._given.name, why)
        if now - self._failing_since >= PATIENCE:
            self._may_be_open = True
            where = self._fetching.shown if self._fetching is not None else self._given.name
            self._alarm(
                Check.SCRAPE,
                self._given.name,
                title=f"The page of the scrape {self._given.name} cannot be read",
                text=f"{where}: {why}. Rules see nothing new of it.",
            )

    def _well(self) -> None:
        if self._failing_since is not None:
            log.info("scrape %s: it is read again", self._given.name)
        self._failing_since = None
        if self._may_be_open:
            self._may_be_open = False
            self._over(Check.SCRAPE, self._given.name)
        is_over = self._page.left_out > 0
        if is_over and not self._was_over:
            log.warning("scrape %s: it has %d series beyond `most`", self._given.name, self._page.left_out)
        self._was_over = is_over


class Scrapes:
    """One greenlet for each page."""

    def __init__(
        self, table: Table, clock: Clock, settings: Callable[[], Settings], alarm: Alarm, over: AlarmOver
    ) -> None:
        self._table = table
        self._clock = clock
        self._settings = settings
        self._alarm = alarm
        self._over = over
        self._running: dict[str, tuple[Scrape, gevent.Greenlet[..., object]]] = {}
        self._greenlets = Group()

    def start(self) -> None:
        """Begin to read."""
        self.reload()

    def reload(self) -> None:
        """Go over to the current settings; pages whose settings are as before are read on."""
        # Its rules are judged elsewhere: another one is no reason to forget what counters were.
        wanted = {name: replace(one, rules={}) for name, one in self._settings().scrapes.items()}
        for name, (given, greenlet) in list(self._running.items()):
            if wanted.get(name) != given:
                del self._running[name]
                greenlet.kill()
                if name not in wanted:
                    self._over(Check.SCRAPE, name)
        for name, given in wanted.items():
            if name not in self._running:
                target = Target(given, self._table, self._clock, self._alarm, self._over)
                self._running[name] = given, self._greenlets.spawn(target.run)

    def stop(self) -> None:
        """Read no more."""
        self._greenlets.kill()
        self._running.clear()
