"""The list of alerts that Alertmanager's webhook and those modelled after it carry, read one by one."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from daemon.errors import HandlerError
from daemon.event import Severity, State
from daemon.payload.fields import mapping, member, objects, text_of, texts
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
            severity=severity(labels.get(name) for name in _SEVERITY_LABELS),
            fingerprint=fingerprint,
            labels=labels,
            notes={} if annotations is None else texts(annotations, f"{where}.annotations", keep),
            started_at=instant(alert.get("startsAt")),
            # While it fires, the end is a zero time, or the time at which its source would give it up.
            ended_at=instant(alert.get("endsAt")) if state is State.RESOLVED else None,
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
