"""What this API needs of the rest of the daemon."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from daemon.alerting.arrival import Arrival
from daemon.alerting.rules import Rules
from daemon.clock import Clock
from daemon.event import Event
from daemon.hook import Hook
from daemon.store.base import Store
from daemon.store.quarantine import Kind


class Takes(Protocol):
    """The one way into the pipeline."""

    def events(self, events: Iterable[Event], came: Arrival) -> Sequence[object]:
        """Accept events, durably, with what brought them. Raises StoreUnavailable."""

    def refuse(self, hook: Hook, kind: Kind, reason: str, remote: str, *, unread: int = 0) -> str:
        """Keep a request that made no events; return its code. Raises StoreUnavailable."""


@dataclass(frozen=True, kw_only=True)
class ApiParts:
    """The daemon, as Alertmanager's API sees it."""

    store: Store
    intake: Takes
    rules: Callable[[], Rules]  # asked for each request: a reload replaces them
    clock: Clock
    started_at: float
    version: str
