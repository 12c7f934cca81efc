"""The command line: options, commands in one or two words, and their help."""

import argparse
import os
from typing import Any

from daemon import __version__
from daemon.cli.command import Arg, Command, arg
from daemon.cli.commands import COMMANDS

URL = "tcp://127.0.0.1:8421"
A_DAY = 86_400
RUN = "run"
GROUPS = {
    "alerts": "problems, open and over",
    "deliveries": "messages on their way, sent, and dead",
    "quarantine": "requests that made no events",
    "channels": "ways out",
    "probes": "what tocsin looks at itself",
    "metrics": "numbers over time",
    "rules": "thresholds of numbers",
    "views": "pages and resources: how often, how fast, how many failed",
    "sources": "open webhooks",
    "schedules": "who is on call when",
    "silence": "what is not to be told",
    "maintenance": "windows that deployments open and close",
    "intervals": "hours and days that routes name",
    "template": "what people read",
    "errors": "errors that applications report",
    "sentry": "reports of Sentry SDKs",
    "config": "the daemon's configuration",
    "log": "the daemon's log",
}
# The methods are called so: whoever knows one knows the other.
ALIASES = {"silence": ["silences"], "template": ["templates"]}
_EXITS = (
    "exit codes: 0 done, 1 the answer is an error or bad news, 2 wrong usage, 3 the daemon is not running, "
    "4 no answer (it cannot be told how the daemon is). `status` keeps to LSB, for service scripts: it is 0 while the "
    "daemon runs, degraded or not; look at `state` in `status --json`"
)


def _positive(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= A_DAY:
        raise argparse.ArgumentTypeError(f"{text!r}: write seconds, more than 0 and at most {A_DAY}")
    return seconds


# What every command takes, before and after its words; unset ones stay unset, so that neither place hides the other.
GLOBAL = (
    arg("url", "--url", metavar="URL", help=f"the daemon's ZeroMQ port (TOCSIN_URL, else {URL})"),
    arg("key_file", "--key-file", metavar="FILE", help="our secret CURVE key (TOCSIN_KEY_FILE)"),
    arg("server_key", "--server-key", metavar="KEY", help="the daemon's public CURVE key (TOCSIN_SERVER_KEY)"),
    arg("timeout", "--timeout", metavar="SECONDS", type=_positive, help="how long to wait for an answer"),
    arg("json", "--json", action="store_true", help="print the answer as JSON"),
)
LOCAL = {
    "show": (
        "Show what a code means: A17, D5, Q3, S3 or E12, as it stands in a message.",
        (arg("code", metavar="CODE", help="such as A17; a number alone is an alert's"),),
    ),
    "call": (
        "Call any method by its name.",
        (
            arg("method", metavar="METHOD", help="see `tocsinctl methods`"),
            arg("pairs", metavar="NAME=VALUE", nargs="*", help="parameters; values are JSON, or else text"),
        ),
    ),
    "import": (
        "Convert what Alertmanager, Gatus or Uptime Kuma was told, and list what is not carried over; needs no daemon.",
        (
            arg("file", metavar="FILE", help="such as /etc/alertmanager/alertmanager.yml; - is stdin"),
            arg(
                "source",
                "--from",
                choices=("alertmanager", "gatus", "uptime-kuma"),
                help="what it comes from (as far as can be seen)",
            ),
            arg("out", "--out", metavar="FILE", help="write the configuration there (stdout)"),
            arg("environment", "--environment", metavar="FILE", help="write the secrets that it refers to there"),
        ),
    ),
    RUN: (
        "Run a command, and tell its heartbeat when it begins and how it went; it is run whatever becomes of tocsin.",
        (
            arg("key", "--key", metavar="KEY", help="the heartbeat's key (TOCSIN_PING_KEY, which `ps` does not show)"),
            arg(
                "url", "--url", metavar="URL", help="tocsin's HTTP door, or all of a heartbeat's URL (TOCSIN_PING_URL)"
            ),
            arg("timeout", "--timeout", metavar="SECONDS", type=_positive, help="how long one call may take (5)"),
            arg("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="the command, with its arguments"),
        ),
    ),
    "keygen": (
        "Make a pair of CURVE keys; needs no running daemon.",
        (
            arg("out", "--out", metavar="DIR", help="write NAME.secret and NAME.public there"),
            arg("name", "--name", metavar="NAME", help="(tocsin)"),
        ),
    ),
    "completion": (
        "Print a script that makes the shell complete tocsinctl's words.",
        (arg("shell", choices=("bash",), help="which shell"),),
    ),
}


def parser() -> argparse.ArgumentParser:
    """Build the whole of it."""
    options = argparse.ArgumentParser(add_help=False)
    _fill(options, GLOBAL)
    top = argparse.ArgumentParser(
        prog="tocsinctl", parents=[options], description="Ask a running tocsin.", epilog=_EXITS, allow_abbrev=False
    )
    top.add_argument("--version", action="version", version=f"tocsinctl {__version__}")
    words = top.add_subparsers(metavar="COMMAND", required=True)
    groups = {name: _group(words, name, text) for name, text in GROUPS.items()}
    for one in COMMANDS:
        first, _, second = one.words.partition(" ")
        where, name = (groups[first], second) if second else (words, first)
        made = where.add_parser(
            name, parents=[options], help=one.help, description=one.help, epilog=_EXITS, allow_abbrev=False
        )
        _fill(made.add_mutually_exclusive_group(required=True) if one.either else made, one.args + one.more)
        made.set_defaults(command=one)
    for name, (text, args) in LOCAL.items():
        # What `run` takes has the names of common options and means other things.
        parents = [] if name == RUN else [options]
        made = words.add_parser(name, parents=parents, help=text, description=text, allow_abbrev=False)
        _fill(made, args)
        made.set_defaults(command=name)
    return top


def _group(words: Any, name: str, text: str) -> Any:
    return words.add_parser(name, aliases=ALIASES.get(name, []), help=text, description=text).add_subparsers(
        metavar="COMMAND", required=True
    )


def _fill(target: Any, args: tuple[Arg, ...]) -> None:
    for one in args:
        options = dict(one.options)
        if one.flags:
            target.add_argument(*one.flags, dest=one.param, default=argparse.SUPPRESS, **options)
        else:  # argparse would run the unset mark itself through `type`, but leaves None alone
            target.add_argument(one.param, default=None, **options)


def params(command: Command, given: argparse.Namespace) -> dict[str, Any]:
    """Take the method's parameters out of the command line; what was not given is the daemon's to choose."""
    found = {one.param: getattr(given, one.param, None) for one in command.args}
    return {
        name: dict(value) if isinstance(value, list) and isinstance(value[0], tuple) else value
        for name, value in found.items()
        if value is not None
    }


def setting(given: argparse.Namespace, name: str, default: str = "") -> str:
    """Read an option, else its environment variable."""
    return str(getattr(given, name, "") or os.environ.get(f"TOCSIN_{name.upper()}", "") or default)
