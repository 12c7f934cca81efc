"""What the HTTP door needs of the rest of the daemon."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from daemon.alerting.acknowledge import Acks
from daemon.aside import Aside, at_once
from daemon.clock import Clock
from daemon.config.settings import Channel, Settings, Source
from daemon.exposition import Form
from daemon.handset import Report
from daemon.hook import Hook, Outside
from daemon.listener.exchange import App
from daemon.methods.table import PATIENCE, Caller
from daemon.reading import Sign
from daemon.sentry.gate import Gate
from daemon.store.quarantine import Kind
from daemon.web.apps.board import Pages
from daemon.web.board import Board


class Told(Protocol):
    """What became of one event."""

    @property
    def code(self) -> str:
        """The alert's short name, or nothing where the event changed none."""


class Takes(Protocol):
    """The one way into the pipeline."""

    def take(self, source: Source, hook: Hook) -> Sequence[Told]:
        """Accept a request's events, durably. Raises HandlerError, StoreUnavailable."""

    def refuse(self, hook: Hook, kind: Kind, reason: str, remote: str, *, unread: int = 0) -> str:
        """Keep a request that made no events; return its code. Raises StoreUnavailable."""


class Heard(Protocol):
    """What some receipts changed."""

    @property
    def unknown(self) -> int:
        """Of which no message is known."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The daemon, as its HTTP door sees it."""

    settings: Callable[[], Settings]  # asked for each request: a reload replaces them
    clock: Clock
    intake: Takes
    acks: Acks
    rpc: Callable[[bytes, Caller], bytes | None]  # None when a notification has no answer
    call: Callable[[str, Mapping[str, Any], Caller], Any]  # one method; raises MethodError
    hear: Callable[[Channel, list[Report]], Heard]  # a provider's receipts; raises StoreUnavailable
    sign: Callable[[str, Sign], None]  # a call of the probe of that name; raises KeyError, StoreUnavailable
    ready: Callable[[], str]  # why not, or nothing
    reload: Callable[[], list[str]]  # the problems, or none
    api: App  # what answers below /api/v2/
    outside: Outside  # what the checks of sources may ask of other servers
    numbers: Sequence[Callable[[Form], bytes]] = ()  # more of them for /metrics
    board: Board | None = None  # the status page; whether there is one, the settings say
    pages: Pages | None = None  # those about applications
    sentry: Gate | None = None  # what Sentry SDKs send goes through it
    aside: Aside = at_once  # where large bodies are read
    patience: float = PATIENCE  # seconds that one /rpc request may take
