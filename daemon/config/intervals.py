"""Time intervals in the configuration: what an entry may say, who may name it, and what is over or not known yet."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from daemon.calendars import china
from daemon.calendars.interval import Interval
from daemon.calendars.possible import can_be
from daemon.config.audience import Route
from daemon.config.decode import BAD, Decoder
from daemon.config.findings import Path, quoted
from daemon.config.nodes import Items, Scalar, Table
from daemon.config.scalars import meant
from daemon.config.settings import Settings
from daemon.config.written import Problem, Written

LONGEST_NAME = 64
AHEAD = 60 * 86_400.0  # before a year begins of which the calendar knows nothing; its arrangement is published by then
_OF_DAYS = ("weekdays", "days_of_month", "months", "years", "workdays", "holidays")


def interval(decoder: Decoder, table: Table, path: Path, given: Mapping[str, Any]) -> Any:
    """Build one entry of a time interval: an empty list contains nothing, and some days there never are."""
    empty = [
        key
        for key, one in table.entries.items()
        if (isinstance(one.value, Items) and not one.value.items)
        or (isinstance(one.value, Scalar) and one.value.is_nothing)
    ]
    for key in empty:
        sentence = "names nothing, so no instant is in it; name something, or remove the line"
        decoder.findings.wrong(table.entries[key].place, (*path, key), sentence)
    built = decoder.record(Interval, table, path, given)
    if built is BAD or decoder.findings.touches(*path):  # what is wrong in a list has been left out of it
        return BAD
    if not can_be(built):
        days = Interval(**{name: getattr(built, name) for name in _OF_DAYS})
        decoder.findings.wrong(decoder.place(path), path, f"can never be: there is no day with {days}")
        return BAD
    if built == Interval(location=built.location):
        decoder.findings.doubtful(decoder.place(path), path, "names nothing, so it contains every instant")
    return built


def names(settings: Settings) -> Iterator[Problem]:
    """Names go into reasons and commands."""
    for name in settings.time_intervals:
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            yield ("time_intervals", name), f"a name has 1 to {LONGEST_NAME} characters that can be printed"


def unknown(settings: Settings, written: Written) -> Iterator[Problem]:
    """Routes name intervals that exist; the root is never muted, for it takes what nobody else takes."""
    for path, route in _routes(settings.route, ("route",)):
        for key, wanted in _named(route):
            if wanted and path == ("route",):
                yield (*path, key), "the root route is never muted: move it to a route below it"
            for name in wanted:
                if name not in written.time_intervals:
                    yield (*path, key), _no_such(name, written)


def unknown_of_probes(settings: Settings, written: Written) -> Iterator[Problem]:
    """Probes look in intervals that exist."""
    for name, plan in settings.probes.items():
        for wanted in plan.active:
            if wanted not in written.time_intervals:
                yield ("probes", name, "active"), _no_such(wanted, written)


def _no_such(wanted: str, written: Written) -> str:
    known = written.time_intervals
    return f"there is no time interval {quoted(wanted)}{meant(wanted, known) or '; define it below time_intervals:'}"


def doubts(settings: Settings, now: float) -> Iterator[Problem]:
    """Intervals that nothing names, that are empty or over, or whose calendar ends soon."""
    used = {name for _, route in _routes(settings.route, ()) for _, wanted in _named(route) for name in wanted}
    used |= {name for plan in settings.probes.values() for name in plan.active}
    used |= {name for rule in settings.rules.values() for name in rule.active}
    for name, interval in settings.time_intervals.items():
        path: Path = ("time_intervals", name)
        if name not in used:
            yield path, "no route and no probe uses it, no rule does, and only a silence can name it"
        if not interval.time_intervals:
            yield path, "has no entry, so no instant is in it"
        for i, one in enumerate(interval.time_intervals):
            below = (*path, "time_intervals", f"[{i}]")
            today = dt.datetime.fromtimestamp(now, one.zone).year
            if one.years and max(span.last for span in one.years) < today:
                yield (*below, "years"), f"is over since the end of {max(span.last for span in one.years)}"
            for key in ("workdays", "holidays"):
                if getattr(one, key) and (said := ends_soon(now)):
                    yield (*below, key), said


def ends_soon(now: float) -> str:
    """Say that the calendar knows nothing of the days that come; empty while it does."""
    if china.covers(dt.datetime.fromtimestamp(now + AHEAD, dt.UTC).year):
        return ""
    last = china.known_until()
    return (
        f"the Chinese calendar is known up to {last}: from {last + 1} on, working days are Monday to Friday and "
        "there are no holidays; install a newer version of chinesecalendar"
    )


def _named(route: Route) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return ("mute_time_intervals", route.mute_time_intervals), ("active_time_intervals", route.active_time_intervals)


def _routes(route: Route, path: Path) -> Iterator[tuple[Path, Route]]:
    yield path, route
    for i, child in enumerate(route.routes):
        yield from _routes(child, (*path, "routes", f"[{i}]"))
