"""`tocsinctl silence` and `tocsinctl maintenance`, and what people see of them."""

from typing import Any

from daemon.cli.command import Command, arg
from daemon.cli.tables import counted, facts, lines, table, when

_MATCHERS = arg("matchers", metavar="MATCHER", nargs="+", help="such as team=db, or 'host=~\"web.*\"'; all must match")
_CODE = arg("id", metavar="CODE", help="such as S3")
_FOR = arg("duration", "--for", metavar="DURATION", help="so long, such as 2h or 90m")
_END = arg("end", "--end", metavar="TIME", help="until then, such as 2026-10-01T09:00:00+08:00")
_START = arg("start", "--start", metavar="TIME", help="from then on (now)")
_UNTIL = arg(
    "until_resolved", "--until-resolved", action="store_const", const=True, help="until all that it matches is over"
)
_DURING = arg(
    "during", "--during", metavar="INTERVALS", help="recurring: a name of time_intervals, or intervals in YAML"
)
_AUTHOR = arg("author", "--author", metavar="NAME", help="whose it is (whoever asks)")
_COMMENT = arg("comment", "--comment", metavar="TEXT", help="why")
_OVER = arg("over", "--over", action="store_const", const=True, help="also those that have ended")


def silence_list(result: Any) -> str:
    """One line a silence."""
    return table(
        ("silence", "state", "until", "author", "hidden", "firing", "matchers", "comment"),
        [
            (
                f"{one['code']} {one['name']}".strip(), one["state"], _until(one), one["author"], one["hidden"],
                one["firing"], " ".join(one["matchers"]), one["comment"],
            )
            for one in result
        ],
    )  # fmt: skip


def silence(result: Any) -> str:
    """The silence, and what it has hidden."""
    return f"{_about(result['silence'])}\nWhat it has hidden\n{_alerts(result['hidden'])}"


def made(result: Any) -> str:
    """The silence as it is now, and what it hides of what is open."""
    return f"{_about(result['silence'])}\n{preview(result['hides'])}"


def preview(result: Any) -> str:
    """The open alerts that are matched."""
    count, shown = result["count"], len(result["alerts"])
    more = f", the oldest {shown} of them" if count > shown else ""
    head = f"It matches {counted(count, 'open alert')}{more}"
    return f"{head}\n{_alerts(result['alerts'])}" if count else "It matches no open alert.\n"


def ended(result: Any) -> str:
    """What it has hidden, and what will be heard again."""
    still = f": {' '.join(result['alerts'][: result['firing']])}" if result["firing"] else ""
    return (
        f"{lines(_called(result))} is over; it hid {counted(result['hidden'], 'alarm')}, "
        f"still firing: {result['firing']}{still}\n"
    )


def _about(one: Any) -> str:
    return f"{lines(_called(one))} is {one['state']}\n" + facts(
        [
            ("matchers", " ".join(one["matchers"])),
            ("start", when(one["starts_at"])),
            ("until", _until(one)),
            ("during", "\n".join(one["during"])),
            ("author", one["author"]),
            ("comment", one["comment"]),
            ("ended by", one["ended_by"]),
            ("hidden", f"{counted(one['hidden'], 'alarm')}, still firing: {one['firing']}" if one["hidden"] else ""),
        ]
    )


def _called(one: Any) -> str:
    return f"maintenance {one['name']} ({one['code']})" if one["kind"] == "maintenance" else str(one["code"])


def _until(one: Any) -> str:
    both = [when(one["ends_at"]), "resolved" if one["until_resolved"] else ""]
    return " or ".join(said for said in both if said) or "for good"


def _alerts(found: Any) -> str:
    return table(
        ("alert", "state", "severity", "since", "source", "title"),
        [(a["code"], a["state"], a["severity"], when(a["started_at"]), a["source"], a["title"]) for a in found],
    )


COMMANDS = (
    Command(
        words="silence list",
        method="silences.list",
        help="List silences and maintenance windows, newest first; with `over` also those that have ended.",
        show=silence_list,
        args=(
            _OVER,
            arg("limit", "--limit", type=int, metavar="N", help="how many at most (100)"),
            arg("before", "--before", metavar="CODE", help="the page that follows this one, such as S17"),
        ),
    ),
    Command(
        words="silence get",
        method="silences.get",
        help="Tell all about one silence, with the alerts that it has hidden.",
        show=silence,
        args=(_CODE,),
    ),
    Command(
        words="silence preview",
        method="silences.preview",
        help="Tell which open alerts a silence with these matchers would hide.",
        show=preview,
        args=(_MATCHERS,),
    ),
    Command(
        words="silence add",
        method="silences.add",
        help="Keep what matches from being told, from now or a start on, and show what is open of it.",
        show=made,
        args=(_MATCHERS, _FOR, _END, _START, _UNTIL, _DURING, _AUTHOR, _COMMENT),
    ),
    Command(
        words="silence update",
        method="silences.update",
        help="Change a silence; what is left out stays as it is.",
        show=made,
        args=(
            _CODE,
            arg("matchers", "--match", action="append", metavar="MATCHER", help="instead; may be repeated"),
            *(_FOR, _END, _START, _UNTIL, _DURING, _AUTHOR, _COMMENT),
        ),
    ),
    Command(
        words="silence expire",
        method="silences.expire",
        help="End a silence now; what it hid and still fires is told at the next tick of its group.",
        show=ended,
        args=(_CODE,),
    ),
    Command(
        words="alerts silence",
        method="alerts.silence",
        help="Silence one open alert, by all its labels: for so long, or until it is resolved, whichever comes first.",
        show=made,
        args=(arg("id", metavar="CODE", help="such as A17"), _FOR, _UNTIL, _AUTHOR, _COMMENT),
    ),
    Command(
        words="maintenance list",
        method="maintenance.list",
        help="List the maintenance windows that are open, newest first; with `over` also those that were closed.",
        show=silence_list,
        args=(_OVER,),
    ),
    Command(
        words="maintenance open",
        method="maintenance.open",
        help="Open a maintenance window: while it is open, nothing that its matchers match is told.",
        show=made,
        args=(
            arg("name", metavar="NAME", help="such as deploy"),
            arg("matchers", "--match", action="append", metavar="MATCHER", help="such as team=db; may be repeated"),
            *(_FOR, _AUTHOR, _COMMENT),
        ),
    ),
    Command(
        words="maintenance close",
        method="maintenance.close",
        help="Close a maintenance window; what it hid and still fires is told at the next tick of its group.",
        show=ended,
        args=(arg("name", metavar="NAME", help="such as deploy"),),
    ),
)
