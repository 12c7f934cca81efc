"""The commands about probes."""

import argparse
import json
from typing import Any

from daemon.cli import seen, show
from daemon.cli.command import LONG, Command, arg
from daemon.cli.tables import facts, printable, table, when, written


def settings(text: str) -> dict[str, Any]:
    """Read a probe's settings. Raises what argparse tells."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'not JSON ({error}); write {{"url": "https://example.com/"}}') from error
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError('not an object; write {"url": "https://example.com/"}')
    return found


def detail(result: Any) -> str:
    """Its facts, what was seen last, when it looks next, and who paused it."""
    one = result["probe"]
    last = one.get("reading") or {}
    every = (
        f"cron {one['cron']} ({one.get('timezone')})" if one.get("cron") else f"every {written(one.get('every', 0.0))}"
    )
    text = f"{printable(one['name'])} is {one['verdict']}\n" + facts(
        [
            ("since", when(one.get("since"))),
            ("resting", one.get("resting")),
            ("looks at", " ".join(filter(None, (one.get("type"), one.get("target"))))),
            ("rhythm", every),
            ("last look", when(one.get("read_at"))),
            ("it saw", f"{last['health']}: {last['detail']}" if last else ""),
            ("next", "\n".join(map(when, result["next"])) or "never"),
            ("failed", "\n".join(last.get("failed", ()))),
            *((str(name), value) for name, value in last.get("evidence", {}).items()),
        ]
    )
    rows = [(when(p["since"]), when(p["ended_at"] or p["until"]), p["author"], p["comment"]) for p in result["pauses"]]
    return text + ("\n" + table(("paused", "until", "by", "why"), rows) if rows else "")


def paused(result: Any) -> str:
    """Until when, or since when no more; and which alarms are open all the same."""
    one = result["pause"]
    name = printable(result["probe"])
    if one["ended_at"] is not None:
        return f"{name} is looked at again\n"
    until = f"until {when(one['until'])}" if one["until"] is not None else "until it is resumed"
    text = f"{name} is paused {until}\n"
    for code in result["alerts"]:
        text += f"  ! {code} stays open: nobody looks whether it is over\n"
    return text


_VERDICTS = ("unknown", "up", "degraded", "down")
_NAME = arg("name", metavar="NAME", help="the probe")

COMMANDS = (
    Command(
        words="probes list",
        method="probes.list",
        help="List the probes with their verdicts and last readings, by name.",
        show=show.probe_list,
        args=(
            arg("verdict", "--verdict", choices=_VERDICTS, help="only these"),
            arg("limit", "--limit", type=int, metavar="N", help="how many at most (1000)"),
            arg("after", "--after", metavar="NAME", help="the page that follows this one"),
        ),
    ),
    Command(
        words="probes get",
        method="probes.get",
        help="Tell all about one probe: how it stands, when it looks next, and its last pauses.",
        show=detail,
        args=(_NAME,),
    ),
    Command(
        words="probes pause",
        method="probes.pause",
        help="Do not look at a probe for a while, or until it is resumed; that time is no uptime.",
        show=paused,
        args=(
            _NAME,
            arg("duration", "--for", metavar="DURATION", help="such as 2h (until it is resumed)"),
            arg("comment", "--comment", metavar="TEXT", help="why"),
            arg("author", "--author", metavar="NAME", help="who does it (whoever asks)"),
        ),
    ),
    Command(
        words="probes resume",
        method="probes.resume",
        help="Look at a probe again that is paused.",
        show=paused,
        args=(_NAME, arg("author", "--author", metavar="NAME", help="who does it (whoever asks)")),
    ),
    Command(
        words="probes run",
        method="probes.run",
        help="Look once, now, and tell what was seen; it does not count for the verdict.",
        show=seen.reading,
        args=(_NAME,),
        patience=LONG,
        failed=lambda reading: reading["health"] != "up",
    ),
    Command(
        words="probes try",
        method="probes.run_once",
        help="Look once for another tocsin, which sends the probe's settings; nothing of it is kept.",
        show=seen.reading,
        args=(
            arg("type", metavar="TYPE", help="the kind of probe, such as http"),
            arg(
                "settings",
                metavar="JSON",
                type=settings,
                help='its settings: {"url": "https://example.com/", "timeout": 3}',
            ),
            arg("down", "--down", metavar="CONDITION", action="append", help="what must hold, or it is down"),
            arg("degraded", "--degraded", metavar="CONDITION", action="append", help="what should hold"),
            arg("place", "--place", metavar="NAME", help="the place whose conditions hold"),
        ),
        patience=LONG,
        failed=lambda reading: reading["health"] != "up",
    ),
)
