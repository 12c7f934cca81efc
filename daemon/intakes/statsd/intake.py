"""statsd put together: doors, reader, herald; opened, reloaded, shut."""

import ipaddress
import logging
import socket
from collections.abc import Callable

from daemon import telemetry
from daemon.clock import Clock
from daemon.config.settings import Settings
from daemon.errors import NoDoor
from daemon.event import Event
from daemon.intakes import sockets
from daemon.intakes.statsd.doors import Datagrams, Stream
from daemon.intakes.statsd.grammar import Dialect
from daemon.intakes.statsd.herald import Herald
from daemon.intakes.statsd.losses import Losses
from daemon.intakes.statsd.reading import Reader
from daemon.internal import Alarm, AlarmOver, Check
from daemon.series.table import Table

log = logging.getLogger("tocsin.statsd")

Door = Datagrams | Stream
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
        self._alarm, self._alarm_over = alarms
        self._herald = Herald(events, clock)
        self._reader = Reader(table, clock, self._herald.put, *_understood(settings()))
        self._open: dict[str, tuple[str, Door]] = {}  # by setting: what it says, and the door that it made
        self._losses = Losses(
            lambda: [door for _, door in self._open.values() if isinstance(door, Datagrams)], clock, self._alarm
        )

    def start(self) -> None:
        """Open the doors that are wanted. Raises NoDoor."""
        self._herald.start()
        self._losses.start()
        for name, said in _wanted(self._settings()).items():
            self._begin(name, said)

    def reload(self) -> None:
        """Follow the settings. A door that cannot be opened where it is wanted now stays shut, with an alarm."""
        settings = self._settings()
        self._reader.follow(*_understood(settings))
        wanted = _wanted(settings)
        for name, (said, door) in list(self._open.items()):
            if wanted.get(name) != said:
                del self._open[name]
                door.stop()
                telemetry.forget("door", door.address)
                log.info("statsd is no longer taken at %s", door.address)
            elif isinstance(door, Datagrams):
                door.let(_friends(settings))
        for name in wanted.keys() - self._open.keys():
            try:
                self._begin(name, wanted[name])
            except NoDoor as error:
                self._alarm(Check.STATSD_DOOR, name, title=f"listen.{name} is shut", text=str(error))
            else:
                self._alarm_over(Check.STATSD_DOOR, name)

    def stop(self) -> None:
        """Shut the doors; what is read is told."""
        for _, door in self._open.values():
            door.stop()
        self._losses.stop()
        self._herald.stop()

    def doors(self) -> dict[str, str]:
        """The doors that are open, by setting, and where."""
        return {name: door.address for name, (_, door) in self._open.items()}

    def _begin(self, name: str, said: str) -> None:
        settings = self._settings()
        limits, mode = settings.statsd, int(settings.statsd.mode, 8)
        door: Door
        if name == "statsd":
            bound = sockets.udp(said, limits.buffer)
            door = Datagrams(bound, self._reader.read, self._clock, _friends(settings))
            if (room := sockets.room(bound)) < limits.buffer:
                log.info("only %s bytes may wait at %s: net.core.rmem_max allows no more", f"{room:,}", door.address)
        elif name == "statsd_unix":
            bound = sockets.unix(said, socket.SOCK_DGRAM, limits.buffer, mode)
            door = Datagrams(bound, self._reader.read, self._clock)
        else:
            bound = sockets.unix(said, socket.SOCK_STREAM, limits.buffer, mode)
            door = Stream(bound, self._reader.read, self._clock)
        self._open[name] = said, door
        door.start()
        log.info("statsd is taken at %s", door.address)


def _wanted(settings: Settings) -> dict[str, str]:
    return {name: said for name in DOORS if (said := getattr(settings.listen, name))}


def _understood(settings: Settings) -> tuple[Dialect, float]:
    said = settings.statsd
    dialect = Dialect(signs_shift=said.signed_gauges == "relative", milliseconds=said.timers_in == "ms")
    return dialect, said.events_last


def _friends(settings: Settings) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(one) for one in settings.statsd.from_]
