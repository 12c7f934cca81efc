"""Writes down what probes see: gathered in memory, and written every few seconds in one transaction.

Nothing here waits but the recorder's own greenlets. What a killed process had gathered is lost, which is a few seconds;
while the store cannot write, what was gathered waits, and the oldest goes first when it becomes too much.
"""

import logging
import threading
from collections.abc import Callable, Mapping

import gevent

from daemon import telemetry
from daemon.clock import JUMP, Clock
from daemon.config.looking import ProbePlan
from daemon.config.settings import Settings
from daemon.errors import StoreUnavailable
from daemon.history import beginning, entry
from daemon.history.batch import TIMES, Batch
from daemon.history.covering import Covering
from daemon.history.covers import NeverRests, Rests
from daemon.history.entry import Entry
from daemon.history.roller import Roller
from daemon.history.steady import steadily
from daemon.history.stretches import Time, Turn, ms
from daemon.probing.watched import Kept, Watched
from daemon.reading import Reading
from daemon.store import turns
from daemon.store.base import Store
from daemon.store.turns import VERDICT

log = logging.getLogger("tocsin.history")

EVERY = 5.0  # seconds between two writes
SOON = 2_000  # readings that are written at once, however short ago the last write is
_JUMP = ms(JUMP)


class Recorder:
    """Implements `daemon.probing.parts.Record`. Start it before the scheduler, and stop it after."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Callable[[], Settings],
        *,
        every: float = EVERY,
        rests: Rests | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._every = every
        self._batch = Batch()
        self._writing: Batch | None = None  # on its way to the store
        self._entries: dict[str, Entry] = {}
        self._numbers: dict[str, int] = {}
        self._last_number = 0
        self._latest = 0  # no reading is older than the one before it, unless the clock was set
        self._covering = Covering(store, clock, rests or NeverRests())
        self._roller = Roller(store, clock, settings)
        self._wake = threading.Event()
        self._stopping = False
        self._loop: gevent.Greenlet[[], None] | None = None

    def start(self) -> None:
        """Read what an earlier process left, then begin to write. Raises StoreUnavailable."""
        found = self._store.read(beginning.read)
        now = ms(self._clock.now())
        self._numbers, self._latest = found.numbers, found.until
        self._last_number = max(found.numbers.values(), default=0)
        self._covering.begin(found.until or now)
        plans = self._settings().probes
        for name, left in found.left.items():
            if name in plans:
                self._entries[name] = beginning.taken_over(left, plans[name], self._batch)
            else:
                beginning.abandoned(left, now, self._batch)
        for number in found.stray:
            self._batch.turn(number, VERDICT, [Turn(found.until, Time.UNWATCHED)])
        self._notice_the_clock(now)
        self._loop = gevent.spawn(self._run)
        self._roller.start()

    def stop(self) -> None:
        """Write what there is, and end."""
        self._stopping = True
        self._wake.set()
        if self._loop is not None:
            self._loop.join()
        self._flush()
        self._roller.stop()

    def reload(self) -> None:
        """Follow the settings, after the scheduler: what is not configured any more is not watched."""
        now, plans = ms(self._clock.now()), self._settings().probes
        self._notice_the_clock(now)
        for name in [name for name in self._entries if name not in plans]:
            self._entries.pop(name).leave(now, self._batch)
            self._roller.forget(name)
        self._covering.forget_plans()

    def kept(self, plan: ProbePlan) -> Kept | None:
        """What is remembered of this probe, as far as it still means something."""
        now = self._clock.now()
        self._notice_the_clock(ms(now))
        known = self._entries.get(plan.name)
        if known is not None:
            return known.resume(plan, now, self._batch)
        if plan.name not in self._numbers:
            self._last_number += 1
            self._numbers[plan.name] = self._last_number
        self._entries[plan.name] = entry.new(self._numbers[plan.name], plan, self._latest, self._batch)
        self._covering.forget_plans()
        return None

    def saw(self, watched: Watched, reading: Reading, took: float) -> None:
        """A look has ended and is judged."""
        now = ms(self._clock.now() if watched.read_at is None else watched.read_at)
        self._notice_the_clock(now)
        if (known := self._entries.get(watched.plan.name)) is not None:
            known.saw(watched, reading, took, self._latest, self._batch)
        if len(self._batch.readings) >= SOON:
            self._wake.set()

    def holds(self, watched: Watched, reading: Reading) -> None:
        """What calls in has begun a run, or may make up for a call: what is known of it holds longer."""
        now = ms(self._clock.now())
        self._notice_the_clock(now)
        known = self._entries.get(watched.plan.name)
        if known is not None and known.plan is watched.plan:
            known.holds(reading, self._latest)

    def usual(self, name: str) -> Mapping[str, float]:
        """How many seconds each phase of this probe takes in the middle of the last day's looks."""
        return self._roller.usual(name)

    def ahead(self, name: str, layer: int) -> list[Turn]:
        """The turns of a probe's line that are not in the store yet, up to now, as far as it looks now."""
        known = self._entries.get(name)
        if known is None:
            return []
        found = [
            turn for batch in (self._writing, self._batch) if batch for turn in batch.turns_of(known.number, layer)
        ]
        return found + (known.account.outlook(ms(self._clock.now())) if layer == VERDICT else [])

    def flush(self) -> None:
        """Write what there is. Raises StoreError; what could not be written waits for the next time."""
        now = ms(self._clock.now())
        self._notice_the_clock(now)
        if self._batch.rewound_to is None:
            found = Batch()
            self._covering.look(now, self._entries, found)
            if self._batch.rewound_to is None:  # nobody has set the clock back meanwhile
                self._batch.turns += found.turns
        rewound_to = self._batch.rewound_to
        self._write(now)
        if rewound_to is not None:
            self._cover_anew(rewound_to)
        self._roller.flushed(now // 1_000)

    def _write(self, now: int) -> None:
        batch, self._batch = self._batch, Batch()
        batch.until = self._latest
        batch.keep_failures = self._settings().history.failures
        for one in self._entries.values():
            if one.is_changed:
                batch.standings[one.number] = one.standing(now)
        if not batch and not self._stopping:  # the last one says up to when somebody watched, whatever was seen
            return
        self._writing = batch
        try:
            self._store.write(batch.write)
        except StoreUnavailable:
            telemetry.record_dropped.inc(self._batch.after(batch))
            raise
        except Exception:
            telemetry.record_dropped.inc(len(batch.readings))
            if batch.readings or batch.failures:
                self._batch.after(batch.without_readings())
            raise
        finally:
            self._writing = None

    def _run(self) -> None:
        while not self._stopping:
            self._clock.wait(self._wake, self._every)
            self._wake.clear()
            if not self._stopping:
                self._flush()

    def _flush(self) -> None:
        steadily(self.flush, "what probes saw is written down later", "what probes saw could not be written down")

    def _notice_the_clock(self, now: int) -> None:
        """If it was set back, what was written down of the time that comes again did not happen."""
        if now >= self._latest - _JUMP:
            self._latest = max(self._latest, now)
            return
        log.warning("the clock was set back by %g s: the history goes on from there", (self._latest - now) / 1_000)
        self._latest = now
        self._batch.rewind(now)
        for one in self._entries.values():
            one.rewind(now, self._batch)

    def _cover_anew(self, since: int) -> None:
        """The clock was set back to then: what covers the probes is what the store still has of the time before."""
        covered = self._store.read(turns.covered)
        for one in self._entries.values():
            one.cover = TIMES[covered[one.number]] if one.number in covered else None
        self._covering.begin(since)
