"""What keeps an alert from being told now."""

from enum import StrEnum

import msgspec

from daemon.alert import Alert
from daemon.alerting import hours
from daemon.alerting.route import Node
from daemon.alerting.rules import Rules
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
    """Why an alert is not told. `silence` is the silence's id, where one does it."""

    cause: Cause
    detail: str
    silence: int = 0

    def __str__(self) -> str:
        return f"{self.cause}: {self.detail}"


def why(tx: Tx, alert: Alert, node: Node, rules: Rules, now: float) -> Muted | None:
    """Ask everything that may mute an alert at this node; None when nothing does."""
    if by := rules.inhibition.muting(tx, alert):
        source, rule = by
        return Muted(cause=Cause.INHIBITED, detail=f"by A{source}, as {rule}")
    if closed := hours.shut(node.mute, node.active, rules.settings.time_intervals, now):
        return Muted(cause=Cause.HOURS, detail=closed)
    if silence := rules.silences.muting(tx, alert, now):
        return by_silence(silence)
    return None


def by_silence(silence: Silence) -> Muted:
    """Say what hides it, and whose it is."""
    if silence.kind is Kind.MAINTENANCE:
        detail = f"of {silence.name}: {silence.code} of {silence.author}"
        return Muted(cause=Cause.MAINTENANCE, detail=detail, silence=silence.id)
    return Muted(cause=Cause.SILENCED, detail=f"by {silence.code} of {silence.author}", silence=silence.id)
