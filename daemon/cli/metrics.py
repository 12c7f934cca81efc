"""`tocsinctl metrics list`, `get`, `views report`: numbers over time, and how pages and resources did."""

from typing import Any

from daemon.cli.command import LONG, Command, arg
from daemon.cli.tables import measured, pairs, printable, table, when

_UNKNOWN = "there is no such series; `tocsinctl metrics list` tells which there are"
_LITTLE = 0.001  # so many in a second are not told apart
_WHOLE = 1e15  # up to here whole numbers are written with all their digits
_OF = ("route", "app", "resource")
_SORTS = ("requests", "p50", "p95", "p99", "mean", "time", "errors", "error_share")
_PLAIN = ("count", "rate", "different")  # that have no unit, whatever the series has
_HEAD = ("requests", "per second", "p50", "p95", "p99", "errors", "share")


def listing(result: Any) -> str:
    """One line each: of names how many series they have, of series their labels."""
    if any(one["seen"] is not None for one in result):
        rows = [(one["name"], one["kind"], one["unit"], pairs(one["labels"]), when(one["seen"])) for one in result]
        return table(("name", "kind", "unit", "labels", "seen"), rows)
    return table(("name", "kind", "unit", "series"), [(x["name"], x["kind"], x["unit"], x["series"]) for x in result])


def courses(result: Any) -> str:
    """A table for each series, a line for each step; one line for each where there is no step."""
    unit = f" ({printable(result['unit'])})" if result["unit"] else ""
    text = (
        f"{result['what']} of {printable(result['selector'])}{unit}: {when(result['begin'])} to {when(result['end'])}\n"
    )
    if not result["series"]:
        return text + ("\nnothing came in that time\n" if result["known"] else f"\n{_UNKNOWN}\n")
    unit = "" if result["what"] in _PLAIN else result["unit"]
    if not result["step"]:
        rows = [(pairs(one["labels"]), _number(value, unit)) for one in result["series"] for _, value in one["points"]]
        return text + "\n" + table(("labels", result["what"]), rows)
    for one in result["series"]:
        rows = [(when(at), _number(value, unit)) for at, value in one["points"]]
        text += "\n" + (f"{pairs(one['labels'])}\n" if one["labels"] else "") + table(("from", result["what"]), rows)
    return text


def report(result: Any) -> str:
    """One line each, and one for all."""
    names = {"route": ("app", "route"), "app": ("app",), "resource": ("app", "type", "resource")}[result["of"]]
    text = f"{when(result['begin'])} to {when(result['end'])}, by {result['of']}\n\n"
    rows = [(*("(others)" if x["other"] else x[name] for name in names), *_numbers(x)) for x in result["lines"]]
    if not rows:
        return text + "nothing came in that time\n"
    everything = ("all", *[" "] * (len(names) - 1), *_numbers(result["all"]))
    text += table((*names, *_HEAD), [*rows, everything])
    more = result["number"] - len(result["lines"])
    return text + (f"\nand {more} more; ask with --limit\n" if more else "")


def _numbers(line: dict[str, Any]) -> tuple[str, ...]:
    share = line["error_share"]
    return (
        _number(line["requests"]),
        _number(line["per_second"]) if line["per_second"] >= _LITTLE else f"<{_LITTLE}",
        *(_number(line[part], "s") for part in ("p50", "p95", "p99")),
        _number(line["errors"]),
        "" if share is None else f"{share * 100:.2f}%",
    )


def _number(value: float | None, unit: str = "") -> str:
    """Whole numbers as they are, all others as alarms tell them: `36.9ms`, `21.4GB`."""
    if value is None:
        return ""
    return f"{value:.0f}" if not unit and float(value).is_integer() and abs(value) < _WHOLE else measured(value, unit)


_BETWEEN = (
    arg("period", "--period", metavar="WHEN", help='such as 30m, 6h, today, 7d, 2026-10, "last month" (1h)'),
    arg("begin", "--from", metavar="TIME", help='such as 2026-10-01 or "2026-10-01 08:00"'),
    arg("end", "--to", metavar="TIME", help="up to then (now)"),
    arg("zone", "--zone", metavar="ZONE", help="by whose clock (that of `texts.time_zone`)"),
)

COMMANDS = (
    Command(
        words="metrics list",
        method="metrics.list",
        help="List the names of all series, or the series that a selector means.",
        show=listing,
        args=(
            arg("selector", metavar="SELECTOR", nargs="?", help="""such as 'http.time{app="shop"}'"""),
            arg("limit", "--limit", type=int, metavar="N", help="how many at most (100)"),
        ),
    ),
    Command(
        words="metrics get",
        method="metrics.get",
        help="Show how series went in a period, which is the last hour where none is given.",
        show=courses,
        args=(
            arg("selector", metavar="SELECTOR", help="""such as 'http.time{route="/pay"}'"""),
            arg("what", "--what", metavar="WHAT", help="count, sum, rate, avg, min, max, last, different, p95 …"),
            *_BETWEEN,
            arg("step", "--step", metavar="TIME", help="such as 1m or 1h; all for one number"),
            arg("by", "--by", metavar="LABEL", action="append", help="tell apart by this label; * each; repeatable"),
            arg("limit", "--limit", type=int, metavar="N", help="how many series at most (100)"),
        ),
        patience=LONG,
    ),
    Command(
        words="views report",
        method="views.report",
        help="Tell how routes, apps or resources did: requests, percentiles of their times, errors.",
        show=report,
        args=(
            arg("of", "--of", choices=_OF, help="(route)"),
            arg("app", "--app", metavar="APP", help="only this one"),
            *_BETWEEN,
            arg("sort", "--sort", choices=_SORTS, help="the most of it first (requests)"),
            arg("limit", "--limit", type=int, metavar="N", help="how many lines at most (100)"),
        ),
        patience=LONG,
    ),
)
