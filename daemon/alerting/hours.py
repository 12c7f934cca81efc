"""Whether a route may speak now: its mute and active time intervals, as Alertmanager reads them."""

from collections.abc import Mapping, Sequence

from daemon.calendars.edges import HORIZON, first_change
from daemon.calendars.interval import TimeInterval


def shut(
    route_mute: Sequence[str], route_active: Sequence[str], intervals: Mapping[str, TimeInterval], now: float
) -> str:
    """Say why a route is not to speak now; empty when it may.

    One mute interval that contains `now` is enough; where active ones are named, one of them must contain it.
    A name that nothing stands behind keeps nobody from speaking.
    """
    for name in route_mute:
        if name in intervals and intervals[name].contains(now):
            return f"muted by time interval '{name}'"
    known = [name for name in route_active if name in intervals]
    if known and not any(intervals[name].contains(now) for name in known):
        return f"outside of the active time intervals {', '.join(repr(name) for name in known)}"
    return ""


def opens(
    route_mute: Sequence[str], route_active: Sequence[str], intervals: Mapping[str, TimeInterval], now: float
) -> float | None:
    """When a route that is shut may speak again; None when not within the horizon of the calendars."""
    named = [intervals[name] for name in (*route_mute, *route_active) if name in intervals]
    return first_change(named, now, now + HORIZON, lambda then: not shut(route_mute, route_active, intervals, then))
