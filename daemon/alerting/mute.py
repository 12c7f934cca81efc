"""What keeps an alert from being told now."""

from enum import StrEnum

import msgspec

from daemon.alert import Alert
from daemon.alerting import hours
from daemon.alerting.route import Node
from daemon.alerting.rules import Rules
from daemon.store import flaps
from daemon.store.base import Tx
from daemon.store.silences import Kind, Silence


class Cause(StrEnum):
    """What kind of thing mutes it, in the order in which they are asked."""

    INHIBITED = "inhibited"
    HOURS = "hours"
    SILENCED = "silenced"
    MAINTENANCE = "maintenance"
    FLAPPING = "flapping"


class Muted(msgspec.Struct, frozen=True, kw_only=True):
    """Why an alert is not told. `silence` is the silence's id, and `source` the other alert's, where one does it."""

    cause: Cause
    detail: str
    silence: int = 0
    source: int = 0

    @property
    def passes(self) -> bool:
        """Whether the end of the alert is told once this is over, should it end meanwhile."""
        return self.cause is Cause.FLAPPING

    def __str__(self) -> str:
        return f"{self.cause}: {self.detail}"


class Desk:
    """Everything that may mute an alert at one node, as it stands at one instant: asked for all alerts of a group."""

    def __init__(self, tx: Tx, node: Node, rules: Rules, now: float) -> None:
        self._tx = tx
        self._now = now
        self._inhibition = rules.inhibition
        self._live = rules.inhibition.live(tx)
        self._page = rules.silences.page(tx, now)
        self._shut = hours.shut(node.mute, node.active, rules.settings.time_intervals, now)

    def why(self, alert: Alert) -> Muted | None:
        """Ask everything that may mute an alert; None when nothing does."""
        if by := self._inhibition.muting(self._tx, alert, self._live):
            source, rule = by
            return Muted(cause=Cause.INHIBITED, detail=f"by A{source}, as {rule}", source=source)
        if self._shut:
            return Muted(cause=Cause.HOURS, detail=self._shut)
        if silence := self._page.muting(alert, self._now):
            return _by_silence(silence)
        if alert.fingerprint in self._page.flapping:
            return Muted(cause=Cause.FLAPPING, detail="until it settles")
        return None

    def is_untold(self, alert: Alert, group_id: int) -> bool:
        """Whether a group has not been told yet that this one flaps."""
        flap = flaps.get(self._tx, alert.fingerprint)
        return flap is not None and group_id not in flap.told


def why(tx: Tx, alert: Alert, node: Node, rules: Rules, now: float) -> Muted | None:
    """Ask about one alert only."""
    return Desk(tx, node, rules, now).why(alert)


def _by_silence(silence: Silence) -> Muted:
    """Say what hides it, and whose it is."""
    if silence.kind is Kind.MAINTENANCE:
        detail = f"of {silence.name}: {silence.code} of {silence.author}"
        return Muted(cause=Cause.MAINTENANCE, detail=detail, silence=silence.id)
    return Muted(cause=Cause.SILENCED, detail=f"by {silence.code} of {silence.author}", silence=silence.id)
