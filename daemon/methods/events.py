"""Raise or end an alarm from a script."""

from daemon.alerting.arrival import Arrival
from daemon.errors import MethodError
from daemon.event import RESERVED, Event, Severity, State, cleaned
from daemon.methods.parts import Parts
from daemon.methods.sources import Outcome, outcomes
from daemon.methods.table import INVALID_PARAMS, Table
from daemon.store.requests import Door


def add(table: Table, parts: Parts) -> None:
    """Add `events.*`."""

    @table.method("events.send", "act")
    def _send(
        title: str = "",
        state: State = State.FIRING,
        severity: Severity = Severity.ERROR,
        key: str = "",
        text: str = "",
        labels: dict[str, str] = {},  # noqa: B006 - never written to
        links: dict[str, str] = {},  # noqa: B006 - never written to
        source: str = "cli",
    ) -> Outcome:
        """Raise an alarm, or end it with state "resolved"; it is on disk when this answers.

        `key` names the problem; without one, title and labels together do. The end must name the same problem; with a
        key it needs no title.
        """
        if not key or state is State.FIRING:
            _allow_title(title)
        _allow_links(links)
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
        _allow_source(cleaned(event, parts.clock.now()).source)
        return outcomes(parts.intake.events([event], Arrival(door=Door.COMMAND)))[0]


def _allow_title(title: str) -> None:
    """Refuse an alarm that says nothing. A webhook's is raised all the same, but here somebody sees the answer."""
    if not "".join(c for c in title if c.isprintable()).strip():
        raise MethodError("the title is empty: say in one line what is wrong", code=INVALID_PARAMS)


def _allow_links(links: dict[str, str]) -> None:
    """Refuse what cleaning would drop in silence."""
    for name, url in links.items():
        if not url.startswith(("http://", "https://")):
            raise MethodError(f"the link {name[:100]!r} begins with neither http:// nor https://", code=INVALID_PARAMS)


def _allow_source(source: str) -> None:
    """Refuse a source that would speak for tocsin itself or for a probe, after cleaning, which could make one."""
    name = source.strip()
    if not name:
        raise MethodError("the source is empty: say who raises the alarm, or leave it out", code=INVALID_PARAMS)
    if name in RESERVED:
        raise MethodError(f"the source {name!r} is taken by {RESERVED[name]}; choose another", code=INVALID_PARAMS)


def own_key(title: str, labels: dict[str, str]) -> str:
    """Name a problem by its title and labels: `disk full{host="a"}`."""
    named = ",".join(f'{name}="{labels[name]}"' for name in sorted(labels))
    return f"{title}{{{named}}}" if named else title
