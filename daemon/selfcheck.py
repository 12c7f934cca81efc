"""tocsin looks at itself: a slow event loop, a full disk, a store that cannot write, a clock that jumps."""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import gevent
from gevent.pool import Group

from daemon import housekeeping, sdnotify, telemetry
from daemon.alerting.intake import Intake
from daemon.clock import JUMP, Clock
from daemon.config.settings import Settings
from daemon.errors import StoreError
from daemon.event import OWN, Event, Severity
from daemon.store.sqlite import SqliteStore

log = logging.getLogger("tocsin.selfcheck")

TICK = 0.1  # seconds between two feels of the event loop's pulse
SOON, MINUTE, HOUR = 10.0, 60.0, 3_600.0
ANSWER = 30.0  # seconds in which the store must have answered
ENOUGH = 1.1  # the disk is well again only this far above the limit, so that it does not flap

_HELD_UP = "Look for a busy or stopped machine."
_DISK = "When it is full, webhooks are answered with 503. Make room, or lower `retention`."


class SelfCheck:
    """Each check has its own greenlet and beat, so that one that hangs keeps no other from telling.

    Alarms go through `intake`; only when the store cannot take them, `emergency` tells people directly. While
    something stays wrong its alarm is raised again and only counts: no check makes a storm.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        clock: Clock,
        store: SqliteStore,
        intake: Intake,
        emergency: Callable[[str, str], object],
        audit: Callable[[], object] = list,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._intake = intake
        self._emergency = emergency
        self._audit = audit
        self._greenlets = Group()
        self._lags: deque[float] = deque(maxlen=int(MINUTE / TICK))
        self._disk_is_low = False
        self._ahead = clock.now() - clock.monotonic()
        self._unwell_since: float | None = None
        self._well_since: float | None = None  # monotonic, while the alarm about it is still open
        self._trial: gevent.Greenlet[..., object] | None = None

    def start(self) -> None:
        """Begin to check."""
        self._greenlets.spawn(self._feel_pulse)
        for every, check in (
            (SOON, self.check_store),
            (SOON, self.check_clock),
            (SOON, self.count),
            (MINUTE, self.check_lag),
            (MINUTE, self.check_disk),
            (MINUTE, self.close),
            (MINUTE, self._audit),
            (HOUR, self.forget),
        ):
            self._greenlets.spawn(self._repeat, every, check)
        if watched := sdnotify.watchdog_interval():
            self._greenlets.spawn(self._repeat, watched, sdnotify.watchdog)

    def stop(self) -> None:
        """Check no more."""
        self._greenlets.kill()

    def check_lag(self) -> None:
        """Was the event loop held up in the last minute?"""
        felt = high(self._lags)
        worst = max(self._lags, default=0.0)
        self._lags.clear()
        limit = self._settings().self_checks.hub_lag
        if felt > limit:
            self._alarm(
                "hub_lag",
                f"tocsin's event loop was held up for {worst:.2f} s",
                f"For a hundredth of the last minute it was {felt:.2f} s late; {limit:g} s are borne. {_HELD_UP}",
                Severity.WARNING,
            )

    def check_disk(self) -> None:
        """Is there room beside the store?"""
        limit = self._settings().self_checks.disk_free
        folder = self._store.path.parent
        # In a thread: a network disk that hangs must not hold up the event loop.
        free = gevent.get_hub().threadpool.apply(free_beside, (folder,))
        if free < limit:
            self._disk_is_low = True
            self._alarm(
                "disk_free",
                f"The disk of tocsin's store is nearly full: {free // 1024**2} MB are left",
                f"{folder} should have at least {limit // 1024**2} MB. {_DISK}",
                Severity.ERROR,
            )
        elif self._disk_is_low and free >= limit * ENOUGH:
            self._disk_is_low = False
            self._intake.alarm_over("disk_free")

    def check_clock(self) -> None:
        """Did somebody set the wall clock?"""
        ahead = self._clock.now() - self._clock.monotonic()
        moved, self._ahead = ahead - self._ahead, ahead
        if abs(moved) > JUMP:
            self._alarm(
                "clock",
                f"The clock of tocsin's machine jumped by {moved:+.0f} s",
                "It was set, or the machine slept. Times in alarms from before and after do not fit together.",
                Severity.WARNING,
            )

    def check_store(self) -> None:
        """Can the store write? While it cannot, people are told past it; when it can again, it keeps a record."""
        if self._unwell_since is None and not self._store.healthy():
            reason = self._try(self._write_nothing)
        else:
            # The record is itself the trial: a transaction that writes nothing would succeed on a full disk.
            since = self._unwell_since = self._unwell_since or self._clock.now()
            reason = self._try(lambda: self._record(since))
            if not reason:
                self._unwell_since, self._well_since = None, self._clock.monotonic()
                log.info("the store can be written again")
        if reason:
            self._unwell_since = self._unwell_since or self._clock.now()
            self._well_since = None
            log.error("the store is unwell: %s", reason)
            self._emergency("tocsin cannot write its store", f"{reason}. Webhooks are answered with 503 meanwhile.")
        elif self._well_since is not None and self._clock.monotonic() - self._well_since >= MINUTE:
            # Not before: where small writes succeed and big ones do not, each would be an alarm of its own.
            self._well_since = None
            self._intake.alarm_over("store")

    def close(self) -> None:
        """End the alarms that nobody else will end."""
        settings, now = self._settings(), self._clock.now()
        housekeeping.close_quiet(self._store, self._intake.events, settings.self_checks.window, now)
        housekeeping.close_removed(self._store, self._intake.events, settings.probes, now)
        housekeeping.close_silent(self._store, self._intake.end, settings.retention.silent, now)

    def forget(self) -> None:
        """Let go of what is past its time."""
        forgotten, refused = housekeeping.forget_old(self._store, self._settings().retention, self._clock.now())
        if forgotten or refused:
            log.info("forgot %d alerts and %d quarantined requests past their retention", forgotten, refused)

    def count(self) -> None:
        """Bring the gauges up to date."""
        housekeeping.count_open(self._store)

    def _repeat(self, every: float, check: Callable[[], object]) -> None:
        while True:
            self._clock.sleep(every)
            try:
                check()
            except StoreError as error:
                log.warning("self-check put off: %s", error)  # check_store tells people
            except Exception:  # a loop of the process's own: one failing check must not end the checking
                log.exception("a self-check failed")

    def _feel_pulse(self) -> None:
        """Want to run every tick and note how late that is: what everything else in this process feels too."""
        while True:
            before = self._clock.monotonic()
            self._clock.sleep(TICK)
            lag = max(0.0, self._clock.monotonic() - before - TICK)
            telemetry.hub_lag.observe(lag)
            self._lags.append(lag)

    def _alarm(self, key: str, title: str, text: str, severity: Severity) -> None:
        self._intake.alarm(key, title, text, severity, {"check": key})

    def _write_nothing(self) -> None:
        self._store.write(lambda tx: tx.one("SELECT 1"))

    def _record(self, since: float) -> None:
        """Leave an alarm, so that the list of alarms shows when tocsin was deaf."""
        event = Event(
            source=OWN,
            key="store",
            severity=Severity.CRITICAL,
            title="tocsin could not write its store",
            text="Webhooks were answered with 503 meanwhile; their senders try again.",
            labels={"check": "store"},
            started_at=since,
        )
        self._intake.events([event])

    def _try(self, work: Callable[[], None]) -> str:
        """Run it beside us, with a limit; return why it did not succeed, or nothing."""
        if self._trial is not None and not self._trial.dead:
            return f"{self._store.path} still does not answer"
        done = threading.Event()
        trial: gevent.Greenlet[..., object] = gevent.spawn(_reason, work)
        self._trial = trial
        self._greenlets.add(trial)
        trial.rawlink(lambda _: done.set())
        if not self._clock.wait(done, ANSWER):
            return f"{self._store.path} has not answered for {ANSWER:g} s"
        return str(trial.get())


def high(lags: Iterable[float]) -> float:
    """What the event loop's delay exceeds for a hundredth of the time.

    A loop held up for 2 s is felt once by us, but by twenty that wanted to run meanwhile: it counts as those.
    """
    most = int(MINUTE / TICK)
    felt = sorted(lag - missed * TICK for lag in lags for missed in range(min(int(lag / TICK), most) + 1))
    return felt[len(felt) * 99 // 100] if felt else 0.0


def free_beside(folder: Path) -> int:
    """Bytes that an unprivileged process may still write there."""
    facts = os.statvfs(folder)
    return facts.f_bavail * facts.f_frsize


def _reason(work: Callable[[], None]) -> str:
    try:
        work()
    except StoreError as error:
        return str(error)
    return ""
