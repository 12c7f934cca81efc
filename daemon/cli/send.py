"""`tocsinctl send`: an alarm from a script, or a notification of Nagios or Icinga for the source that reads it."""

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from daemon.cli import show
from daemon.cli.ask import CannotAskError
from daemon.cli.bodies import content, pair
from daemon.cli.command import Command, arg
from daemon.cli.tables import lines

SEVERITIES = ("critical", "error", "warning", "info")
LONGEST = 8_000  # characters of one value; more is not kept of a text

# What a monitor's notification says, by the options that its command line hands over.
NOTIFICATION = (
    arg(
        "type",
        "--type",
        metavar="TYPE",
        help="of a notification: PROBLEM, RECOVERY, ..., for --source nagios or icinga",
    ),
    arg("host", "--host", metavar="NAME", help="the notification's host"),
    arg("service", "--service", metavar="NAME", help="its service; empty for the host itself"),
    arg("state_type", "--state-type", metavar="TYPE", help="HARD or SOFT"),
    arg("problem", "--problem", metavar="ID", help="the monitor's number for the problem"),
    arg("last_problem", "--last-problem", metavar="ID", help="its number for the problem before"),
    arg("output", "--output", metavar="TEXT", help="what the check said"),
    arg("long", "--long", metavar="TEXT", help="the rest of what it said"),
    arg("time", "--time", metavar="TIME", help="when: seconds since the epoch, or RFC 3339"),
    arg("address", "--address", metavar="ADDRESS", help="the host's address"),
    arg("author", "--author", metavar="NAME", help="who commented"),
    arg("comment", "--comment", metavar="TEXT", help="and what"),
)
_TITLE = arg("titled", "--title", metavar="TITLE", help="the same as TITLE")
_NOT_OF_A_NOTIFICATION = ("severity", "key", "text")


def joined(words: Sequence[str]) -> list[str]:
    """Tie the values of `send` to their options: what a check says may begin with a dash, like an option."""
    if "send" not in words or "run" in words[: words.index("send")]:  # what is run has a command line of its own
        return list(words)
    valued = {flag for one in (*SEND.args, *SEND.more) for flag in one.flags if "action" not in one.options}
    found: list[str] = []
    rest = iter(words)
    for word in rest:
        value = next(rest, None) if word in valued else None
        if value == "--":  # which argparse takes out even where it is tied
            value = "-- "
        found.append(word if value is None else f"{word}={value}")
    return found


def turned(given: argparse.Namespace, params: dict[str, Any]) -> tuple[Command, dict[str, Any]]:
    """What is really asked: `events.send`, or with a notification its source is handed that."""
    said = {one.param: _cut(_clean(getattr(given, one.param))) for one in NOTIFICATION if hasattr(given, one.param)}
    params = {name: _cleaned(value) for name, value in params.items()}
    if not said:
        if hasattr(given, "titled"):
            if "title" in params:
                raise CannotAskError("the title is given twice")
            params["title"] = _clean(given.titled)
        return SEND, params
    if "source" not in params:
        raise CannotAskError("a notification goes to a source: add --source nagios or --source icinga")
    if odd := [name for name in _NOT_OF_A_NOTIFICATION if name in params] or ["title"] * ("title" in params):
        raise CannotAskError(f"{odd[0]} is not part of a notification: its source makes it")
    source = params.pop("source")
    return DELIVER, {"name": source, "body": json.dumps(said | params), "content_type": "application/json"}


def _cleaned(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_clean(name): _clean(one) for name, one in value.items()}
    return _clean(value)


def _clean(text: str) -> str:
    """Read bytes that are not UTF-8, as old checks print them, as Latin-1."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("latin-1")
    return text


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def delivered(result: Any) -> str:
    """What became of each event, or why there was none."""
    if not result["events"]:
        return f"no alarm: {lines(result['note'])}\n"
    return "".join(show.event(one) for one in result["events"])


SEND = Command(
    words="send",
    method="events.send",
    help='Raise an alarm, or end it with state "resolved"; it is on disk when this answers.',
    show=show.event,
    args=(
        arg("title", metavar="TITLE", nargs="?", help="what is wrong, in one line"),
        arg("severity", "--severity", choices=SEVERITIES, help="how bad (error)"),
        arg("key", "--key", help="names the problem; without one, title and labels together do"),
        arg("text", "--text", help="details"),
        arg("labels", "--label", action="append", type=pair, metavar="NAME=VALUE", help="may be repeated"),
        arg("links", "--link", action="append", type=pair, metavar="NAME=URL", help="may be repeated"),
        arg("source", "--source", help="who says so (cli)"),
        arg("state", "--resolve", action="store_const", const="resolved", help="it is over"),
        arg("state", "--state", metavar="STATE", help="firing or resolved; of a notification, its own word"),
    ),
    more=(_TITLE, *NOTIFICATION),
    turned=turned,
)
DELIVER = Command(
    words="sources deliver",
    method="sources.deliver",
    help="Hand a body to a source, as its webhook would; what it tells is on disk when this answers.",
    show=delivered,
    args=(
        arg("name", metavar="NAME", help="the source"),
        arg("body", metavar="FILE", type=content, help="the body; - is stdin"),
        arg("content_type", "--content-type", metavar="TYPE", help="what it is sent as (JSON)"),
    ),
)
COMMANDS = (SEND, DELIVER)
