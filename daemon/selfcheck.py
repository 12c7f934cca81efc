"""tocsin looks at itself: a slow event loop, a full disk, a store that cannot write, a clock that jumps."""

import logging
import threading
from collections.abc import Callable, Iterable

import gevent
from gevent.pool import Group

from daemon import housekeeping, sdnotify
from daemon.alerting.intake import Intake
from daemon.clock import JUMP, Clock
from daemon.config.settings import Settings
from daemon.disk import Trend, free_beside
from daemon.errors import StoreError
from daemon.internal import Check, event
from daemon.pulse import Pulse, high
from daemon.store import quarantine
from daemon.store.sqlite import SqliteStore
from daemon.units import spoken

log = logging.getLogger("tocsin.selfcheck")

SOON, MINUTE, HOUR = 10.0, 60.0, 3_600.0
ANSWER = 30.0  # seconds in which the store must have answered
ENOUGH = 1.1  # the disk is well again only this far above the limit, so that it does not flap

TWICE = 2  # a disk no longer fills soon when it would take this much longer; quarantine is well at so much less
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
        looks: Iterable[Callable[[], object]] = (),
        pulse: Pulse | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._intake = intake
        self._emergency = emergency
        self._looks = tuple(looks)  # of others, each minute
        self._greenlets = Group()
        self._pulse = pulse or Pulse(clock)
        self._trend = Trend()
        self._pushed_out = intake.pushed_out
        # Alarms that may be open, from before the start as well: the first look that finds all well ends them.
        self._may_be_open = {Check.DISK_FREE, Check.DISK_FILLING, Check.QUARANTINE}
        self._ahead = clock.now() - clock.monotonic()
        self._unwell_since: float | None = None
        self._well_since: float | None = None  # monotonic, while the alarm about it is still open
        self._trial: gevent.Greenlet[..., object] | None = None

    def start(self) -> None:
        """Begin to check."""
        self._pulse.start()
        for every, check in (
            (SOON, self.check_store),
            (SOON, self.check_clock),
            (SOON, self.count),
            (MINUTE, self.check_lag),
            (MINUTE, self.check_disk),
            (MINUTE, self.check_quarantine),
            (MINUTE, self.close),
            *((MINUTE, look) for look in self._looks),
            (HOUR, self.forget),
        ):
            self._greenlets.spawn(self._repeat, every, check)
        if watched := sdnotify.watchdog_interval():
            self._greenlets.spawn(self._repeat, watched, sdnotify.watchdog)

    def stop(self) -> None:
        """Check no more."""
        self._pulse.stop()
        self._greenlets.kill()

    def check_lag(self) -> None:
        """Was the event loop held up in the last minute?"""
        lags = self._pulse.taken()
        felt, worst = high(lags), max(lags, default=0.0)
        limit = self._settings().self_checks.hub_lag
        if felt > limit:
            self._intake.alarm(
                Check.HUB_LAG,
                title=f"tocsin's event loop was held up for {worst:.2f} s",
                text=f"For a hundredth of the last minute it was {felt:.2f} s late; {limit:g} s are borne. {_HELD_UP}",
            )

    def check_disk(self) -> None:
        """Is there room beside the store, and will there be?"""
        checks = self._settings().self_checks
        limit, folder = checks.disk_free, self._store.path.parent
        # In a thread: a network disk that hangs must not hold up the event loop.
        free = gevent.get_hub().threadpool.apply(free_beside, (folder,))
        self._trend.add(self._clock.monotonic(), free)
        full_in = self._trend.full_in()
        soon = f" At the present rate it is full in {spoken(full_in)}." if full_in is not None else ""
        if free < limit:
            self._found(
                Check.DISK_FREE,
                f"The disk of tocsin's store is nearly full: {free // 1024**2} MB are left",
                f"{folder} should have at least {limit // 1024**2} MB.{soon} {_DISK}",
            )
        elif full_in is not None and full_in < checks.disk_full_within:
            self._found(
                Check.DISK_FILLING,
                f"The disk of tocsin's store will be full in {spoken(full_in)}",
                f"{folder} has {free // 1024**2} MB left, and loses as much in {spoken(full_in)}. {_DISK}",
            )
        if free >= limit * ENOUGH:
            self._well(Check.DISK_FREE)
        if full_in is None or full_in >= checks.disk_full_within * TWICE:
            self._well(Check.DISK_FILLING)

    def check_quarantine(self) -> None:
        """Do more requests of known sources wait than somebody looks after?"""
        most = self._settings().self_checks.quarantine
        waiting = self._store.read(quarantine.count_known)
        before, self._pushed_out = self._pushed_out, self._intake.pushed_out
        gone = self._pushed_out - before
        if waiting >= most or gone:
            lost = f" In the last minute {gone} older ones were deleted to make room." if gone else ""
            self._found(
                Check.QUARANTINE,
                f"{waiting} requests of known sources wait in quarantine",
                f"Alarms are probably among them.{lost} See `tocsinctl quarantine list`, mend the cause, replay them.",
            )
        elif waiting * TWICE < most:
            self._well(Check.QUARANTINE)

    def check_clock(self) -> None:
        """Did somebody set the wall clock?"""
        ahead = self._clock.now() - self._clock.monotonic()
        moved, self._ahead = ahead - self._ahead, ahead
        if abs(moved) > JUMP:
            self._intake.alarm(
                Check.CLOCK,
                title=f"The clock of tocsin's machine jumped by {moved:+.0f} s",
                text="It was set, or the machine slept. Times in alarms from before and after do not fit together.",
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
            self._intake.alarm_over(Check.STORE)

    def close(self) -> None:
        """End the alarms that nobody else will end."""
        settings, now = self._settings(), self._clock.now()
        housekeeping.close_quiet(self._store, self._intake.events, settings.self_checks.window, now)
        housekeeping.close_removed(self._store, self._intake.events, settings.probes, now)
        housekeeping.close_silent(self._store, self._intake.end, settings.retention.silent, now)

    def forget(self) -> None:
        """Let go of what is past its time."""
        settings, now = self._settings(), self._clock.now()
        forgotten, refused = housekeeping.forget_old(self._store, settings.retention, now)
        housekeeping.forget_calls(self._store, settings.retention, settings.probes, now)
        housekeeping.forget_history(self._store, settings.history, now)
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
                name = getattr(check, "__name__", "unnamed")
                self._intake.alarm(
                    Check.SELF_CHECK,
                    name,
                    title=f"tocsin's self-check {name} is broken",
                    text="What it looks for would not be seen. See the log for what went wrong in it.",
                )

    def _found(self, check: Check, title: str, text: str) -> None:
        self._may_be_open.add(check)
        self._intake.alarm(check, title=title, text=text)

    def _well(self, check: Check) -> None:
        if check in self._may_be_open:
            self._may_be_open.discard(check)
            self._intake.alarm_over(check)

    def _write_nothing(self) -> None:
        self._store.write(lambda tx: tx.one("SELECT 1"))

    def _record(self, since: float) -> None:
        """Leave an alarm, so that the list of alarms shows when tocsin was deaf."""
        record = event(
            Check.STORE,
            title="tocsin could not write its store",
            text="Webhooks were answered with 503 meanwhile; their senders try again.",
            started_at=since,
        )
        self._intake.events([record])

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


def _reason(work: Callable[[], None]) -> str:
    try:
        work()
    except StoreError as error:
        return str(error)
    return ""
