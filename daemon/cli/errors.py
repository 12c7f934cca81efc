"""`tocsinctl errors`: what applications report, with stack traces as people read them."""

import argparse
from typing import Any

from daemon.cli.command import Arg, Command, arg
from daemon.cli.tables import counted, facts, lines, pairs, printable, table, when

_BARS = " ▁▂▃▄▅▆▇█"
_CHART = 48  # hours that the chart has
_VALUES = 5  # of each tag that are shown
_CODE = arg("id", metavar="CODE", help="such as E12")
_AUTHOR = arg("author", "--author", metavar="NAME", help="who says so (whoever asks)")
_COMMENT = arg("comment", "--comment", metavar="TEXT", help="why")
_HOUR = 3_600


def error_list(result: Any) -> str:
    """One line an error."""
    return table(
        ("error", "state", "level", "count", "last", "app", "title", "where"),
        [
            (
                one["code"], _standing(one), one["level"], one["count"], when(one["last_at"]), one["app"],
                one["title"], one["culprit"],
            )
            for one in result
        ],
    )  # fmt: skip


def error(result: Any) -> str:
    """The error, how often it came, with what, the newest stack trace, and what was told of it."""
    about, story = result["error"], result["story"]
    return "".join(
        [
            f"{about['code']} {lines(about['title'])}\n",
            _about(result),
            f"\nHow many came, by the hour\n{_chart(story['hours'])}",
            f"\nWith what\n{_values(story['values'])}",
            *(_sample(one, len(story["samples"]), place) for place, one in enumerate(story["samples"])),
            f"\nWhat was told of it\n{_told(story['told'])}",
        ]
    )


def changed(result: Any) -> str:
    """How it stands now."""
    return f"{result['code']} {lines(result['title'])}: {_standing(result)}\n"


def _standing(one: Any) -> str:
    if one["state"] == "ignored":
        until = [when(one["ignored_until"])] if one["ignored_until"] is not None else []
        until += [f"it came {one['ignored_above']} times"] if one["ignored_above"] is not None else []
        return f"ignored until {' or '.join(until)}" if until else "ignored"
    if one["state"] == "resolved" and one["next_release"]:
        return "resolved in the next release"
    return str(one["state"]) + (", spiking" if one["spiking"] else "")


def _about(result: Any) -> str:
    one = result["error"]
    by = f"{when(one['changed_at'])} by {one['changed_by'] or 'tocsin'}" if one["changed_at"] is not None else ""
    releases = dict.fromkeys(name for name in (one["first_release"], one["last_release"]) if name)
    return facts(
        [
            ("state", _standing(one)),
            ("changed", ": ".join(part for part in (by, one["comment"]) if part)),
            ("app", one["app"]),
            ("where", one["culprit"]),
            ("route", one["route"]),
            ("level", one["level"]),
            ("count", one["count"]),
            ("first", when(one["first_at"])),
            ("last", when(one["last_at"])),
            ("releases", " … ".join(releases)),
            (
                "came again",
                f"{counted(one['regressions'], 'time')} after it was resolved" if one["regressions"] else "",
            ),
            ("alarm", f"{result['alert']}, {result['alert_state']}" if result["alert"] else ""),
            ("labels", pairs(result["labels"])),
        ]
    )


def _chart(hours: list[Any]) -> str:
    """One sign an hour, up to the last in which any came."""
    if not hours:
        return "  (none in the last days)\n"
    last = hours[-1][0]
    counts = {round((last - begin) / _HOUR): count for begin, count in hours}
    shown = [counts.get(back, 0) for back in range(_CHART - 1, -1, -1)]
    most = max(shown)
    bars = "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in shown)
    return f"  {bars}  at most {most}, the last hour begins {when(last)}\n"


def _values(values: list[Any]) -> str:
    named: dict[str, list[str]] = {}
    for one in values:
        named.setdefault(one["name"], []).append(f"{one['value'] or 'others'} ({one['count']})")
    return facts((f"  {name}", ", ".join(found[:_VALUES])) for name, found in named.items())


def _sample(one: Any, number: int, place: int) -> str:
    which = "The newest" if place == 0 else "The first" if place == number - 1 else "Another"
    text = f"\n{which}: {when(one['at'])} {one['event_id']}".rstrip() + "\n"
    text += facts(
        [
            ("  message", one["message"]),
            ("  route", one["transaction"]),
            ("  server", one["server_name"]),
            ("  release", one["release"]),
            ("  user", one["user"]),
            *((f"  {name}", value) for part in ("contexts", "request", "extra") for name, value in one[part]),
            ("  before it", "\n".join(one["trail"])),
        ]
    )
    return text + "".join(_raised(raised) for raised in one["exceptions"])


def _raised(raised: Any) -> str:
    """A stack trace as Python writes it, the application's own calls marked."""
    kind = f"{raised['module']}.{raised['type']}" if raised["module"] else raised["type"]
    text = "".join(_call(frame) for frame in raised["frames"])
    said = lines(raised["value"]).replace("\n", "\n    ")
    return f"{text}  {printable(kind)}: {said}\n"


def _call(frame: Any) -> str:
    mark = ">" if frame["in_app"] else " "
    where = f"{frame['filename'] or frame['module']}:{frame['lineno']}"
    text = f"  {mark} {printable(where)} in {printable(frame['function'] or '?')}\n"
    if frame["context_line"].strip():
        text += f"        {printable(frame['context_line'].strip())}\n"
    held = "".join(f"          {printable(name)} = {printable(value)}\n" for name, value in frame["vars"])
    return text + held


def _told(told: list[Any]) -> str:
    return table(
        ("at", "what", "told", "title"),
        [(when(one["at"]), one["what"], when(one["told_at"]) or "not yet", one["title"]) for one in told],
    )


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 9):  # noqa: PLR2004 - digits
        raise argparse.ArgumentTypeError(f"{text!r}: write a number")
    return int(text)


def commands(limit: Arg) -> tuple[Command, ...]:
    """The commands; `limit` says how many rows a list has."""
    listing = Command(
        words="errors list",
        method="errors.list",
        help="List errors of applications, those that came last first.",
        show=error_list,
        args=(
            arg("matchers", "--match", metavar="MATCHER", action="append", help="such as environment=production"),
            arg("app", "--app", metavar="NAME", help="only of this application"),
            arg("state", "--state", choices=("unresolved", "resolved", "ignored", "all"), help="(unresolved)"),
            arg("level", "--level", metavar="LEVEL", help="only these: fatal, error, warning, info, debug"),
            arg("since", "--since", metavar="TIME", help="only what came since then, or within such as 24h"),
            arg("sort", "--sort", choices=("last", "first", "count"), help="what comes first (last)"),
            limit,
            arg("after", "--after", metavar="CODE", help="the page that follows this one, such as E12"),
        ),
    )
    return (listing, *_COMMANDS)


_COMMANDS = (
    Command(
        words="errors get",
        method="errors.get",
        help="Tell one error's story: how many came when, where and with which tags, stack traces, what was told"
        " of it.",
        show=error,
        args=(
            _CODE,
            arg("samples", "--samples", metavar="N", type=_count, help="how many, and the first (1)"),
        ),
    ),
    Command(
        words="errors resolve",
        method="errors.resolve",
        help="Say that an error is mended: its alarm ends, and when it comes again, that is told.",
        show=changed,
        args=(
            _CODE,
            arg(
                "next_release",
                "--next-release",
                action="store_const",
                const=True,
                help="only when it comes from a release that is not known by now",
            ),
            _COMMENT,
            _AUTHOR,
        ),
    ),
    Command(
        words="errors ignore",
        method="errors.ignore",
        help="Raise no alarms about an error any more; it goes on being counted.",
        show=changed,
        args=(
            _CODE,
            arg("duration", "--for", metavar="DURATION", help="so long, such as 7d (for ever)"),
            arg("until", "--until", metavar="TIME", help="until then, such as 2026-10-01T09:00:00+08:00"),
            arg("count", "--count", metavar="N", type=_count, help="until it came so many times more"),
            _COMMENT,
            _AUTHOR,
        ),
    ),
    Command(
        words="errors reopen",
        method="errors.reopen",
        help="Take back that an error is mended or ignored; no alarm begins by that.",
        show=changed,
        args=(_CODE, _COMMENT, _AUTHOR),
    ),
)
