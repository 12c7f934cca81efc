"""A report as text for people, and as CSV for spreadsheets."""

import csv
import io
import math
import unicodedata
from collections.abc import Sequence

from daemon.history.report import Line, Report, when
from daemon.history.stretches import Time
from daemon.zone import Zone

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what a spreadsheet would take for one
_PLACES = 1_000  # of a percentage, which is never rounded up: 99.9996 % is not 100 %

_BESIDE = (Time.DEGRADED, Time.UNKNOWN, Time.MAINTENANCE, Time.PAUSED, Time.UNWATCHED)  # what is shown beside uptime
_KEPT = {True: " kept", False: " BROKEN", None: ""}

COLUMNS = (
    "probe", "period", "from", "to", "time_zone", "uptime_percent", "up_seconds", "degraded_seconds", "down_seconds",
    "unknown_seconds", "maintenance_seconds", "paused_seconds", "unwatched_seconds", "incidents", "longest_seconds",
    "mean_time_to_repair_seconds", "looks", "response_p50_seconds", "response_p95_seconds", "response_p99_seconds",
    "slo_percent", "budget_seconds", "budget_used_seconds", "budget_spent_percent", "slo_kept",
)  # fmt: skip

Cell = str | int | float | bool | None


def as_csv(report: Report) -> str:
    """Write it for a spreadsheet (RFC 4180). No cell is a formula, whatever a probe is called."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    zone = Zone.parse(report.time_zone).info
    head = (report.period, when(report.begin, zone), when(report.end, zone), report.time_zone)
    writer.writerows([_cell(one) for one in (line.probe, *head, *_numbers(line))] for line in report.lines)
    return text.getvalue()


def as_text(report: Report) -> str:
    """Write it for people."""
    zone = Zone.parse(report.time_zone).info
    head = f"{report.period}: {when(report.begin, zone)} to {when(report.end, zone)} ({report.time_zone})\n\n"
    names = ("PROBE", "UPTIME", "DOWN", "INCIDENTS", "LONGEST", "MTTR")
    timed = ("P50", "P95", "P99", "SLO", "BUDGET LEFT")
    rows = [[*names, *(time.upper() for time in _BESIDE), *timed], *(_row(line) for line in report.lines)]
    if len(rows) == 1:
        return head + "(none)\n"
    return head + _aligned(rows)


def percent(part: float | None) -> str:
    """A part of 1 as a percentage, cut after three places: what was down for a second is never 100 %."""
    return "-" if part is None else f"{_floor(part):.3f}%"


def clock(seconds: float | None) -> str:
    """A length of time as hours, minutes and seconds, rounded up: what was down at all is never 0:00:00."""
    if seconds is None:
        return "-"
    whole = math.ceil(round(seconds, 3))
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def _row(line: Line) -> list[str]:
    seconds, response, budget = line.seconds, line.response, line.budget
    times = [response.p50, response.p95, response.p99] if response else [None] * 3
    return [
        _printable(line.probe),
        percent(line.uptime),
        clock(seconds[Time.DOWN]),
        str(line.incidents),
        clock(line.longest) if line.incidents else "-",
        clock(line.mean_time_to_repair),
        *(clock(seconds[time]) for time in _BESIDE),
        *("-" if took is None else _took(took) for took in times),
        f"{budget.slo * 100:.6g}%{_KEPT[budget.is_kept]}" if budget else "-",
        clock(budget.left) if budget and budget.is_kept is not None else "-",
    ]


def _numbers(line: Line) -> Sequence[Cell]:
    seconds, response, budget = line.seconds, line.response, line.budget
    return (
        None if line.uptime is None else _floor(line.uptime),
        *(seconds[time] for time in Time),
        line.incidents,
        line.longest,
        line.mean_time_to_repair,
        sum(line.looks.values()),
        *((response.p50, response.p95, response.p99) if response else (None, None, None)),
        *(
            (budget.slo * 100, budget.allowed, budget.used, None if budget.spent is None else budget.spent * 100)
            if budget
            else (None, None, None, None)
        ),
        budget.is_kept if budget else None,
    )


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    first = next((char for char in value if char.isprintable() and not char.isspace()), "")
    return f"'{value}" if value.startswith(_FORMULA) or first in _FORMULA else value


def _floor(part: float) -> float:
    return math.floor(round(part * 100 * _PLACES, 6)) / _PLACES


def _took(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1_000:.3g} ms"


# tocsinctl has these for itself (daemon/cli/tables.py): it starts without anything of the daemon.
def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "".join(
        "  ".join(
            text + " " * (wide - _width(text)) if not number else " " * (wide - _width(text)) + text
            for number, (text, wide) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        + "\n"
        for row in rows
    )


def _width(text: str) -> int:
    """How many columns a terminal gives it."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
