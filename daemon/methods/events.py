"""Raise or end an alarm from a script."""

from daemon.event import Event, Severity, State
from daemon.methods.parts import Parts
from daemon.methods.sources import Outcome, outcomes
from daemon.methods.table import Table


def add(table: Table, parts: Parts) -> None:
    """Add `events.*`."""

    @table.method("events.send", "act")
    def _send(
        title: str,
        state: State = State.FIRING,
        severity: Severity = Severity.ERROR,
        key: str = "",
        text: str = "",
        labels: dict[str, str] = {},  # noqa: B006 - never written to
        links: dict[str, str] = {},  # noqa: B006 - never written to
        source: str = "cli",
    ) -> Outcome:
        """Raise an alarm, or end it with state "resolved"; it is on disk when this answers.

        `key` names the problem; without one, title and labels together do. The end must name the same problem.
        """
        event = Event(
            source=source,
            key=key or own_key(title, labels),
            state=state,
            severity=severity,
            title=title,
            text=text,
            labels=labels,
            links=links,
        )
        return outcomes(parts.intake.events([event]))[0]


def own_key(title: str, labels: dict[str, str]) -> str:
    """Name a problem by its title and labels: `disk full{host="a"}`."""
    named = ",".join(f'{name}="{labels[name]}"' for name in sorted(labels))
    return f"{title}{{{named}}}" if named else title
