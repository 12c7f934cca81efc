"""The last resort: an alarm about tocsin itself that can be told in no other way goes to the system's own log.

It needs no configuration, no store and no network, never waits and never raises. What fails here is only logged, and is
never the reason for another alarm: this is where every chain of alarms about alarms ends.
"""

import logging
import os
import select
import socket
from collections import deque
from collections.abc import Callable
from typing import Protocol

from daemon import log as logs
from daemon import telemetry
from daemon.clock import Clock
from daemon.event import Severity

log = logging.getLogger("tocsin.lastresort")

AGAIN = 3_600.0  # the same alarm is not said again sooner
MOST, SPAN = 10, 60.0  # so many messages in so many seconds, whatever they are about
LONGEST = 1_000  # bytes of one message: a datagram that every system log takes whole, and a pipe at once
_DAEMON, _ALERT, _CRITICAL = 3 << 3, 1, 2  # facility and severities of RFC 3164
_STANDARD_ERROR = 2


class LastWord(Protocol):
    """Says in the last resort what could be said in no other way. Never raises, never waits."""

    def __call__(self, key: str, title: str, text: str, severity: Severity) -> None:
        """`key` names the alarm; the same one is not said again for a while."""


def only_logged(key: str, title: str, text: str, severity: Severity) -> None:
    """Stand in for a last resort where there is none: a line in the log."""
    log.critical("could not be told: %s (%s, %s): %s", title, key, severity, text)


class LastResort:
    """Writes to the log, to the system log, and to standard error when the log is a file (on a disk that may be full).

    `socket_path` gives the system log's socket; empty for none.
    """

    def __init__(self, clock: Clock, socket_path: Callable[[], str]) -> None:
        self._clock = clock
        self._socket_path = socket_path
        self._said: dict[str, float] = {}
        self._times: deque[float] = deque(maxlen=MOST)
        self._held_back = 0

    def tell(self, key: str, title: str, text: str, severity: Severity) -> None:
        """Say it, at most once an hour each and a few a minute together."""
        try:
            self._tell(key, title, text, severity)
        except Exception:  # whoever calls has nobody left to turn to
            log.exception("the last resort failed: %s", title)

    def _tell(self, key: str, title: str, text: str, severity: Severity) -> None:
        now = self._clock.monotonic()
        self._said = {known: at for known, at in self._said.items() if now - at < AGAIN}
        if key in self._said:
            log.error("in the last resort, said before: %s: %s", title, text)
            return
        if len(self._times) == MOST and now - self._times[0] < SPAN:
            self._held_back += 1
            telemetry.last_resort.labels("held_back").inc()
            log.error("held back from the last resort: %s: %s", title, text)
            return
        self._said[key] = now
        self._times.append(now)
        held_back, self._held_back = self._held_back, 0
        before = f" ({held_back} others before it were held back: see the log)" if held_back else ""
        said = f"could not be told otherwise: {title}: {text}{before}"
        log.critical("last resort: %s", said)
        if logs.goes_to_a_file():
            _to_standard_error(said)
        reached = self._to_system_log(said, severity)
        telemetry.last_resort.labels("system_log" if reached else "log").inc()

    def _to_system_log(self, said: str, severity: Severity) -> bool:
        path = self._socket_path()
        if not path:
            return False
        level = _ALERT if severity is Severity.CRITICAL else _CRITICAL
        line = _cut(f"<{_DAEMON | level}>tocsin[{os.getpid()}]: {_one_line(said)}")
        try:
            # Not the library's syslog(): that waits while the log's reader is stuck, and everything else with it.
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
                door.settimeout(0)
                door.sendto(line, path)
        except (OSError, ValueError) as error:
            log.warning("the system log at %s cannot be reached: %s", path, error)
            return False
        return True


def _to_standard_error(said: str) -> None:
    """Only where it takes the line at once."""
    try:
        if select.select([], [_STANDARD_ERROR], [], 0)[1]:
            os.write(_STANDARD_ERROR, _cut(f"tocsin: {_one_line(said)}") + b"\n")
    except (OSError, ValueError) as error:
        log.warning("standard error cannot be written: %s", error)


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _cut(text: str) -> bytes:
    """At most `LONGEST` bytes, no character in halves."""
    return text.encode("utf-8", "replace")[:LONGEST].decode("utf-8", "ignore").encode()
