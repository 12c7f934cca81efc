"""An exporter's page as a test wants it, scraped into a table; what came of it by name and labels."""

import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager

from daemon.clock import Clock
from daemon.config.scrapes import Scrape
from daemon.intakes.scrape.page import Page
from daemon.intakes.scrape.scrapes import Target
from daemon.internal import Check
from daemon.series.rows import Row
from daemon.series.table import SLOT, Table
from daemon.series.tally import Tally
from fake_clock import FakeClock
from raw_server import ok, request, serving

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_OURS = re.compile(r',scrape="web"|scrape="web",?')


class Board:
    """What is in the series."""

    def __init__(self, clock: Clock, **given: object) -> None:
        self.clock = clock
        self.table = Table(clock)
        self.given = Scrape(**{"name": "web", "url": "http://127.0.0.1:9/metrics", **given})  # type: ignore[arg-type]
        self.page = Page(self.given, self.table, clock)
        self.alarms: list[str] = []
        self._rows: list[Row] = []
        self.table.on_closed(lambda _, rows: self._rows.extend(rows))

    def target(self) -> Target:
        """Fetch it over the network as well."""
        return Target(self.given, self.table, self.clock, self._alarm, self._over)

    def see(self, *pages: str, is_open: bool = False, every: float = 15.0) -> dict[str, Tally]:
        """Read these pages one after the other; what came of all of them."""
        for text in pages:
            self.page.take(text, is_open=is_open)
            if isinstance(self.clock, FakeClock):
                self.clock.advance(every)
        return self.tallies()

    def tallies(self) -> dict[str, Tally]:
        """What came since the last time."""
        self._rows.clear()
        self.table.close_slot(int(self.clock.now()) // SLOT * SLOT)
        found: dict[str, Tally] = {}
        for live, tally in self._rows:
            name = _OURS.sub("", str(live.key)).replace("{}", "")
            if name in found:
                found[name].merge(tally)
            else:
                found[name] = tally
        return found

    def totals(self, *pages: str, is_open: bool = False) -> dict[str, float]:
        """The sums of it."""
        return {name: tally.total for name, tally in self.see(*pages, is_open=is_open).items()}

    def _alarm(self, check: Check, *about: str, title: str, text: str) -> None:
        self.alarms.append(f"{check} {' '.join(about)}: {title}. {text}")

    def _over(self, check: Check, *about: str) -> None:
        self.alarms.append(f"{check} {' '.join(about)} is over")


@contextmanager
def exporter(
    page: str | bytes, kind: str = PLAIN, *, packed: bool = False, heard: list[str] | None = None
) -> Iterator[int]:
    """A server with one page; its port."""
    body = page.encode() if isinstance(page, str) else page
    more = f"Content-Type: {kind}\r\n" if kind else ""
    if packed:
        body, more = gzip.compress(body), more + "Content-Encoding: gzip\r\n"

    def speak(sock: object) -> None:
        head = request(sock)  # type: ignore[arg-type]
        if heard is not None:
            heard.append(head)
        sock.sendall(ok(body, more))  # type: ignore[attr-defined]

    with serving(speak) as port:
        yield port
