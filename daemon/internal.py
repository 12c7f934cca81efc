"""Every alarm that tocsin raises about itself, each kind once: what `docs/hearing/internal.md` shows.

They are events of the source `tocsin` and go the way of every other. Their label `check` names the kind, so that routes
and silences can be written for it; the labels that say what it is about (a channel, a handler) stand beside it.
"""

from typing import Protocol

from daemon.event import OWN, Event, State
from daemon.kinds import KINDS, Check

__all__ = ["AGAIN", "KINDS", "LABEL", "Alarm", "AlarmOver", "Check", "event", "key", "over", "table"]

LABEL = "check"
AGAIN = 60.0  # seconds after which what goes on is raised again: what is not, for a `self_checks.window`, is over


class Alarm(Protocol):
    """Raises an alarm about tocsin itself; while it is open, the same one only counts. Never raises an exception."""

    def __call__(self, check: Check, *about: str, title: str, text: str) -> None:
        """`about` are the values of the kind's own labels, in their order."""


class AlarmOver(Protocol):
    """Says that such an alarm is over, if it is open. Never raises an exception."""

    def __call__(self, check: Check, *about: str) -> None:
        """`about` as it was raised."""


def event(check: Check, *about: str, title: str, text: str = "", started_at: float | None = None) -> Event:
    """Make the event that raises an alarm."""
    kind = KINDS[check]
    return Event(
        source=OWN,
        key=key(check, *about),
        severity=kind.severity,
        title=title,
        text=text,
        labels={LABEL: check.value} | dict(zip(kind.about, about, strict=True)),
        started_at=started_at,
    )


def over(check: Check, *about: str) -> Event:
    """Make the event that ends it."""
    return Event(source=OWN, key=key(check, *about), state=State.RESOLVED, title=check.value)


def key(check: Check, *about: str) -> str:
    """Name one alarm among tocsin's own."""
    return ":".join((check.value, *about))


def table() -> str:
    """The table of all kinds, in Markdown."""
    lines = ["| `check` | severity | further labels | what it means | when it ends |", "|---|---|---|---|---|"]
    for check in Check:
        kind = KINDS[check]
        labels = ", ".join(f"`{name}`" for name in kind.about) or "none"
        lines.append(f"| `{check}` | {kind.severity} | {labels} | {kind.means} | {kind.ends} |")
    return "\n".join(lines) + "\n"
