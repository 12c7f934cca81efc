"""Time intervals: they keep Alertmanager's words, and are held to what they mean."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from daemon.calendars.interval import Interval, Times
from daemon.calendars.possible import can_be
from daemon.calendars.spans import MonthDays, Months, TimeOfDay, Weekdays, Years
from daemon.cli.importing.names import Names
from daemon.cli.importing.part import Part, leave_unknown
from daemon.config.findings import quoted
from daemon.config.yamltext import Value
from daemon.zone import Zone

_RANGES: Mapping[str, Callable[[str], Any]] = {
    "weekdays": Weekdays.parse,
    "days_of_month": MonthDays.parse,
    "months": Months.parse,
    "years": Years.parse,
}
_EDGES = ("start_time", "end_time")


def names_of(parts: Iterable[Part]) -> dict[str, str]:
    """Say what each time interval is called in tocsin."""
    found: dict[str, Part] = {}
    for part in parts:
        fields = part.table()
        name = fields["name"].text() if "name" in fields else ""
        if name in found:
            part.wrong(f"the time interval {quoted(name)} stands twice")
        found[name] = part
    names = Names(lenient=True).all(list(found), "hours")
    for name, part in found.items():
        if names[name] != name:
            part.differs(f"the time interval {quoted(name)} is called {names[name]}")
    return names


def time_intervals(parts: Iterable[Part], names: Mapping[str, str]) -> list[Value]:
    """Carry them over, those under the older key `mute_time_intervals` among them."""
    found: list[Value] = []
    for part in parts:
        fields = part.table()
        leave_unknown(fields, ("name", "time_intervals"))
        if "name" not in fields:
            part.wrong("has no name")
            continue
        entries = fields["time_intervals"].items() if "time_intervals" in fields else []
        spans: list[Value] = [made for one in entries if (made := _entry(one))]
        found.append({"name": names[fields["name"].text()], "time_intervals": spans})
    return found


def _entry(part: Part) -> dict[str, Value]:
    """Carry one entry over; nothing of it when no instant is in it, for tocsin refuses such."""
    fields = {key: one for key, one in part.table().items() if not one.is_nothing}
    leave_unknown(fields, ("times", "location", *_RANGES))
    entry: dict[str, Value] = {}
    means: dict[str, Any] = {}
    if "times" in fields:
        times = fields["times"].items()
        entry["times"] = [_texts_of(one) for one in times]
        means["times"] = tuple(_times(one) for one in times)
    for key, parse in _RANGES.items():
        if key in fields:
            ranges = fields[key].items()
            entry[key] = [one.text() for one in ranges]
            means[key] = tuple(_meant(one, parse) for one in ranges)
    empty = not all(means.values())
    if "location" in fields:
        entry["location"] = fields["location"].text()
        _meant(fields["location"], Zone.parse)
    if any(None in some for some in means.values()):
        return {}
    if empty or not can_be(Interval(**means)):
        part.differs("is left out, for no instant is in it")
        return {}
    return entry


def _texts_of(part: Part) -> Value:
    return {key: one.text() for key, one in part.table().items()}


def _times(part: Part) -> Times | None:
    fields = part.table()
    leave_unknown(fields, _EDGES)
    for key in _EDGES:
        if key not in fields:
            part.wrong(f"has no {key}")
            return None
    start, end = (_meant(fields[key], TimeOfDay.parse) for key in _EDGES)
    try:
        return None if start is None or end is None else Times(start_time=start, end_time=end)
    except ValueError as error:
        part.wrong(str(error))
        return None


def _meant(part: Part, parse: Callable[[str], Any]) -> Any:
    """Read a value as tocsin will; None after noting what is wrong with it."""
    text = part.text()
    try:
        return parse(text)
    except ValueError as error:
        part.wrong(f"{quoted(text)} {error}")
        return None
