"""Watches the quotas: numbers for /metrics, and an alarm before one is used up and when it is."""

import logging
from collections.abc import Callable, Iterable

from daemon import telemetry
from daemon.clock import Clock
from daemon.config.quota import Counted, Then
from daemon.config.settings import Settings
from daemon.delivery import outlook
from daemon.delivery.alarms import Voice
from daemon.delivery.outlook import Level, QuotaLine
from daemon.errors import StoreError
from daemon.internal import Check
from daemon.store.base import Store

log = logging.getLogger("tocsin.delivery")

_CHECKS = {
    Check.QUOTA: frozenset((Level.SOON, Level.RESERVE, Level.GONE)),
    Check.QUOTA_SPENT: frozenset((Level.RESERVE, Level.GONE)),
}


class Gauge:
    """Looks every now and then; what it knows is in the store, so a restart changes nothing."""

    def __init__(self, store: Store, clock: Clock, settings: Callable[[], Settings], voice: Voice) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._voice = voice
        self._raised: dict[tuple[Check, str, str], tuple[float, Level]] = {}
        self._known: set[tuple[str, str]] = set()  # quotas whose alarms from before the start were looked at

    def look(self) -> None:
        """Show how the quotas stand, raise and end alarms."""
        settings, now = self._settings(), self._clock.now()
        lines: list[QuotaLine] = []
        if any(channel.quotas for channel in settings.channels.values()):
            try:
                lines = self._store.read(lambda tx: outlook.standing(tx, settings, now))
            except StoreError as error:
                log.warning("the quotas cannot be looked at: %s", error)
                return
        worst = _worst(lines)
        _show(worst.values())
        for _, channel, quota in [key for key in self._raised if key[1:] not in worst]:
            self._over(channel, quota)  # it is no longer configured
        for line in worst.values():
            self._judge(line)

    def _judge(self, line: QuotaLine) -> None:
        now, window = self._clock.monotonic(), self._settings().self_checks.window
        new = (line.channel, line.quota) not in self._known
        self._known.add((line.channel, line.quota))
        for check, levels in _CHECKS.items():
            key = (check, line.channel, line.quota)
            at, before = self._raised.get(key, (float("-inf"), None))
            if line.level not in levels:
                if before is not None or new:
                    self._raised.pop(key, None)
                    self._voice.over(*key)
            elif line.level is not before or now - at >= window / 2:  # raised anew, lest it be ended as quiet
                self._raised[key] = (now, line.level)
                self._voice.alarm(*key, title=_title(check, line), text=told(line))

    def _over(self, channel: str, quota: str) -> None:
        self._known.discard((channel, quota))
        for check in _CHECKS:
            if self._raised.pop((check, channel, quota), None) is not None:
                self._voice.over(check, channel, quota)


def told(line: QuotaLine) -> str:
    """How a quota stands, in words: what is used, what comes of it, and when it will be gone."""
    of = {Counted.RECIPIENT: f" to {line.key}", Counted.TEMPLATE: f" of {line.key}"}.get(Counted(line.each), "")
    said = f"{line.used:,} of {line.most:,} messages{of} this {line.per} are used, {line.reserve:,} are reserved"
    if line.others:
        said += f"; {line.others:,} more recipients are past the warning"
    digest = line.then == Then.DIGEST
    now = {
        Level.RESERVE: "what is not critical is told in digests" if digest else "what is not critical goes elsewhere",
        Level.GONE: "nothing more is sent over it",
    }.get(line.level)
    return f"{said}; {now}; {line.forecast}." if now else f"{said}; {line.forecast}."


def _title(check: Check, line: QuotaLine) -> str:
    if check is Check.QUOTA:
        return f"The quota of {line.channel} for this {line.per} is running out"
    return f"The quota of {line.channel} for this {line.per} is used up"


def _worst(lines: Iterable[QuotaLine]) -> dict[tuple[str, str], QuotaLine]:
    """One line for each quota: the fullest account."""
    worst: dict[tuple[str, str], QuotaLine] = {}
    for line in lines:
        worst.setdefault((line.channel, line.quota), line)
    return worst


def _show(lines: Iterable[QuotaLine]) -> None:
    telemetry.quota_used.clear()  # what is no longer configured must not stay on the page
    telemetry.quota_most.clear()
    for line in lines:
        telemetry.quota_used.labels(line.channel, line.each, line.per).set(line.used)
        telemetry.quota_most.labels(line.channel, line.each, line.per).set(line.most)
