"""What is kept of the probes: reports, charts, failures, incidents."""

import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial
from heapq import nlargest
from typing import Any, Literal

import msgspec

from daemon.clock import unhurried
from daemon.config.looking import ProbePlan
from daemon.errors import MethodError
from daemon.history import report, sheet
from daemon.history.covers import alarm_labels
from daemon.history.period import Period
from daemon.history.query import Failure, Point, Reading, Step
from daemon.history.report import Report
from daemon.history.stretches import PER_SECOND
from daemon.matcher import Matcher, parse
from daemon.methods.asked import asked, meant, zone_of
from daemon.methods.codes import Limit
from daemon.methods.parts import Parts
from daemon.methods.probes import not_there
from daemon.methods.table import REFUSED, Table
from daemon.reading import Health
from daemon.units import Share

MOST_POINTS = 3_000
MOST_LINES = 5_000  # of a report as JSON, about 700 bytes each: an answer has an end
BACK = {"reading": 900.0, "minute": 10_800.0, "hour": 2 * 86_400.0, "day": 90 * 86_400.0}  # shown where none is asked

_WRITTEN: dict[str, Callable[[Report], str]] = {"csv": sheet.as_csv, "text": sheet.as_text}


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A probe's time in steps, the oldest first; or its single readings, the newest first."""

    probe: str
    step: str
    time_zone: str
    begin: float
    end: float
    points: list[Point]
    readings: list[Reading]


class IncidentLine(msgspec.Struct, frozen=True, kw_only=True):
    """A time that a probe was down or degraded. `ended` is null while it still is; `ending` says what ended it."""

    probe: str
    health: Health
    began: float
    ended: float | None
    reason: str
    ending: str


def add(table: Table, parts: Parts) -> None:
    """Add what of `probes.*` looks back."""
    _add_report(table, parts)
    _add_chart(table, parts)
    _add_failures(table, parts)


def _add_report(table: Table, parts: Parts) -> None:
    @table.method("probes.report", "read")
    def _report(
        probes: list[str] = [],  # noqa: B006 - never written to
        matchers: list[str] = [],  # noqa: B006 - never written to
        period: str = "",
        begin: str = "",
        end: str = "",
        zone: str = "",
        slo: str = "",
        format: Literal["json", "csv", "text"] = "json",  # noqa: A002 - the name that callers write
    ) -> Any:
        """Tell how available probes were in a period, beside what was promised.

        All that are configured, or these, or those whose alarm's labels match. The period is such as `2026-10`,
        `2026-W43`, `2026-Q4`, `month` (the present one, which is what is when where none is given), `last month`, or
        `30d`; or from `begin` to `end`, by the clock of `zone`. `slo` holds all of them against it, such as `99.9%`.
        """
        where = zone_of(parts, zone)
        when = meant(parts, where, period, begin, end, "month")
        promise, plans = _slo(slo), parts.settings().probes
        chosen = _chosen(parts, probes, matchers)
        if len(chosen) > MOST_LINES and format == "json":
            said = f"that are {len(chosen)} probes; ask for {MOST_LINES} at most (matchers), or for the format csv"
            raise MethodError(said, code=REFUSED)
        promised = [(name, promise if slo else _promised(plans.get(name))) for name in chosen]
        made = report.report(parts.history, promised, when, parts.clock.now(), str(where))
        return made if format == "json" else parts.aside(partial(_WRITTEN[format], made))


def _add_chart(table: Table, parts: Parts) -> None:
    @table.method("probes.history", "read")
    def _history(
        name: str,
        step: Literal["reading", "minute", "hour", "day"] = "hour",
        begin: str = "",
        end: str = "",
        zone: str = "",
        limit: Limit = 100,
    ) -> Chart:
        """Show what a probe's time was in steps: how long up or down, how many looks, how long they took.

        Or its last single readings, at most `limit` of them. Days are those of `zone`.
        """
        (known,) = _chosen(parts, [name], [])
        where, now = zone_of(parts, zone), parts.clock.now()
        when = meant(parts, where, "", begin or str(now - BACK[step]), end)
        points: list[Point] = []
        readings: list[Reading] = []
        if step == "reading":
            readings = parts.history.readings(known, when.begin, when.end, limit)
        else:
            points = _points(parts, known, when, step, where.info)
        return Chart(
            probe=known,
            step=step,
            time_zone=str(where),
            begin=when.begin,
            end=min(when.end, now),
            points=points,
            readings=readings,
        )


def _add_failures(table: Table, parts: Parts) -> None:
    @table.method("probes.failures", "read")
    def _failures(name: str, limit: Limit = 10, before: int = 0) -> list[Failure]:
        """Tell the whole story of a probe's last failures, newest first; `before` is the id of one to go on from."""
        (known,) = _chosen(parts, [name], [])
        return parts.history.failures(known, limit, before)

    @table.method("probes.incidents", "read")
    def _incidents(
        probes: list[str] = [],  # noqa: B006 - never written to
        matchers: list[str] = [],  # noqa: B006 - never written to
        period: str = "",
        begin: str = "",
        end: str = "",
        zone: str = "",
        limit: Limit = 100,
    ) -> list[IncidentLine]:
        """List when probes were down or degraded, why, and what ended it, newest first; of the last 30 days."""
        when = meant(parts, zone_of(parts, zone), period, begin, end, "30d")
        found = (
            IncidentLine(
                probe=name,
                health=one.health,
                began=one.began / PER_SECOND,
                ended=None if one.ended is None else one.ended / PER_SECOND,
                reason=one.reason,
                ending=one.ending,
            )
            for name in _chosen(parts, probes, matchers)
            for one in parts.history.incidents(name, when.begin, when.end, limit)
        )
        return nlargest(limit, found, key=lambda one: one.began)


def _points(parts: Parts, name: str, when: Period, step: Step, zone: dt.tzinfo) -> list[Point]:
    length = {"minute": 60.0, "hour": 3_600.0, "day": 86_400.0}[step]
    if (when.end - when.begin) / length > MOST_POINTS:
        raise MethodError(f"that is more than {MOST_POINTS} {step}s; ask for less, or for longer steps", code=REFUSED)
    return parts.history.chart(name, when.begin, when.end, step, zone)


def _chosen(parts: Parts, names: Sequence[str], matchers: Sequence[str]) -> list[str]:
    """The probes that are when: by name also those that are not configured any more. Raises MethodError."""
    plans = parts.settings().probes
    if names:
        gone = [name for name in names if name not in plans]
        kept = set(parts.history.names()) if gone else ()
        for name in gone:
            if name not in kept:
                raise not_there(name, plans)
    wanted = asked("matchers", lambda: [one for text in matchers for one in parse(text)])
    found = list(dict.fromkeys(names)) or list(plans)
    return [name for name in unhurried(parts.clock, found) if _matches(plans.get(name), name, wanted)]


def _matches(plan: ProbePlan | None, name: str, wanted: Sequence[Matcher]) -> bool:
    labels = {"probe": name} if plan is None else alarm_labels(plan)
    return all(one.matches(labels) for one in wanted)


def _promised(plan: ProbePlan | None) -> float | None:
    return plan.slo.fraction if plan is not None and plan.slo is not None else None


def _slo(text: str) -> float | None:
    """Read `99.9%` or `99.9`."""

    def read() -> float:
        try:
            part = Share.parse(text if text.endswith("%") else f"{text}%").fraction
        except ValueError:
            part = 0.0
        if not 0 < part < 1:
            raise ValueError(f"{text[:40]!r} is no promise that can be broken; write for example 99.9%")
        return part

    return asked("slo", read) if text else None
