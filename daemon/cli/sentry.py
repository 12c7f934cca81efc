"""Show what Sentry SDKs sent: what waits, what was worked through, what could not be."""

from typing import Any

from daemon.cli import tables
from daemon.cli.command import LONG, Command


def lines(result: Any) -> str:
    """One row for each application, then what was set aside."""
    if not result["projects"] and not result["aside"]:
        return "no application is named in `sentry.projects`: docs/measuring/sentry.md\n"
    head = ("app", "id", "waiting", "bytes", "worked through")
    shown = tables.table(head, [_row(one) for one in result["projects"]])
    if result["oldest"] is not None:
        shown += f"\nWhat waits longest came {tables.when(result['oldest'])}.\n"
    if result["aside"]:
        rows = [(tables.when(one["at"]), one["app"], f"{one['size']:,}", one["reason"]) for one in result["aside"]]
        shown += "\nSet aside:\n" + tables.table(("at", "app", "bytes", "why"), rows)
    return shown


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    done = ", ".join(f"{number:,} {kind}" for kind, number in one["worked_through"].items())
    return one["name"], one["id"], f"{one['waiting']['rows']:,}", f"{one['waiting']['bytes']:,}", done


COMMANDS = (
    Command(
        words="sentry status",
        method="sentry.status",
        help="Tell what waits of the reports of Sentry SDKs, what was worked through, and what was set aside.",
        show=lines,
    ),
    Command(
        words="sentry replay",
        method="sentry.replay",
        help="Let the reports that were set aside be worked through again, those whose bodies are still there.",
        show=lambda result: f"{result['reports']} reports are worked through again\n",
        patience=LONG,
    ),
)
