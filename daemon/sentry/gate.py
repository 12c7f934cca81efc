"""How much is let in: each project has its part of the spool and its rate, so that none pushes out another."""

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from daemon import telemetry
from daemon.aside import Aside
from daemon.clock import Clock
from daemon.config.sentry import Project, Sentry
from daemon.store import spool
from daemon.store.base import Store, Tx
from daemon.store.spool import Sent, Waiting

ROW = 512  # bytes that a row takes beside its body: many small ones fill a disk, too
BURST = 10.0  # seconds of its rate that a project may send at once
EASE, HOLD, FULL = 0.5, 0.75, 1.0  # how full a part is when it is asked for less, when only errors go in, when nothing
LONG, SHORT = 60, 10  # seconds for which an SDK is asked to hold back: until there is room, until the rate allows more
# Everything but errors, the calls of jobs and the SDK's own reports.
LESS = "transaction;span;session;log_item;log_byte;trace_metric;profile;profile_chunk;replay;attachment;metric_bucket"
URGENT = frozenset(("event", "check_in", "client_report", "feedback", "user_report"))  # types of items


class Verdict(msgspec.Struct, frozen=True):
    """Whether a request is let in, and what its sender is asked to hold back for how long (empty: everything)."""

    is_in: bool
    seconds: int = 0
    less: str = ""

    @property
    def header(self) -> str:
        """The same as `X-Sentry-Rate-Limits`; empty when nothing is asked."""
        return f"{self.seconds}:{self.less}:project:busy" if self.seconds else ""


def judged(fullness: float, hurry: float, *, urgent: bool) -> Verdict:
    """Decide: errors as long as there is room, all else only while there is plenty."""
    strain, seconds = (fullness, LONG) if fullness >= hurry else (hurry, SHORT)
    if strain < EASE:
        return Verdict(is_in=True)
    if strain < HOLD or (urgent and strain < FULL):
        return Verdict(is_in=True, seconds=seconds, less=LESS)
    return Verdict(is_in=False, seconds=seconds, less=LESS if strain < FULL else "")


class _Load:
    """What waits of one project, and how much it may send at once."""

    def __init__(self, waiting: Waiting) -> None:
        self.rows, self.bytes = waiting.rows, waiting.bytes
        self.sent = 0.0  # requests, less what its rate took off since
        self.at = float("-inf")


class Gate:
    """The spool, as the door sees it."""

    def __init__(self, store: Store, clock: Clock, settings: Callable[[], Sentry], aside: Aside) -> None:
        """`aside` is where large bodies are looked at."""
        self.aside = aside
        self.refused: Counter[str] = Counter()  # errors, since somebody last looked
        self._store = store
        self._clock = clock
        self._settings = settings
        self._loads: dict[str, _Load] = {}
        self._more: Callable[[], None] = lambda: None

    def start(self, more: Callable[[], None]) -> None:
        """Find out what waits; `more` is called when something else does. Raises StoreUnavailable."""
        self._more = more
        self._loads = {app: _Load(one) for app, one in self._store.read(spool.waiting).items()}

    def judge(self, app: str, project: Project, size: int, *, urgent: bool) -> Verdict:
        """Decide about a request of so many bytes."""
        now = self._clock.monotonic()
        load = self._of(app)
        load.sent = max(0.0, load.sent - project.rate * (now - load.at)) + 1.0
        load.at = now
        verdict = judged(self._fullness(load, size), load.sent / (project.rate * BURST), urgent=urgent)
        if not verdict.is_in:
            load.sent -= 1.0
            return self.refuse(app, verdict.seconds, verdict.less, urgent=urgent)
        return verdict

    def refuse(self, app: str, seconds: int, less: str = "", *, urgent: bool) -> Verdict:
        """Let a request not in, and remember that where it had errors."""
        if urgent:
            self.refused[app] += 1
        return Verdict(is_in=False, seconds=seconds, less=less)

    def has_room(self, sent: Sent) -> bool:
        """Whether it fits now: its sender's part is never overfull, however many were judged at once."""
        return self._fullness(self._of(sent.app), len(sent.body)) < FULL

    def put(self, sent: Sent) -> None:
        """Keep it; it is on disk when this returns. Raises StoreUnavailable."""
        self._put(sent, spool.add)

    def put_back(self) -> int:
        """Let what was set aside be worked through again; return how many that are. Raises StoreError."""
        aside = self._store.read(spool.kept_aside)
        return sum(self._put(sent, spool.put_back) for sent in aside)

    def _put(self, sent: Sent, write: Callable[[Tx, Sent], int]) -> bool:
        load = self._of(sent.app)
        load.rows, load.bytes = load.rows + 1, load.bytes + len(sent.body)
        is_in = False
        try:
            is_in = bool(self._store.write(lambda tx: write(tx, sent)))
        finally:
            if not is_in:
                self.gone((sent,))
        telemetry.sentry_spool.labels(sent.app).set(load.bytes)
        self._more()
        return is_in

    def gone(self, several: Iterable[Sent]) -> None:
        """Note that these wait no more."""
        for sent in several:
            load = self._of(sent.app)
            load.rows, load.bytes = max(0, load.rows - 1), max(0, load.bytes - len(sent.body))
            telemetry.sentry_spool.labels(sent.app).set(load.bytes)

    def forget(self) -> None:
        """Leave no ghost of a project that was taken out of the configuration, once nothing of it waits."""
        projects = self._settings().projects
        for app in [app for app, load in self._loads.items() if not load.rows and app not in projects]:
            del self._loads[app]
            telemetry.forget("app", app)

    def waiting(self) -> dict[str, Waiting]:
        """What waits, by project."""
        return {app: Waiting(load.rows, load.bytes) for app, load in self._loads.items()}

    def _fullness(self, load: _Load, size: int) -> float:
        """How full its part is with so many bytes more."""
        settings = self._settings()
        return (load.bytes + load.rows * ROW + size) * max(1, len(settings.projects)) / settings.spool

    def _of(self, app: str) -> _Load:
        load = self._loads.get(app)
        if load is None:
            load = self._loads[app] = _Load(Waiting(0, 0))
        return load
