"""syslog comes in: lines are taken at the doors, wait in a bounded line, and are looked at beside the event loop.

However many come, looking at them takes no more than half of a processor, and nobody waits for it: what is beyond
that is dropped, counted, and one alarm says so.
"""

import logging
import socket
import threading
from collections import deque
from collections.abc import Callable
from functools import partial

import gevent

from daemon import telemetry
from daemon.aside import Aside
from daemon.clock import Clock, unhurried
from daemon.config.settings import Settings
from daemon.intakes import sockets
from daemon.intakes.doors import Signed, SignedDatagrams
from daemon.intakes.opening import Doors, Wanted
from daemon.intakes.syslog.herald import Events, Herald
from daemon.intakes.syslog.looking import Eyes, Seen, Whose, look
from daemon.internal import AGAIN, Alarm, AlarmOver, Check
from daemon.series.key import Kind, labels
from daemon.series.live import Live
from daemon.series.table import Table

log = logging.getLogger("tocsin.syslog")

MESSAGES = "syslog.messages"
MOST_WAITING = 20_000  # lines
MOST_BYTES = 16 * 1024**2  # of them
TOGETHER = 200  # lines that are looked at in one go
MOST_SERIES = 10_000  # that are remembered; the table has its own bound

DOORS = ("syslog", "syslog_unix")  # in `listen`


class Syslog:
    """The doors and what becomes of what comes in. Nothing is open that the configuration does not name."""

    def __init__(
        self,
        table: Table,
        clock: Clock,
        settings: Callable[[], Settings],
        events: Events,
        alarms: tuple[Alarm, AlarmOver],
        aside: Aside,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._table = table
        self._alarm = alarms[0]
        self._aside = aside
        self._herald = Herald(clock, events)
        self._eyes = Eyes(())
        self._doors = Doors(Check.SYSLOG_DOOR, *alarms)
        self._waiting: deque[Signed] = deque()
        self._bytes = 0
        self._there = threading.Event()
        self._dropped = 0  # since it was said
        self._say_at = 0.0
        self._series: dict[Whose, Live] = {}
        self._own_name = socket.gethostname()
        self._worker: gevent.Greenlet[[], None] | None = None

    @property
    def waiting(self) -> int:
        """How many lines wait to be looked at."""
        return len(self._waiting)

    def start(self) -> None:
        """Open the doors, and begin to look. Raises NoDoor."""
        self._herald.start()
        self._worker = gevent.spawn(self._run)
        self._look_for()
        self._doors.open(self._wanted(), DOORS)

    def stop(self) -> None:
        """Close the doors; what was found is still told."""
        self._doors.stop()
        if self._worker is not None:
            self._worker.kill()
        self._herald.stop()

    def reload(self) -> None:
        """Follow the settings. A door that cannot be opened where it is wanted now stays shut, with an alarm."""
        self._look_for()
        self._doors.follow(self._wanted())
        for door in self._datagrams():
            door.let(self._settings().syslog.from_)

    def doors(self) -> dict[str, str]:
        """The doors that are open, by setting, and where."""
        return self._doors.addresses

    def _look_for(self) -> None:
        self._eyes = Eyes(self._settings().syslog.patterns.values())

    def _datagrams(self) -> list[SignedDatagrams]:
        return [door for door in self._doors.all if isinstance(door, SignedDatagrams)]

    def _wanted(self) -> dict[str, Wanted]:
        """The doors that the settings name: a change of what one depends on makes it anew."""
        settings = self._settings()
        listen, said = settings.listen, settings.syslog
        buffer, mode = int(said.buffer), int(said.mode, 8)
        wanted: dict[str, Wanted] = {}
        if at := listen.syslog:
            wanted["syslog"] = (at, buffer), lambda: self._door(sockets.udp(at, buffer))
        if path := listen.syslog_unix:
            bind = partial(sockets.unix, path, socket.SOCK_DGRAM, buffer, mode)
            wanted["syslog_unix"] = (path, buffer, mode), lambda: self._door(bind())
        return wanted

    def _door(self, bound: socket.socket) -> SignedDatagrams:
        refused = telemetry.syslog_dropped.labels("sender").inc
        return SignedDatagrams(bound, self.take, self._clock, refused, self._settings().syslog.from_)

    def take(self, lines: list[Signed]) -> None:
        """Put lines where they wait; those for which there is no room are gone. Waits for nothing."""
        room = MOST_WAITING - len(self._waiting) if self._bytes < MOST_BYTES else 0
        taken = lines[:room] if room < len(lines) else lines
        self._waiting.extend(taken)
        self._bytes += sum(len(raw) for raw, _ in taken)
        if left := len(lines) - len(taken):
            self._dropped += left
            telemetry.syslog_dropped.labels("behind").inc(left)
        self._there.set()

    def _run(self) -> None:
        while True:
            self._clock.wait(self._there, None)
            self._there.clear()
            while self._waiting:
                begun = self._clock.monotonic()
                try:
                    self._look()
                except Exception:  # a loop of the process's own: it must go on
                    log.exception("lines of syslog could not be looked at")
                self._clock.sleep(self._clock.monotonic() - begun)  # half of the time is for everybody else

    def _look(self) -> None:
        lines = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
        self._bytes -= sum(len(raw) for raw, _ in lines)
        seen = self._aside(partial(look, self._eyes, lines, self._own_name))
        self._count(seen)
        self._herald.found(unhurried(self._clock, seen.finds.values()))
        self._say()

    def _count(self, seen: Seen) -> None:
        telemetry.syslog_lines.inc(sum(seen.counts.values()))
        telemetry.syslog_dropped.labels("empty").inc(seen.empty)
        for whose, count in unhurried(self._clock, seen.counts.items()):
            live = self._series.get(whose)
            if live is None or not live.is_live:
                if len(self._series) >= MOST_SERIES:
                    self._series.clear()
                host, app, level = whose
                named = labels((("host", host), ("app", app), ("severity", level)))
                live = self._series[whose] = self._table.find(MESSAGES, Kind.COUNTER, named)
            live.add(float(count))

    def _say(self) -> None:
        """Tell, now and then, that lines were lost."""
        for door in self._datagrams():
            if lost := door.turned_away():
                self._dropped += lost
                telemetry.syslog_dropped.labels("kernel").inc(lost)
        now = self._clock.monotonic()
        if not self._dropped or now < self._say_at:
            return
        self._say_at = now + AGAIN
        dropped, self._dropped = self._dropped, 0
        gevent.spawn(
            self._alarm,
            Check.SYSLOG_LOST,
            title="Lines of syslog are lost",
            text=f"{dropped:,} lines came faster than they could be looked at. Have less sent, or look for less.",
        )
