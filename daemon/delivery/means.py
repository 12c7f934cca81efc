"""What all lanes work with, and how each stands."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from daemon.clock import Clock
from daemon.config.settings import Settings
from daemon.delivery import breaker
from daemon.delivery.alarms import Alarms
from daemon.delivery.backoff import Draw
from daemon.store.base import Store


@dataclass(frozen=True, kw_only=True)
class Means:
    """What all lanes work with."""

    store: Store
    clock: Clock
    draw: Draw
    alarms: Alarms
    gap: float  # seconds between two rounds of a lane that has messages under way
    grace: float  # beyond a sender's own time-out, before its call is broken off
    settings: Callable[[], Settings]  # for who speaks which language


class LaneStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a channel stands."""

    channel: str
    type: str
    pool: int
    busy: int
    breaker: breaker.State
    reason: str  # why the breaker is not closed
    last_sent_at: float | None
    last_error: str
    last_error_at: float | None
