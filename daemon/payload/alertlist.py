"""The list of alerts that Alertmanager's webhook and those modelled after it carry, read one by one."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from daemon.errors import HandlerError
from daemon.event import Event, Severity, State
from daemon.payload.fields import links_of, mapping, member, objects, text_of, texts
from daemon.payload.stamps import instant
from daemon.payload.words import severity

_SEVERITY_LABELS = ("severity", "priority", "level")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One alert of such a list. `raw` is the whole of it, for what only one source has."""

    raw: dict[str, Any]
    state: State
    severity: Severity
    fingerprint: str
    labels: dict[str, str]
    notes: dict[str, str]  # its annotations
    started_at: float | None
    ended_at: float | None

    def note(self, *names: str) -> str:
        """Return the first of these annotations that is there."""
        return next((self.notes[name] for name in names if self.notes.get(name)), "")


def listed(body: Any, keep: Callable[[str], bool] = bool) -> Iterator[Listed]:
    """Walk the alerts; labels and annotations are those whose names `keep` likes. Raises HandlerError."""
    for where, alert in objects(mapping(body, "the body"), "alerts"):
        state = _state(alert, where)
        labels = texts(member(alert, "labels", f"{where}."), f"{where}.labels", keep)
        annotations = alert.get("annotations")
        fingerprint = text_of(alert.get("fingerprint"))
        if not fingerprint and not labels:
            raise HandlerError(f"{where} has neither a fingerprint nor labels: nothing tells which problem it is")
        yield Listed(
            raw=alert,
            state=state,
            severity=severity_of(labels),
            fingerprint=fingerprint,
            labels=labels,
            notes={} if annotations is None else texts(annotations, f"{where}.annotations", keep),
            started_at=instant(alert.get("startsAt")),
            # While it fires, the end is a zero time, or the time at which its source would give it up.
            ended_at=instant(alert.get("endsAt")) if state is State.RESOLVED else None,
        )


def severity_of(labels: Mapping[str, str]) -> Severity:
    """Take the severity from the label that says it by custom."""
    return severity(labels.get(name) for name in _SEVERITY_LABELS)


def told(source: str, alert: Listed, *, also: str = "", **links: object) -> Event:
    """Make an event of it: its annotations say what people are told; `also` is added to the text."""
    return Event(
        source=source,
        key=alert.fingerprint,
        state=alert.state,
        severity=alert.severity,
        title=alert.note("summary", "title") or alert.labels.get("alertname", ""),
        text="\n".join(filter(None, (alert.note("description", "message"), also))),
        labels=alert.labels,
        links=links_of(
            graph=alert.raw.get("generatorURL"),
            runbook=alert.note("runbook_url", "runbook"),
            dashboard=alert.note("dashboard_url", "dashboard"),
            **links,
        ),
        started_at=alert.started_at,
        ended_at=alert.ended_at,
        annotations=alert.notes,
    )


def left_out(body: dict[str, Any]) -> str:
    """Say how many alerts the source cut off the list: nobody would hear of those otherwise."""
    count = body.get("truncatedAlerts")
    if isinstance(count, int) and count > 0:
        return f"({count:d} more alerts of this group were cut off by the sender's limit)"
    return ""


def _state(alert: dict[str, Any], where: str) -> State:
    """Each alert's own status counts: a group mixes those that fire and those that are over."""
    status = member(alert, "status", f"{where}.")
    if status not in ("firing", "resolved"):
        raise HandlerError(f"{where}.status must be firing or resolved, not {text_of(status)[:80]!r}")
    return State(status)
