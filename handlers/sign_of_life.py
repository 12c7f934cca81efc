"""Signs of life: another tocsin's `dead_man`, or any script. What is raised is that they stay away."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from daemon.errors import HandlerError
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.payload.fields import body_of, mapping, text_of
from daemon.registry import Sample, handler
from daemon.units import Seconds

LONGEST = 7 * 86_400.0
MISSED = 3  # signs in a row that may stay away

_SIGN = b'{"src": "tocsin", "name": "office-cn", "at": 1795222800.5, "every": 60.0}'
_FAIL = b'{"src": "tocsin", "name": "office-cn", "at": 1795222860.5, "every": 60.0, "status": "fail"}'


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a sign may stay away."""

    within: Seconds | None = field(
        default=None,
        metadata={
            "doc": "the longest time between two signs; by default three times `every`",
            "least": 5,
            "most": LONGEST,
        },
    )
    severity: Severity = field(default=Severity.CRITICAL, metadata={"doc": "of the alarm that it stays away"})


@handler(
    "sign_of_life",
    samples={"firing": Sample(body=_FAIL), "resolved": Sample(body=_SIGN)},
    options=Patience,
    sample_options=Patience(),
)
def sign_of_life(hook: Hook) -> Iterator[Event]:
    """A sign ends the alarm and sets its time anew; `"status": "fail"` raises it at once."""
    body = mapping(body_of(hook), "the body")
    patience = hook.options or Patience()
    name = text_of(body.get("name")) or hook.source
    failed = text_of(body.get("status")).lower() in {"fail", "failed", "down"}
    within = _within(body, patience)
    yield Event(
        source=hook.source,
        key=f"life|{name}",
        state=State.FIRING if failed else State.RESOLVED,
        severity=patience.severity,
        title=f"{name} says that it fails" if failed else f"{name} gives no sign of life",
        labels={"alertname": "sign of life", "instance": name},
        unless_heard_by=hook.received_at + within,
    )


def _within(body: dict[str, object], patience: Patience) -> float:
    if patience.within is not None:
        return patience.within
    every = body.get("every")
    if isinstance(every, int | float) and not isinstance(every, bool) and 0 < every * MISSED <= LONGEST:
        return max(MISSED * float(every), 5.0)
    raise HandlerError('it does not say how often it comes: send "every" in seconds, or set `within` of the source')
