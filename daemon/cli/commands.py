"""Every command of tocsinctl: the words, the method it asks, its arguments, and what is shown.

`help` is the first line of the method's own description; a test holds the two together.
"""

import argparse
import os

from daemon.cli import (
    acks,
    channels,
    errors,
    explain,
    history,
    intervals,
    metrics,
    probes,
    quota,
    replay,
    rota,
    rules,
    send,
    sentry,
    show,
    silences,
    wording,
)
from daemon.cli.bodies import content
from daemon.cli.command import LONG, Arg, Command, arg

MOST_ROWS = 1_000  # of a list at once

_PHASES = ("waiting", "sending", "sent", "delivered", "failed_over", "folded", "dead")
_LEVELS = ("debug", "info", "warning", "error")


def count(text: str) -> int:
    """Read how many rows are wanted."""
    rows = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MOST_ROWS)) else 0
    if not 1 <= rows <= MOST_ROWS:
        raise argparse.ArgumentTypeError(f"{text!r}: write a number from 1 to {MOST_ROWS}")
    return rows


_LIMIT = arg("limit", "--limit", type=count, metavar="N", help="how many at most (100)")


def _page(letter: str) -> tuple[Arg, ...]:
    return (
        _LIMIT,
        arg("before", "--before", metavar="CODE", help=f"the page that follows this one, such as {letter}17"),
    )


def _sample(name: str) -> Command:
    return Command(
        words=name,
        method="sources.test",
        help="Try a source: run its handler's samples, or a body of yours, and show the events that they make.",
        show=show.trials,
        args=(
            arg("name", metavar="NAME", help="the source"),
            arg("sample", "--sample", metavar="NAME", help="only this sample"),
            arg("body", "--body", metavar="FILE", type=content, help="read this instead of the samples; - is stdin"),
            arg("content_type", "--content-type", metavar="TYPE", help="what the body is sent as (JSON)"),
            arg("send", "--send", action="store_const", const=True, help="really raise them, marked as a test"),
        ),
        patience=LONG,
        failed=lambda trials: any(trial["problem"] for trial in trials),
    )


COMMANDS = (
    Command(
        words="status",
        method="status",
        help="Tell how it is: ok or degraded and why, open alerts, the outbox, channels, probes down.",
        show=show.status,
    ),
    Command(words="ping", method="ping", help="Answer, with the daemon's own time.", show=show.ping),
    Command(words="version", method="version", help="Tell which tocsin this is.", show=show.version),
    Command(
        words="methods",
        method="methods.list",
        help="List everything that can be asked, with the parameters and the right that each needs.",
        show=show.methods,
    ),
    *send.COMMANDS,
    Command(
        words="alerts list",
        method="alerts.list",
        help="List alerts, newest first.",
        show=show.alert_list,
        args=(
            arg("state", "--state", choices=("firing", "resolved"), help="only these"),
            arg("source", "--source", help="only of this source"),
            *_page("A"),
        ),
    ),
    Command(
        words="alerts get",
        method="alerts.get",
        help="Tell all about one alert: what was decided, said and sent because of it.",
        show=show.alert,
        args=(arg("id", metavar="CODE", help="such as A17"),),
    ),
    *explain.COMMANDS,
    *acks.COMMANDS,
    Command(
        words="deliveries list",
        method="deliveries.list",
        help="List deliveries, newest first.",
        show=show.delivery_list,
        args=(
            arg("phase", "--phase", choices=_PHASES, help="only these"),
            arg("channel", "--channel", help="only over this channel"),
            arg("alert", "--alert", metavar="CODE", help="only about this alert"),
            *_page("D"),
        ),
    ),
    Command(
        words="deliveries get",
        method="deliveries.get",
        help="Tell all about one delivery, with what it was to say.",
        show=show.delivery,
        args=(arg("id", metavar="CODE", help="such as D5"),),
    ),
    Command(
        words="deliveries retry",
        method="deliveries.retry",
        help="Send a dead delivery again, or up to 1000 dead ones of a channel.",
        show=show.retried,
        args=(
            arg("id", metavar="CODE", nargs="?", help="such as D5"),
            arg("channel", "--channel", help="all dead ones of this channel"),
        ),
        either=True,
    ),
    Command(
        words="quarantine list",
        method="quarantine.list",
        help="List requests that made no events, newest first.",
        show=show.request_list,
        args=(arg("source", "--source", help="only for this source"), *_page("Q")),
    ),
    Command(
        words="quarantine show",
        method="quarantine.show",
        help="Show one request that made no events, with its body and headers (secrets hidden).",
        show=show.request,
        args=(arg("id", metavar="CODE", help="such as Q3"),),
    ),
    Command(
        words="quarantine replay",
        method="quarantine.replay",
        help="Feed a request through its handler again, or all of a source that still wait.",
        show=show.replayed,
        args=(
            arg("id", metavar="CODE", nargs="?", help="such as Q3"),
            arg("source", "--source", help="all of this source that still wait"),
        ),
        either=True,
        patience=LONG,
        failed=lambda replayed: any(one["problem"] for one in replayed["requests"]),
    ),
    Command(
        words="channels list",
        method="channels.list",
        help="List the channels, and how deliveries over each stand.",
        show=show.channel_list,
    ),
    Command(
        words="channels schema",
        method="channels.schema",
        help="Say what each type of channel takes and declares: settings, limits, what its provider's codes mean.",
        show=channels.schema,
        args=(arg("type", metavar="TYPE", nargs="?", help="one only"),),
    ),
    Command(
        words="channels test",
        method="channels.test",
        help="Send a test message now to people, a team, all on call or addresses, with commas; rooms need nobody.",
        show=channels.tested,
        args=(
            arg("channel", metavar="CHANNEL", help="its name"),
            arg("to", metavar="WHOM", nargs="?", help="people, team:…, schedule:… or addresses"),
        ),
        patience=LONG,
        failed=lambda tested: not all(one["sent"] for one in tested),
    ),
    *quota.COMMANDS,
    *sentry.COMMANDS,
    *probes.COMMANDS,
    *history.COMMANDS,
    *metrics.COMMANDS,
    *rules.COMMANDS,
    Command(
        words="sources list",
        method="sources.list",
        help="List the open webhooks, with how each is protected.",
        show=show.source_list,
    ),
    _sample("sources test"),
    _sample("test-source"),
    *rota.COMMANDS,
    *intervals.COMMANDS,
    *silences.COMMANDS,
    *wording.COMMANDS,
    *errors.commands(_LIMIT),
    Command(
        words="config get",
        method="config.get",
        help="Show the settings in force, laid out like the file, with their defaults; secrets are `***`.",
        show=show.settings,
        args=(arg("section", metavar="SECTION", nargs="?", help="only this one, such as channels"),),
    ),
    Command(
        words="config check",
        method="config.check",
        help="Read a configuration without using it, and list all for which a reload would refuse it now.",
        show=show.checked,
        args=(arg("path", metavar="FILE", nargs="?", type=os.path.abspath, help="on the daemon's machine"),),
        failed=lambda checked: not checked["usable"],
    ),
    *replay.COMMANDS,
    Command(
        words="config reload",
        method="config.reload",
        help="Go over to the configuration as it is on disk now; a bad one is refused and the old one stays.",
        show=show.reloaded,
    ),
    Command(
        words="log level",
        method="log.level",
        help="Set the least level that is logged, until the next reload.",
        show=show.level,
        args=(arg("level", choices=_LEVELS, help="from here up"),),
    ),
)

SHOWN = {
    "A": "alerts get",
    "D": "deliveries get",
    "Q": "quarantine show",
    "S": "silence get",
    "E": "errors get",
}  # what `show CODE` means


def command(words: str) -> Command:
    """Find a command by its words."""
    return next(one for one in COMMANDS if one.words == words)
