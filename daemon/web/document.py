"""The status page as JSON: docs/status-page.md describes it; what is there stays as it is while `version` does."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from daemon.clock import Clock, unhurried
from daemon.history.query import Timing
from daemon.history.stretches import Time
from daemon.web.rows import Responses
from daemon.web.view import TIMES, WINDOWS, Day, Group, Line, Response, Trouble, View, seconds, uptime

VERSION = 1

_encode = msgspec.json.Encoder().encode


def written(clock: Clock, view: View, title: str, zone: str, responses: Responses | None) -> bytes:
    """Write it. Without `responses` there are too many probes: their days and response times are left out."""
    lines = (line for group in view.groups for line in group.lines)
    told = {line.name: msgspec.Raw(_encode(_line(line, view.days, responses))) for line in unhurried(clock, lines)}
    return _encode(
        {
            "version": VERSION,
            "title": title,
            "at": instant(view.at),
            "time_zone": zone,
            "state": view.state,
            "groups": [_group(group, told) for group in view.groups],
            "incidents": [_trouble(one) for one in (*view.current, *view.past)],
        }
    )


def instant(at: float) -> str:
    """An instant as RFC 3339 has it, in whole seconds."""
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _group(group: Group, told: Mapping[str, msgspec.Raw]) -> dict[str, Any]:
    return {
        "name": group.name,
        "state": group.state,
        "uptime": _uptime(group.uptime),
        "probes": [told[line.name] for line in group.lines],
    }


def _line(line: Line, days: Sequence[dt.date], responses: Responses | None) -> dict[str, Any]:
    return {
        "name": line.name,
        "title": line.title,
        "state": line.state,
        "since": None if line.since is None else instant(line.since),
        "uptime": _uptime(line.uptime),
        "days": None if responses is None else [_day(day, date) for day, date in zip(line.days, days, strict=True)],
        "response": None if responses is None else _response(responses(line.name)),
    }


def _uptime(parts: Sequence[float | None]) -> dict[str, float | None]:
    return dict(zip(WINDOWS, parts, strict=True))


def _day(day: Day, date: dt.date) -> dict[str, Any]:
    lengths = {time.value: seconds(day, time) for time in TIMES if time is not Time.UNWATCHED}
    return {"date": date, "uptime": uptime(day), "seconds": lengths}


def _response(found: Response) -> dict[str, Any]:
    return {
        "total": _timing(found.total),
        "phases": {name: _timing(timing) for name, timing in found.phases.items()},
        "hours": [{"begin": instant(hour.begin), "mean": hour.mean, "p95": hour.p95} for hour in found.hours],
    }


def _timing(timing: Timing | None) -> dict[str, float] | None:
    return None if timing is None else {"p50": timing.p50, "p95": timing.p95, "most": timing.most}


def _trouble(one: Trouble) -> dict[str, Any]:
    return {
        "probe": one.name,
        "title": one.title,
        "group": one.group,
        "state": one.state,
        "began": instant(one.began),
        "ended": None if one.ended is None else instant(one.ended),
    }
