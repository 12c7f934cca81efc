"""Alarms about delivery itself, raised beside the lanes so that no lane waits for one."""

import logging
from collections.abc import Callable

import gevent
from gevent.pool import Group

from daemon.alert import Alert
from daemon.clock import Clock
from daemon.event import OWN, Severity

log = logging.getLogger("tocsin.delivery")

QUIET = 60.0  # the same key is not raised again sooner: a failing channel fails a thousand times a minute

Alarm = Callable[[str, str, str, Severity, dict[str, str]], None]  # key, title, text, severity, labels


class Alarms:
    """Raises each kind of alarm at most once a minute for each channel."""

    def __init__(self, alarm: Alarm, clock: Clock) -> None:
        self._alarm = alarm
        self._clock = clock
        self._raised: dict[str, float] = {}
        self._running = Group()

    def dead(self, channel: str, about: Alert, text: str) -> None:
        """A message is given up for good."""
        title = f"Messages over {channel} are given up"
        self._raise("dead", channel, title, text, Severity.ERROR, about)

    def failed_over(self, channel: str, about: Alert, text: str) -> None:
        """A message had to take another way."""
        title = f"Messages fail over from {channel}"
        self._raise("failover", channel, title, text, Severity.WARNING, about)

    def broken(self, channel: str, about: Alert, text: str) -> None:
        """The breaker opened."""
        self._raise("breaker", channel, f"Channel {channel} does not work", text, Severity.ERROR, about)

    def template(self, channel: str, about: Alert, text: str) -> None:
        """A template did not render; the built-in text went out."""
        self._raise("template", channel, f"A template of {channel} does not render", text, Severity.WARNING, about)

    def unreadable(self, channel: str, text: str) -> None:
        """A row of the outbox makes no sense."""
        self._raise("unreadable", channel, f"Deliveries over {channel} cannot be read", text, Severity.ERROR, None)

    def join(self, timeout: float) -> None:
        """Let alarms that are being raised finish."""
        self._running.join(timeout)

    def _raise(self, kind: str, channel: str, title: str, text: str, severity: Severity, about: Alert | None) -> None:
        key = f"{kind}:{channel}"
        if about is not None and about.source == OWN and about.key == key:
            return  # the news that a channel fails, failing over that channel, is no news
        now = self._clock.monotonic()
        last = self._raised.get(key)
        if last is not None and now - last < QUIET:
            return
        self._raised[key] = now
        self._running.add(gevent.spawn(self._call, key, title, text, severity, {"channel": channel}))

    def _call(self, key: str, title: str, text: str, severity: Severity, labels: dict[str, str]) -> None:
        try:
            self._alarm(key, title, text, severity, labels)
        except Exception:
            log.exception("the alarm %s could not be raised: %s", key, title)
