"""The spool is worked through in order: what is in a request, and that it is done, are written together."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Protocol

import gevent

from daemon import telemetry
from daemon.aside import LARGE
from daemon.clock import Clock, unhurried
from daemon.config.sentry import Sentry
from daemon.errors import StoreError, StoreUnavailable
from daemon.faults.event import ErrorEvent
from daemon.internal import Alarm, Check
from daemon.payload.repeats import Repeats
from daemon.sentry.found import Found
from daemon.sentry.gate import Gate
from daemon.sentry.reading import Limits, Unreadable, read
from daemon.sentry.telling import Jobs, count
from daemon.series.table import Table
from daemon.store import spool
from daemon.store.base import Store, Tx
from daemon.store.spool import Sent
from daemon.units import spoken

BATCH, BATCH_BYTES = 100, 4 * 1024**2  # requests that are worked through together, and their bytes as they came
BATCH_PLAIN = 32 * 1024**2  # bytes of these once they are expanded: all that is in them is in memory at once
AT_ONCE = 100  # errors of one transaction: a new one takes nearly a millisecond, and all who write wait for it
LONGEST_REASON = 500
REST = 5.0  # seconds until the spool is looked at although nobody called
AGAIN, AGAIN_MOST = 1.0, 30.0  # seconds until the store is tried again
STOP_WITHIN = 5.0
QUIET = 60.0  # seconds between two words about reports that were refused, or wait
BEHIND = 300.0  # seconds for which a report waits that nobody should wait for

log = logging.getLogger("tocsin.sentry")


class Faults(Protocol):
    """Where errors are grouped."""

    def digest(self, tx: Tx, errors: Sequence[ErrorEvent], now: float) -> None:
        """Take them, inside a transaction that may run twice."""

    def tell(self) -> None:
        """Say what came of it, after the transaction."""


class Digest:
    """One greenlet. A crash between loses of the numbers those of one batch at most, and nothing of the errors."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Callable[[], Sentry],
        gate: Gate,
        table: Table,
        faults: Faults,
        jobs: Jobs,
        alarm: Alarm,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._gate = gate
        self._table = table
        self._faults = faults
        self._jobs = jobs
        self._alarm = alarm
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._repeats = Repeats()
        self._heard: set[int] = set()  # requests of the batch in hand whose calls were heard already
        self._said: dict[str, float] = {}
        self._greenlet: gevent.Greenlet[[], None] | None = None

    def start(self) -> None:
        """Begin, with what was left of the last time."""
        self._greenlet = gevent.spawn(self._for_ever)

    def ring(self) -> None:
        """Say that something waits."""
        self._bell.set()

    def stop(self) -> None:
        """Finish the batch in hand; the rest waits on disk."""
        self._stopping.set()
        self._bell.set()
        if self._greenlet is not None:
            self._greenlet.join(STOP_WITHIN)
            self._greenlet.kill(timeout=1)

    def _for_ever(self) -> None:
        pause = AGAIN
        while not self._stopping.is_set():
            try:
                while not self._stopping.is_set() and self.turn():
                    pause = AGAIN
                    self._speak()  # while there is most to do, too: then reports are refused
            except StoreError as error:
                log.warning("the spool is not worked through: %s", error)
                self._speak()
                self._clock.wait(self._stopping, pause)  # not the bell: whatever came would end the pause
                pause = min(2 * pause, AGAIN_MOST)
            except Exception:  # what is at fault here must not end it
                log.exception("the spool is not worked through")
                self._speak()
                self._clock.wait(self._stopping, AGAIN_MOST)
            else:
                self._speak()
                self._clock.wait(self._bell, REST)

    def turn(self) -> int:
        """Work through one batch; return how many requests that were. Raises StoreError."""
        self._bell.clear()
        batch = self._store.read(lambda tx: spool.first(tx, BATCH, BATCH_BYTES, BATCH_PLAIN))
        telemetry.sentry_age.set(self._behind(batch))
        if not batch:
            return 0
        read_well: list[tuple[Sent, Found]] = []
        for sent in unhurried(self._clock, batch):
            found = self._read(sent)
            if found is not None:
                read_well.append((sent, found))
        for part in _parts(self._hear(read_well)):
            self._settled(part)
        self._heard.clear()
        self._gate.forget()
        return len(batch)

    def _behind(self, batch: Sequence[Sent]) -> float:
        """For how long the first of these waits; when that is long, somebody hears of it."""
        age = max(0.0, self._clock.now() - batch[0].at) if batch else 0.0
        if age >= BEHIND and self._may_say(""):
            self._alarm(
                Check.REPORTS,
                batch[0].app,
                title=f"Error reports of {batch[0].app} wait for {spoken(age)} to be worked through",
                text="They come faster than they are worked through, or something keeps that up: see the log.",
            )
        return age

    def _settled(self, part: list[tuple[Sent, Found]]) -> None:
        try:
            self._settle(part)
        except StoreUnavailable:
            raise
        except Exception:  # one of them breaks what takes errors: find out which
            log.exception("a batch of reports is settled one by one")
            part = self._one_by_one(part)
        self._count(part)

    def _read(self, sent: Sent) -> Found | None:
        settings = self._settings()
        work = partial(read, sent, Limits(settings.expanded, settings.event))
        try:
            return self._gate.aside(work) if sent.plain > LARGE else work()
        except Unreadable as error:
            self._set_aside(sent, str(error))
        except Exception as error:  # one request must not hold up all others
            log.exception("a report of %s cannot be read", sent.app)
            self._set_aside(sent, f"tocsin failed at it: {type(error).__name__}")
        return None

    def _hear(self, several: Sequence[tuple[Sent, Found]]) -> Iterator[tuple[Sent, Found]]:
        """Calls are heard before their requests are struck off: rather twice, after a crash, than never."""
        for sent, found in several:
            try:
                if sent.id not in self._heard:
                    for call in found.calls:
                        self._jobs.call(found.app, call)
                    self._heard.add(sent.id)
            except StoreUnavailable:
                raise
            except Exception as error:  # it would come first again and again, and nothing after it
                log.exception("a call of %s cannot be heard", sent.app)
                self._set_aside(sent, f"tocsin failed at it: {type(error).__name__}: {error}")
            else:
                yield sent, found

    def _settle(self, several: Sequence[tuple[Sent, Found]]) -> None:
        """Write what came of them, and that they are done, in one transaction."""
        errors = self._without_repeats([found for _, found in several])
        items = _items(several)
        ids, now = [sent.id for sent, _ in several], self._clock.now()

        def settle(tx: Tx) -> None:
            if errors:
                self._faults.digest(tx, errors, now)
            spool.done(tx, ids, items)

        self._store.write(settle)
        self._gate.gone(sent for sent, _ in several)
        for error in errors:
            if error.event_id:
                self._repeats.note(error.app, error.event_id, self._clock.monotonic())

    def _without_repeats(self, several: Sequence[Found]) -> list[ErrorEvent]:
        """Their errors, without those that were sent again: some SDKs do where the answer was lost on its way."""
        errors, ids, now = list[ErrorEvent](), set[tuple[str, str]](), self._clock.monotonic()
        for found in several:
            kept = []
            for error in found.errors:
                told = error.app, error.event_id
                if error.event_id and (told in ids or self._repeats.knows(*told, now)):
                    found.items["repeated"] += 1
                else:
                    ids.add(told)
                    kept.append(error)
            if len(kept) < len(found.errors):
                found.items["error"] -= len(found.errors) - len(kept)
                found.errors = kept
            errors += kept
        return errors

    def _one_by_one(self, several: Sequence[tuple[Sent, Found]]) -> list[tuple[Sent, Found]]:
        """Settle each alone, set aside what cannot be, and return the others."""
        settled: list[tuple[Sent, Found]] = []
        for sent, found in several:
            try:
                self._settle([(sent, found)])
            except StoreUnavailable:
                self._count(settled)
                raise
            except Exception as error:  # noqa: BLE001 - it is set aside with what it broke
                self._set_aside(sent, f"tocsin failed at it: {type(error).__name__}: {error}")
            else:
                settled.append((sent, found))
        return settled

    def _count(self, several: Sequence[tuple[Sent, Found]]) -> None:
        """What is on disk goes to the series."""
        for (app, kind), number in _items(several).items():
            telemetry.sentry_items.labels(app, kind).inc(number)
        for _, found in several:
            count(found, self._table, self._clock)
        if any(found.errors for _, found in several):
            self._faults.tell()

    def _set_aside(self, sent: Sent, reason: str) -> None:
        reason = reason[:LONGEST_REASON].encode("utf-8", "replace").decode()
        log.debug("a report of %s is set aside: %s", sent.app, reason)  # counted, and kept with its reason
        self._store.write(lambda tx: spool.set_aside(tx, sent, reason))
        self._gate.gone((sent,))
        telemetry.sentry_aside.labels(sent.app).inc()

    def _may_say(self, about: str) -> bool:
        """Whether nothing was said about it lately; if so, something is said now."""
        now = self._clock.monotonic()
        if now - self._said.get(about, float("-inf")) < QUIET:
            return False
        self._said[about] = now
        return True

    def _speak(self) -> None:
        """Raise an alarm about errors that were refused."""
        for app, number in list(self._gate.refused.items()):
            if not self._may_say(app):
                continue
            del self._gate.refused[app]
            self._alarm(
                Check.REPORTS,
                app,
                title=f"{number} error reports of {app} were refused",
                text="They came faster than sentry.projects.<name>.rate, or sentry.spool is too small.",
            )


def _parts(several: Iterable[tuple[Sent, Found]]) -> Iterator[list[tuple[Sent, Found]]]:
    """What is settled together: so many errors, unless one request has more."""
    part: list[tuple[Sent, Found]] = []
    errors = 0
    for sent, found in several:
        if part and errors + len(found.errors) > AT_ONCE:
            yield part
            part, errors = [], 0
        part.append((sent, found))
        errors += len(found.errors)
    if part:
        yield part


def _items(several: Sequence[tuple[Sent, Found]]) -> Counter[tuple[str, str]]:
    """How many items of each kind, by project."""
    items: Counter[tuple[str, str]] = Counter()
    for _, found in several:
        for kind, number in found.items.items():
            items[found.app, kind] += number
    return items
