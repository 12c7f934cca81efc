"""Is it there, which one is it, and is all well with it?"""

import os
from typing import Any, Literal

import msgspec

from daemon.config.settings import Settings
from daemon.errors import StoreError
from daemon.methods.parts import LaneStatus, Parts
from daemon.methods.table import Table
from daemon.reading import Health
from daemon.store import alerts, outbox, quarantine
from daemon.store.base import Tx


class StoreState(msgspec.Struct, frozen=True, kw_only=True):
    """The store. `unwell` is empty while it can be written and read."""

    bytes: int
    unwell: str


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What the store holds: open alerts by severity, deliveries by channel and phase, quarantined requests."""

    alerts: dict[str, int] = {}
    outbox: dict[str, dict[str, int]] = {}
    quarantine: int = 0


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How tocsin is. `state` is "ok", or "degraded" for the `reasons`."""

    state: Literal["ok", "degraded"]
    reasons: list[str]
    version: str
    pid: int
    started_at: float
    uptime: float
    doors: dict[str, str]
    store: StoreState
    alerts: dict[str, int]
    outbox: dict[str, dict[str, int]]
    quarantine: int
    lanes: list[Any]
    probes: int
    probes_down: list[str]
    warnings: list[str]


class Pong(msgspec.Struct, frozen=True, kw_only=True):
    """It is there. `at` is its own clock."""

    pong: bool
    at: float


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """Which tocsin it is."""

    version: str


def add(table: Table, parts: Parts) -> None:
    """Add `ping`, `version` and `status`."""

    @table.method("ping", "read")
    def _ping() -> Pong:
        """Answer, with the daemon's own time."""
        return Pong(pong=True, at=parts.clock.now())

    @table.method("version", "read")
    def _version() -> Version:
        """Tell which tocsin this is."""
        return Version(version=parts.version)

    @table.method("status", "read")
    def _status() -> Status:
        """Tell how it is: ok or degraded and why, open alerts, the outbox, channels, probes down."""
        return status(parts)


def status(parts: Parts) -> Status:
    """Gather it; a store that cannot be read is told of, and the rest is told all the same."""
    now = parts.clock.now()
    unwell, counts = parts.store_health(), Counts()
    try:
        counts = parts.store.read(_counts)
    except StoreError as error:
        unwell = unwell or str(error)
    lanes, verdicts, warnings = list(parts.courier.status()), parts.scheduler.verdicts(), parts.warnings()
    reasons = ([f"the store is unwell: {unwell}"] if unwell else []) + _of_channels(lanes, counts, parts.settings())
    return Status(
        state="degraded" if reasons else "ok",
        reasons=reasons,
        version=parts.version,
        pid=os.getpid(),
        started_at=parts.started_at,
        uptime=max(0.0, now - parts.started_at),
        doors=parts.doors(),
        store=StoreState(bytes=parts.store_size(), unwell=unwell),
        alerts=counts.alerts,
        outbox=counts.outbox,
        quarantine=counts.quarantine,
        lanes=lanes,
        probes=len(verdicts),
        probes_down=sorted(name for name, verdict in verdicts.items() if verdict is Health.DOWN),
        warnings=warnings,
    )


def _counts(tx: Tx) -> Counts:
    channels: dict[str, dict[str, int]] = {}
    for (channel, phase), number in outbox.counts(tx).items():
        channels.setdefault(channel, {})[phase] = number
    return Counts(alerts=alerts.open_by_severity(tx), outbox=channels, quarantine=quarantine.count(tx))


def _of_channels(lanes: list[LaneStatus], counts: Counts, settings: Settings) -> list[str]:
    """Why deliveries do not go out: a breaker that is not closed, a channel that is not configured any more."""
    broken = [
        f"channel {lane.channel} is broken ({lane.breaker}): {lane.reason}"
        for lane in lanes
        if lane.breaker != "closed"
    ]
    orphaned = [
        f"{phases.get('waiting', 0)} deliveries wait for the channel {name}, which is not configured"
        for name, phases in counts.outbox.items()
        if name not in settings.channels and phases.get("waiting")
    ]
    return broken + orphaned
