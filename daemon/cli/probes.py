"""The commands about probes."""

import argparse
import json
from typing import Any

from daemon.cli import seen, show
from daemon.cli.command import LONG, Command, arg


def settings(text: str) -> dict[str, Any]:
    """Read a probe's settings. Raises what argparse tells."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'not JSON ({error}); write {{"url": "https://example.com/"}}') from error
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError('not an object; write {"url": "https://example.com/"}')
    return found


COMMANDS = (
    Command(
        words="probes list",
        method="probes.list",
        help="List the probes with their verdicts and last readings.",
        show=show.probe_list,
    ),
    Command(
        words="probes run",
        method="probes.run",
        help="Look once, now, and tell what was seen; it does not count for the verdict.",
        show=seen.reading,
        args=(arg("name", metavar="NAME", help="the probe"),),
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
