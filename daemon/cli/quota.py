"""Show quotas: what is used of each, and when it will be gone."""

from typing import Any

from daemon.cli import tables
from daemon.cli.command import Command


def lines(result: Any) -> str:
    """One row for each account of a quota."""
    head = ("channel", "quota", "of", "used", "reserve", "then", "level", "forecast")
    return tables.table(head, [_row(one) for one in result])


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    used = f"{one['used']:,}/{one['most']:,}"
    return (
        one["channel"], one["quota"], one["key"], used, f"{one['reserve']:,}", one["then"], one["level"],
        one["forecast"],
    )  # fmt: skip


COMMANDS = (
    Command(
        words="quota",
        method="quota.list",
        help="List the quotas of the channels: what is used and reserved, and when it will be gone at this rate.",
        show=lines,
        failed=lambda result: any(one["level"] in ("reserve", "gone") for one in result),
    ),
)
