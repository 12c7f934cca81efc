"""The errors of applications: what comes is grouped, what is new is told, and people say what becomes of it."""

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import gevent
import msgspec
from gevent.pool import Group

from daemon import telemetry
from daemon.clock import Clock
from daemon.config.errors import Errors
from daemon.errors import StoreError
from daemon.event import Event
from daemon.faults import digest, room, story, sweep
from daemon.faults.event import ErrorEvent
from daemon.faults.story import Story
from daemon.series import key
from daemon.series.key import Kind
from daemon.series.standard import APP, ERRORS
from daemon.series.table import Table
from daemon.store import fault_news, faults
from daemon.store.base import Store, Tx
from daemon.store.faults import Asked, Fault, State

log = logging.getLogger("tocsin.faults")

BEAT, TIDY = 10.0, 600.0  # seconds between two looks at what ends by itself; at what is old
AT_ONCE = 200  # things told in one go
PAGE = 500
LEVEL = "level"

Told = Callable[[list[Event]], object]  # may raise StoreUnavailable


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says of an error."""

    state: State
    by: str
    comment: str = ""
    next_release: bool = False
    until: float | None = None  # ignored until then,
    more: int | None = None  # or until there are so many more


class Faults:
    """All of them. `events` is where alarms go."""

    def __init__(self, store: Store, clock: Clock, settings: Callable[[], Errors], events: Told, table: Table) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._events = events
        self._table = table
        self._telling = self._more = False
        self._greenlets = Group()

    def start(self) -> None:
        """Tell what a former process could not, then look after what ends by itself."""
        self._greenlets.add(gevent.spawn(self._run))

    def stop(self) -> None:
        """Look after nothing any more; what is still to be told is told when it starts again."""
        self._greenlets.kill()

    def digest(self, tx: Tx, errors: Sequence[ErrorEvent], now: float) -> None:
        """Put new errors where they belong, inside a transaction; `tell` afterwards tells what is new."""
        digest.digest(tx, errors, self._settings(), now)

    def tell(self) -> None:
        """Count what was digested, and tell what is to be told. Never raises; what fails is told the next time.

        What alerting has is struck off after it has it: if the process dies between, it hears it twice, as a repeat.
        """
        self._more = True
        if self._telling:  # whoever tells already does this, too
            return
        self._telling = True
        try:
            while self._more:
                self._more = False
                self._count()
                while self._tell_some():
                    pass
        except StoreError as error:
            log.warning("what is new about errors could not be told yet: %s", error)
        except Exception:
            log.exception("what is new about errors could not be told yet")
        finally:
            self._telling = False

    def look(self) -> None:
        """End what is over, and tell that. Raises StoreUnavailable."""
        settings, now = self._settings(), self._clock.now()
        over = self._store.read(lambda tx: sweep.over(tx, settings, now))
        for begin in range(0, len(over), sweep.AT_ONCE):
            some = over[begin : begin + sweep.AT_ONCE]
            self._store.write(partial(sweep.end, ids=some, settings=settings, now=now))
        if self._store.read(fault_news.storms):
            self._store.write(lambda tx: sweep.end_storms(tx, now))
        self.tell()

    def tidy(self) -> None:
        """Delete what is old. Raises StoreUnavailable."""
        settings, now = self._settings(), self._clock.now()
        self._store.write(lambda tx: room.tidy(tx, settings, now))
        self.tell()

    def pages(self, asked: Asked, after: Fault | None) -> Iterator[Fault]:
        """List errors, as many as are taken."""
        while True:
            last = after
            found = self._store.read(lambda tx: faults.page(tx, asked, PAGE, last))  # noqa: B023 - read at once
            yield from found
            if len(found) < PAGE:
                return
            after = found[-1]

    def get(self, fault_id: int) -> Fault | None:
        """Find one."""
        return self._store.read(lambda tx: faults.get(tx, fault_id))

    def story(self, fault: Fault, samples: int) -> Story:
        """All that is kept of one, with so many of the newest samples."""
        now = self._clock.now()
        return self._store.read(lambda tx: story.tell(tx, fault, samples, now))

    def change(self, fault_id: int, change: Change) -> Fault | None:
        """Somebody resolves an error, ignores it, or takes that back; None when there is none of this id.

        Raises StoreUnavailable.
        """
        now = self._clock.now()
        changed = self._store.write(lambda tx: _changed(tx, fault_id, change, now))
        self.tell()
        return changed

    def _count(self) -> None:
        if not self._store.read(fault_news.has_counted):
            return
        for one in self._store.write(fault_news.take_counted):
            if one.kind == "evicted":
                telemetry.errors_evicted.labels(one.app).inc(one.count)
                continue
            labels = key.labels(((APP, one.app), (LEVEL, one.level)))
            self._table.late(self._table.find(ERRORS, Kind.COUNTER, labels), float(one.count), float(one.slot))

    def _tell_some(self) -> bool:
        """Tell the oldest of what is to be told; say whether there may be more."""
        news = self._store.read(lambda tx: fault_news.waiting(tx, AT_ONCE))
        if not news:
            return False
        self._hand_over([one.event for one in news if one.event is not None])
        now = self._clock.now()
        self._store.write(lambda tx: fault_news.strike_off(tx, news, now))
        for one in news:
            telemetry.error_alarms.labels(one.app, one.what.value).inc()
        return True

    def _hand_over(self, events: list[Event]) -> None:
        """Give events to alerting. One that it cannot take whatever the weather must not keep back all others."""
        try:
            self._events(events)
        except StoreError:
            raise
        except Exception:
            log.exception("alarms about errors could not be raised together")
            if len(events) > 1:
                for one in events:
                    self._hand_over([one])

    def _run(self) -> None:
        tidied = self._clock.monotonic()
        while True:
            try:
                self.look()
                if self._clock.monotonic() - tidied >= TIDY:
                    self.tidy()
                    tidied = self._clock.monotonic()
            except StoreError as error:
                log.warning("errors could not be looked after: %s", error)
            except Exception:  # the next look may do better
                log.exception("errors could not be looked after")
            self._clock.sleep(BEAT)


def _changed(tx: Tx, fault_id: int, change: Change, now: float) -> Fault | None:
    fault = faults.get(tx, fault_id)
    if fault is None:
        return None
    if change.state is not State.UNRESOLVED:
        room.end_alarms(tx, fault, f"{change.state.capitalize()} by {change.by}. {change.comment}".strip(), now)
        fault = msgspec.structs.replace(fault, alarm="", spike=0.0)
    changed = msgspec.structs.replace(
        fault,
        state=change.state,
        told=True,
        changed_at=now,
        changed_by=change.by,
        comment=change.comment,
        next_release=change.next_release,
        ignored_until=change.until,
        ignored_above=None if change.more is None else fault.count + change.more,
    )
    faults.replace(tx, changed)
    return changed
