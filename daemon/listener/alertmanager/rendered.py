"""The running configuration in Alertmanager's words, as far as it has any: what `amtool config` reads.

No channel, address or secret is in it: how a receiver is told stands behind its name as a comment.
"""

from daemon.calendars.interval import Interval, TimeInterval
from daemon.config.audience import InhibitRule, Receiver, Route
from daemon.config.settings import Settings
from daemon.config.yamltext import Noted, Value, written

_NOBODY = "(nobody)"  # Alertmanager knows no route without a receiver
_AT_ONCE = 1.0  # seconds in place of none, which Alertmanager refuses for an interval


def rendered(settings: Settings) -> str:
    """Write it as YAML."""
    names = settings.receivers or {_NOBODY: Receiver(name=_NOBODY)}
    tree: dict[str, Value] = {
        "global": {"resolve_timeout": duration(settings.resolve_timeout)},
        "route": {"receiver": _NOBODY, **_route(settings.route)},
        "receivers": [{"name": _receiver(one)} for one in names.values()],
    }
    if settings.inhibit_rules:
        tree["inhibit_rules"] = [_rule(one) for one in settings.inhibit_rules]
    if settings.time_intervals:
        tree["time_intervals"] = [_interval(one) for one in settings.time_intervals.values()]
    return written(tree)


def duration(seconds: float) -> str:
    """Write a duration as Prometheus reads it: `1h30m`, `500ms`."""
    left = round(seconds * 1_000)
    said = ""
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)):
        if count := left // size:
            said += f"{count}{unit}"
            left %= size
    return said or "0s"


def _route(route: Route) -> dict[str, Value]:
    said: dict[str, Value] = {
        "receiver": route.receiver,
        "matchers": [str(one) for one in route.matchers],
        "continue": route.continue_,
        "group_by": list(route.group_by or ()),
        "group_wait": "" if route.group_wait is None else duration(route.group_wait),
        "group_interval": _period(route.group_interval),
        "repeat_interval": _period(route.repeat_interval),
        "mute_time_intervals": list(route.mute_time_intervals),
        "active_time_intervals": list(route.active_time_intervals),
        "routes": [_route(one) for one in route.routes],
    }
    return {name: value for name, value in said.items() if value}


def _period(seconds: float | None) -> Value:
    if seconds is None:
        return ""
    return duration(seconds) if seconds else Noted(duration(_AT_ONCE), "at once")


def _receiver(receiver: Receiver) -> Value:
    legs = [f"{', '.join(leg.to) or 'all'} by {', else '.join(leg.by)}" for leg in receiver.notify]
    return Noted(receiver.name, "; ".join(legs)) if legs else receiver.name


def _rule(rule: InhibitRule) -> dict[str, Value]:
    return {
        "source_matchers": [str(one) for one in rule.source_matchers],
        "target_matchers": [str(one) for one in rule.target_matchers],
        "equal": list(rule.equal),
    }


def _interval(interval: TimeInterval) -> dict[str, Value]:
    """Alertmanager has no national calendars: they are named in a comment."""
    national = [str(one) for one in interval.time_intervals if one.workdays or one.holidays]
    name: Value = Noted(interval.name, "really: " + "; ".join(national)) if national else interval.name
    return {"name": name, "time_intervals": [_entry(one) for one in interval.time_intervals]}


def _entry(entry: Interval) -> dict[str, Value]:
    said: dict[str, Value] = {}
    if entry.times:
        said["times"] = [{"start_time": str(one.start_time), "end_time": str(one.end_time)} for one in entry.times]
    for name in ("weekdays", "days_of_month", "months", "years"):
        if ranges := getattr(entry, name):
            said[name] = [str(one) for one in ranges]
    if str(entry.location) != "UTC":
        said["location"] = str(entry.location)
    return said
