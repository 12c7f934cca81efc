"""Sees what the kernel had to turn away because nobody took it fast enough."""

import threading
from collections.abc import Callable, Iterable

import gevent

from daemon import telemetry
from daemon.clock import Clock
from daemon.intakes import sockets
from daemon.intakes.doors import Datagrams
from daemon.internal import AGAIN, Alarm, Check

EVERY = 5.0  # seconds between two looks


class Losses:
    """Looks at the doors that there are. `alarm` may wait, so it is raised here and not where is read."""

    def __init__(self, doors: Callable[[], Iterable[Datagrams]], clock: Clock, alarm: Alarm) -> None:
        self._doors = doors
        self._clock = clock
        self._alarm = alarm
        self._untold: dict[str, int] = {}  # since the last alarm, by the door's address
        self._told: dict[str, float] = {}
        self._over = threading.Event()
        self._loop: gevent.Greenlet[[], None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._loop = gevent.spawn(self._run)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        if self._loop is not None:
            self._loop.join()

    def look(self) -> None:
        """Count what was lost since the last look, and say so. Waits for the store when something was."""
        doors = list(self._doors())
        rooms = {door.address: sockets.room(door.bound) for door in doors}
        lost = {door.address: door.turned_away() for door in doors}
        for address, number in lost.items():
            telemetry.statsd_lost.labels(address).inc(number)
            self._untold[address] = self._untold.get(address, 0) + number
        for address in lost:
            self._tell(address, rooms[address])

    def _tell(self, address: str, room: int) -> None:
        now = self._clock.monotonic()
        number = self._untold[address]
        if not number or now - self._told.get(address, -AGAIN) < AGAIN:
            return
        self._told[address], self._untold[address] = now, 0
        self._alarm(
            Check.STATSD_LOST,
            address,
            title=f"Numbers of statsd are lost at {address}",
            text=f"{number:,} datagrams found no room: {room // 1024:,} KiB may wait there. Let programs pack more into"
            " a datagram, sample, or have more wait (statsd.buffer, net.core.rmem_max).",
        )

    def _run(self) -> None:
        while not self._clock.wait(self._over, EVERY):
            self.look()
