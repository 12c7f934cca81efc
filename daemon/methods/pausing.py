"""Probes that are not looked at for a while, because somebody says so."""

import msgspec

from daemon.alerting.acknowledge import LONGEST_COMMENT, LONGEST_NAME, one_line
from daemon.errors import MethodError
from daemon.event import State
from daemon.methods import hushing
from daemon.methods.parts import Parts
from daemon.methods.probes import alarms, known
from daemon.methods.table import REFUSED, Caller, Table
from daemon.store.pauses import Pause
from daemon.units import seconds

LEAST, MOST = 60.0, 366 * 86_400.0  # seconds that a pause with an end lasts


class Paused(msgspec.Struct, frozen=True, kw_only=True):
    """A probe that is paused, or is so no more. `alerts` are its alarms that are open."""

    probe: str
    pause: Pause
    alerts: list[str]


def add(table: Table, parts: Parts) -> None:
    """Add `probes.pause` and `probes.resume`."""

    @table.method("probes.pause", "act")
    def _pause(caller: Caller, name: str, duration: float | str = "", comment: str = "", author: str = "") -> Paused:
        """Do not look at a probe for a while, or until it is resumed; that time is no uptime.

        `duration` is such as `2h`, or seconds; without it the pause has no end of its own. It outlives restarts. While
        it lasts no alarm of the probe begins; one that is open stays open, for nobody looks whether it is over. Done
        again it takes the other pause's place. `author` is the caller where it is not given.
        """
        known(parts, name)
        who = one_line(hushing.author(author, caller), LONGEST_NAME)
        until = None if duration == "" else parts.clock.now() + _lasting(duration)
        pause = parts.scheduler.calls.pause(name, who, one_line(comment, LONGEST_COMMENT), until)
        return _paused(parts, name, pause)

    @table.method("probes.resume", "act")
    def _resume(caller: Caller, name: str, author: str = "") -> Paused:
        """Look at a probe again that is paused."""
        known(parts, name)
        pause = parts.scheduler.calls.resume(name, one_line(hushing.author(author, caller), LONGEST_NAME))
        if pause is None:
            raise MethodError(f"{name} is not paused", code=REFUSED, data={"field": "name"})
        return _paused(parts, name, pause)


def _paused(parts: Parts, name: str, pause: Pause) -> Paused:
    still_open = [one.code for one in alarms(parts, name) if one.state is State.FIRING]
    return Paused(probe=name, pause=pause, alerts=still_open)


def _lasting(duration: float | str) -> float:
    """Read for how long. Raises MethodError."""
    try:
        found = seconds(duration)
    except ValueError as error:
        raise hushing.wrong(f"probes.pause: duration: {error}", "duration") from error
    if not LEAST <= found <= MOST:
        said = "probes.pause: duration: a pause lasts a minute to a year; without a duration it has no end"
        raise hushing.wrong(said, "duration")
    return found
