"""statsd put together: doors, reader, herald."""

import logging
import socket
from collections.abc import Callable
from functools import partial

from daemon import telemetry
from daemon.clock import Clock
from daemon.config.settings import Settings
from daemon.event import Event
from daemon.intakes import sockets
from daemon.intakes.doors import Datagrams
from daemon.intakes.opening import Doors, Wanted
from daemon.intakes.statsd.grammar import Dialect, Reason
from daemon.intakes.statsd.herald import Herald
from daemon.intakes.statsd.losses import Losses
from daemon.intakes.statsd.reading import Reader
from daemon.intakes.statsd.stream import Stream
from daemon.internal import Alarm, AlarmOver, Check
from daemon.series.table import Table

log = logging.getLogger("tocsin.statsd")

DOORS = ("statsd", "statsd_unix", "statsd_stream")  # in `listen`


class Statsd:
    """What programs tell over statsd. `events` is the door to the alarm path; it may wait, and raise StoreError."""

    def __init__(
        self,
        table: Table,
        clock: Clock,
        settings: Callable[[], Settings],
        events: Callable[[list[Event]], object],
        alarms: tuple[Alarm, AlarmOver],
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._herald = Herald(events, clock)
        self._reader = Reader(table, clock, self._herald.put, *_understood(settings()))
        self._doors = Doors(Check.STATSD_DOOR, *alarms)
        self._losses = Losses(self._datagrams, clock, alarms[0])

    def start(self) -> None:
        """Open the doors that are wanted. Raises NoDoor."""
        self._herald.start()
        self._losses.start()
        self._doors.open(self._wanted(), DOORS)

    def reload(self) -> None:
        """Follow the settings. A door that cannot be opened where it is wanted now stays shut, with an alarm."""
        settings = self._settings()
        self._reader.follow(*_understood(settings))
        self._doors.follow(self._wanted())
        for door in self._datagrams():
            door.let(settings.statsd.from_)

    def stop(self) -> None:
        """Shut the doors; what is read is told."""
        self._doors.stop()
        self._losses.stop()
        self._herald.stop()

    def doors(self) -> dict[str, str]:
        """The doors that are open, by setting, and where."""
        return self._doors.addresses

    def _datagrams(self) -> list[Datagrams]:
        return [door for door in self._doors.all if isinstance(door, Datagrams)]

    def _wanted(self) -> dict[str, Wanted]:
        """The doors that the settings name: a change of what one depends on makes it anew."""
        settings = self._settings()
        listen, said = settings.listen, settings.statsd
        buffer, mode = int(said.buffer), int(said.mode, 8)
        wanted: dict[str, Wanted] = {}
        if at := listen.statsd:
            wanted["statsd"] = (at, buffer), partial(self._udp, at, buffer)
        if path := listen.statsd_unix:
            bind = partial(sockets.unix, path, socket.SOCK_DGRAM, buffer, mode)
            wanted["statsd_unix"] = (path, buffer, mode), lambda: self._reading(bind())
        if path := listen.statsd_stream:
            heard = partial(sockets.unix, path, socket.SOCK_STREAM, buffer, mode)
            wanted["statsd_stream"] = (path, buffer, mode), lambda: Stream(heard(), self._reader.read, self._clock)
        return wanted

    def _udp(self, at: str, buffer: int) -> Datagrams:
        door = self._reading(sockets.udp(at, buffer))
        if (room := sockets.room(door.bound)) < buffer:
            log.info("only %s bytes may wait at %s: net.core.rmem_max allows no more", f"{room:,}", door.address)
        return door

    def _reading(self, bound: socket.socket) -> Datagrams:
        refused = telemetry.statsd_refused.labels(Reason.SENDER.value).inc
        return Datagrams(bound, self._reader.read, self._clock, refused, self._settings().statsd.from_)


def _understood(settings: Settings) -> tuple[Dialect, float]:
    said = settings.statsd
    dialect = Dialect(signs_shift=said.signed_gauges == "relative", milliseconds=said.timers_in == "ms")
    return dialect, said.events_last
