"""What the methods work with: the running parts, each as little of it as is needed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from daemon.alerting.acknowledge import Acks
from daemon.alerting.intake import Intake
from daemon.aside import Aside
from daemon.clock import Clock
from daemon.config.looking import ProbePlan
from daemon.config.settings import Settings
from daemon.faults.faults import Faults
from daemon.history.query import History
from daemon.notice import Acceptance, Recipient
from daemon.reading import Health, Reading
from daemon.sentry.status import SentryStatus
from daemon.series.query import Query
from daemon.store.base import Store
from daemon.store.pauses import Pause
from daemon.thresholds.keeper import Keeper


class LaneStatus(Protocol):
    """How one channel's deliveries stand; what else it carries is shown as it is."""

    @property
    def channel(self) -> str:
        """The channel's name."""

    @property
    def breaker(self) -> str:
        """`closed` while all is well, else `open` or `half-open`."""

    @property
    def reason(self) -> str:
        """Why the breaker is not closed."""


class Courier(Protocol):
    """Delivery, as far as an operator sees it."""

    def status(self) -> Sequence[LaneStatus]:
        """How each channel stands."""

    def test(self, channel: str, recipient: Recipient) -> Acceptance:
        """Send one test message now, past the outbox; raises SendError."""


class ProbeStatus(Protocol):
    """How one probe stands; what else it carries is shown as it is."""

    @property
    def name(self) -> str:
        """The probe's name."""

    @property
    def verdict(self) -> str:
        """`up`, `down` or `unknown`."""


class Calls(Protocol):
    """What is said to the scheduler about a probe. Raises KeyError when there is none of that name."""

    def pause(self, name: str, author: str, comment: str, until: float | None) -> Pause:
        """Look at it no more, until then or until somebody says so."""

    def resume(self, name: str, by: str) -> Pause | None:
        """Look at it again; return the pause that is over."""


class Scheduler(Protocol):
    """The probes, as far as an operator sees them."""

    @property
    def calls(self) -> Calls:
        """What can be said to it."""

    def coming(self, name: str, most: int) -> list[float]:
        """When it looks next; raises KeyError when there is no such probe."""

    def verdicts(self) -> Mapping[str, Health]:
        """How each stands, by name, and no more."""

    def statuses(self, after: str = "") -> Iterator[ProbeStatus]:
        """How those stand whose names come after this one, one by one in order."""

    def status_of(self, name: str) -> ProbeStatus:
        """How one stands; raises KeyError when there is no such probe."""

    def run(self, name: str) -> Reading:
        """Look once, now; raises KeyError when there is no such probe."""

    def run_for(self, plan: ProbePlan, place: str) -> Reading:
        """Look once at what another tocsin wants looked at."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """One running tocsin, for the methods."""

    store: Store
    store_health: Callable[[], str]  # why it cannot be written; empty when it can
    store_size: Callable[[], int]  # bytes on disk
    clock: Clock
    settings: Callable[[], Settings]
    intake: Intake
    acks: Acks
    courier: Courier
    scheduler: Scheduler
    history: History
    probe_kinds: Callable[[], Mapping[str, type]]
    reload: Callable[[], list[str]]  # the problems; empty when the new configuration is in force
    check: Callable[[str], tuple[list[str], list[str]]]  # a path, or "" for the own -> problems, warnings
    load: Callable[[str], Settings]  # the same file, read without using it; raises ConfigError
    set_log_level: Callable[[str], None]
    started_at: float
    version: str
    doors: Callable[[], dict[str, str]]  # http, zmq -> where it really listens
    warnings: Callable[[], list[str]]
    aside: Aside
    series: Query
    rules: Keeper
    faults: Faults
    sentry: Callable[[], SentryStatus]  # raises StoreError
    sentry_again: Callable[[], int]  # the reports that were set aside; raises StoreError
