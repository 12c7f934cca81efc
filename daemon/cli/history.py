"""`tocsinctl probes report`, `history`, `failures`, `incidents`: what probes saw, and how long each thing was up."""

import argparse
import json
from itertools import dropwhile
from typing import Any

from daemon.cli.command import LONG, Command, arg
from daemon.cli.tables import facts, lines, milliseconds, pairs, phases, printable, table, took, when

_FORMATS = ("json", "csv", "text")
_STEPS = ("reading", "minute", "hour", "day")
_TIMES = ("up", "degraded", "down", "unknown", "maintenance", "paused")


def report(result: Any) -> str:
    """The text as it was made, CSV among it; numbers as JSON."""
    if isinstance(result, str):
        return "".join(f"{lines(line)}{end}" for line, end in _split(result))
    return lines(json.dumps(result, ensure_ascii=False, indent=2)) + "\n"


def turned(given: argparse.Namespace, params: dict[str, Any]) -> tuple[Command, dict[str, Any]]:
    """People get text where they ask for nothing else, and programs that ask for JSON get numbers."""
    if "format" not in params:
        params["format"] = "json" if hasattr(given, "json") else "text"
    return REPORT, params


def chart(result: Any) -> str:
    """One line a step from the first in which it was watched, or a reading."""
    text = f"{printable(result['probe'])}: {when(result['begin'])} to {when(result['end'])}\n\n"
    if result["step"] == "reading":
        rows = [
            (when(one["at"]), one["health"], milliseconds(one["took"]), phases(one["phases"]), one["detail"])
            for one in result["readings"]
        ]
        return text + table(("at", "health", "took", "phases", "detail"), rows)
    points = [
        (
            when(one["begin"]), _percent(one["uptime"]), *(_length(one["seconds"][time]) for time in _TIMES),
            sum(one["looks"].values()), *_quantiles(one["phases"]),
        )
        for one in dropwhile(_is_before, result["points"])
    ]  # fmt: skip
    return text + table(("from", "uptime", *_TIMES, "looks", "p50", "p95", "p99"), points)


def failures(result: Any) -> str:
    """Each with everything that is known of it."""
    return "\n".join(_failure(one) for one in result) or "(none)\n"


def incidents(result: Any) -> str:
    """One line each."""
    rows = [
        (one["probe"], one["health"], when(one["began"]), when(one["ended"]) or "still", one["reason"], one["ending"])
        for one in result
    ]
    return table(("probe", "was", "from", "to", "why", "ended by"), rows)


def _failure(one: dict[str, Any]) -> str:
    story = one["story"]
    known = [
        ("target", story["target"]),
        ("took", milliseconds(story["took"])),
        ("phases", phases(story.get("phases", {}))),
        ("failed", "\n".join(story.get("failed", ()))),
        ("values", pairs(story.get("values", {}))),
        *story.get("evidence", {}).items(),
    ]
    return f"{one['id']}  {when(one['at'])}  {story['health']}: {lines(story['detail'])}\n" + facts(
        [(printable(name), value) for name, value in known]
    )


def _is_before(point: dict[str, Any]) -> bool:
    """Whether nobody watched it yet in this step."""
    return not any(point["seconds"][time] for time in _TIMES) and not any(point["looks"].values())


def _split(text: str) -> list[tuple[str, str]]:
    """Lines with what ends them, which CSV wants to keep."""
    return [(line.rstrip("\r\n"), line[len(line.rstrip("\r\n")) :]) for line in text.splitlines(keepends=True)]


def _quantiles(taken: dict[str, Any]) -> tuple[str, str, str]:
    total = taken.get("total")
    if not total:
        return ("", "", "")
    return (milliseconds(total["p50"]), milliseconds(total["p95"]), milliseconds(total["p99"]))


def _length(seconds: float) -> str:
    return took(seconds) if seconds else ""


def _percent(part: float | None) -> str:
    """Cut, never rounded up; but what is no part of what is shown is not taken from it: 29 % is not 28.999 %."""
    return "" if part is None else f"{int(round(part * 100_000, 6)) / 1_000:.3f}%"


_NAME = arg("name", metavar="NAME", help="the probe")
_WHICH = (
    arg("probes", "--probe", metavar="NAME", action="append", help="only this one; may be repeated (all)"),
    arg("matchers", "--match", metavar="MATCHER", action="append", help="only those whose alarm matches; repeatable"),
)
_BETWEEN = (
    arg("begin", "--from", metavar="TIME", help='such as 2026-10-01 or "2026-10-01 08:00"'),
    arg("end", "--to", metavar="TIME", help="up to then (now)"),
    arg("zone", "--zone", metavar="ZONE", help="by whose clock (that of `texts.time_zone`)"),
)
_PERIOD = arg(
    "period", "--period", "--day", "--week", "--month", "--quarter", metavar="WHEN",
    help='such as 2026-10, 2026-W43, 2026-Q4, "last month", 30d',
)  # fmt: skip

REPORT = Command(
    words="probes report",
    method="probes.report",
    help="Tell how available probes were in a period, beside what was promised.",
    show=report,
    args=(
        *_WHICH,
        _PERIOD,
        *_BETWEEN,
        arg("slo", "--slo", metavar="PERCENT", help="hold all of them against this, such as 99.9%%"),
        arg("format", "--format", choices=_FORMATS, help="(text)"),
    ),
    patience=LONG,
    turned=turned,
)
COMMANDS = (
    REPORT,
    Command(
        words="probes history",
        method="probes.history",
        help="Show what a probe's time was in steps: how long up or down, how many looks, how long they took.",
        show=chart,
        args=(
            _NAME,
            arg("step", "--step", choices=_STEPS, help="(hour)"),
            *_BETWEEN,
            arg("limit", "--limit", type=int, metavar="N", help="how many single readings at most (100)"),
        ),
        patience=LONG,
    ),
    Command(
        words="probes failures",
        method="probes.failures",
        help="Tell the whole story of a probe's last failures, newest first; `before` is the id of one to go on from.",
        show=failures,
        args=(
            _NAME,
            arg("limit", "--limit", type=int, metavar="N", help="how many at most (10)"),
            arg("before", "--before", type=int, metavar="ID", help="the page that follows this one"),
        ),
    ),
    Command(
        words="probes incidents",
        method="probes.incidents",
        help="List when probes were down or degraded, why, and what ended it, newest first; of the last 30 days.",
        show=incidents,
        args=(*_WHICH, _PERIOD, *_BETWEEN, arg("limit", "--limit", type=int, metavar="N", help="at most (100)")),
    ),
)
