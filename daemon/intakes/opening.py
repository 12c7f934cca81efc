"""The doors of one intake: opened at the start, followed at a reload, shut at the end."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from daemon import telemetry
from daemon.errors import NoDoor
from daemon.internal import Alarm, AlarmOver, Check

log = logging.getLogger("tocsin.intakes")


class Door(Protocol):
    """Something that takes what comes to an address."""

    @property
    def address(self) -> str:
        """Where, written as in the configuration."""

    def start(self) -> None:
        """Begin to take."""

    def stop(self) -> None:
        """Take no more."""


Wanted = tuple[object, Callable[[], Door]]  # what a door depends on, and how it is made, which may raise NoDoor


class Doors:
    """By their names in `listen`. `check` is the alarm about one that cannot be opened."""

    def __init__(self, check: Check, alarm: Alarm, alarm_over: AlarmOver) -> None:
        self._check = check
        self._alarm, self._alarm_over = alarm, alarm_over
        self._open: dict[str, tuple[object, Door]] = {}
        self._shut: set[str] = set()  # of which there may be an alarm

    @property
    def all(self) -> list[Door]:
        """Those that are open."""
        return [door for _, door in self._open.values()]

    @property
    def addresses(self) -> dict[str, str]:
        """Where they are open, by name."""
        return {name: door.address for name, (_, door) in self._open.items()}

    def open(self, wanted: Mapping[str, Wanted], names: tuple[str, ...]) -> None:
        """Open all of them. Raises NoDoor; whoever gets it stops. Of all `names` there may be alarms from before."""
        self._shut.update(names)
        for name, one in wanted.items():
            self._begin(name, *one)
        self._well()

    def follow(self, wanted: Mapping[str, Wanted]) -> None:
        """Go over to these. One that cannot be opened stays shut, with an alarm; what stays as it is is left alone."""
        for name, (said, door) in list(self._open.items()):
            if name not in wanted or wanted[name][0] != said:
                del self._open[name]
                door.stop()
                telemetry.forget("door", door.address)
                log.info("listen.%s: nothing is taken any more at %s", name, door.address)
        failed: set[str] = set()
        for name in wanted.keys() - self._open.keys():
            try:
                self._begin(name, *wanted[name])
            except NoDoor as error:
                failed.add(name)
                self._alarm(self._check, name, title=f"listen.{name} is shut", text=str(error))
        self._well(but=failed)

    def stop(self) -> None:
        """Shut them."""
        for door in self.all:
            door.stop()
        self._open.clear()

    def _begin(self, name: str, said: object, make: Callable[[], Door]) -> None:
        door = make()
        self._open[name] = said, door
        door.start()
        log.info("listen.%s: taken at %s", name, door.address)

    def _well(self, but: Iterable[str] = ()) -> None:
        """Whatever is open, or no longer wanted, is no alarm."""
        ended, self._shut = self._shut - set(but), set(but)
        for name in sorted(ended):
            self._alarm_over(self._check, name)
