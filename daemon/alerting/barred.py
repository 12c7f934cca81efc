"""What keeps an alert from being told: now, and until when; and what did, as its trace says."""

from collections.abc import Sequence

import msgspec

from daemon.alert import Alert
from daemon.alerting import hours, mute
from daemon.alerting.mute import Cause, Muted
from daemon.alerting.route import Node
from daemon.alerting.rules import Rules
from daemon.alerting.said import moment
from daemon.calendars.interval import TimeInterval
from daemon.config import recurring
from daemon.store import silences, timers
from daemon.store.alerts import Trace
from daemon.store.base import Tx
from daemon.store.silences import Silence
from daemon.store.timers import Kind


class Barred(msgspec.Struct, frozen=True, kw_only=True):
    """What mutes it now. `until` is None where that depends on something else than the time."""

    cause: Cause
    detail: str
    until: float | None = None

    def spoken(self, instant: float) -> str:
        """In words, with its end."""
        if self.cause is Cause.FLAPPING:
            earliest = f", at {moment(self.until, instant)} at the earliest" if self.until is not None else ""
            return f"it flaps, and is told again once it has settled{earliest}"
        end = f" until {moment(self.until, instant)}" if self.until is not None else ""
        return f"{_WORDS[self.cause]}{self.detail}{end}"


_WORDS = {
    Cause.INHIBITED: "inhibited ",
    Cause.HOURS: "",
    Cause.SILENCED: "silenced ",
    Cause.MAINTENANCE: "maintenance ",
    Cause.FLAPPING: "it flaps, ",
}


class Mute(msgspec.Struct, frozen=True, kw_only=True):
    """What was written down when something began or ceased to mute an alert in a group."""

    at: float
    group: str
    cause: str  # one of Cause, or `no_longer`
    detail: str

    def spoken(self) -> str:
        """In words."""
        return f"{_WORDS[Cause(self.cause)]}{self.detail}" if self.cause in list(Cause) else ""


def then(traces: Sequence[Trace]) -> list[Mute]:
    """What the trace says of being muted."""
    found = []
    for trace in traces:
        group = ""
        for step in trace.steps:
            if step.stage == "group":
                group = step.verdict
            elif step.stage == "mute":
                found.append(Mute(at=trace.at, group=group, cause=step.verdict, detail=step.detail))
    return found


def now(tx: Tx, alert: Alert, node: Node, rules: Rules, instant: float) -> Barred | None:
    """Ask what mutes an alert at a route at an instant, and until when."""
    muted = mute.why(tx, alert, node, rules, instant)
    if muted is None:
        return None
    return Barred(cause=muted.cause, detail=muted.detail, until=_until(tx, alert, node, rules, muted, instant))


def _until(tx: Tx, alert: Alert, node: Node, rules: Rules, muted: Muted, instant: float) -> float | None:
    match muted.cause:
        case Cause.HOURS:
            return hours.opens(node.mute, node.active, rules.settings.time_intervals, instant)
        case Cause.SILENCED | Cause.MAINTENANCE:
            return _silence_ends(silences.get(tx, muted.silence), instant)
        case Cause.FLAPPING:
            return timers.at(tx, Kind.FLAPPING, alert.id)
    return None


def _silence_ends(silence: Silence | None, instant: float) -> float | None:
    """The end of a silence, or of the interval in which it mutes. None while it holds until its alerts are over."""
    if silence is None:
        return None
    ends = [silence.ends_at] if silence.ends_at is not None else []
    if silence.during:
        rest = TimeInterval(name=silence.code, time_intervals=recurring.read(silence.during)).edge(instant)
        ends += [rest] if rest is not None else []
    return min(ends, default=None)
