"""The rules at work: every slot that is closed is taken and judged once, what changes is written down, then told."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import gevent
from gevent.event import Event as Signal

from daemon import telemetry
from daemon.clock import SHORT_TURN, Clock, unhurried
from daemon.config.settings import Settings
from daemon.config.thresholds import Rule
from daemon.errors import StoreError
from daemon.event import Event
from daemon.expressions.expression import Group
from daemon.internal import AGAIN, Alarm, AlarmOver, Check
from daemon.series.query import TooMuch
from daemon.series.rows import Row
from daemon.series.table import SLOT, Table
from daemon.store.base import Store
from daemon.store.standings import Kept
from daemon.thresholds import told
from daemon.thresholds.evaluator import Change, Evaluator
from daemon.thresholds.ledger import Accept, Ledger, labels_of
from daemon.thresholds.past import Past, Stored
from daemon.thresholds.standing import Phase, Standing
from daemon.thresholds.told import Beside
from daemon.thresholds.view import View
from daemon.thresholds.watched import Watched

log = logging.getLogger("tocsin.thresholds")

WAITING = 6  # slots that may wait; when more come, the oldest is not judged, which is no proof that nothing came
TOLD_WELL = 20  # alarms of one evaluation for which the store is asked what else is worth knowing
READ_AT_ONCE = 50  # comparisons whose past is read anew in one evaluation
STOP_WITHIN = 5.0
UNREADABLE = (StoreError, TooMuch)  # the past: no store, or more numbers in it than one answer may have
REMOVED, CHANGED = "the rule was removed", "the rule was changed and begins anew"
RESTS = "outside of its active hours"


class Keeper:
    """One greenlet that owns the evaluator; nobody else touches it but to read."""

    def __init__(
        self,
        store: Store,
        query: Stored,
        table: Table,
        clock: Clock,
        settings: Callable[[], Settings],
        accept: Accept,
        voice: tuple[Alarm, AlarmOver],
    ) -> None:
        """`store` is that of what is measured; `accept` hands events on, `voice` says what tocsin itself lacks."""
        self._clock = clock
        self._settings = settings
        self._alarm, self._alarm_over = voice
        self.query = query
        self._table = table
        self._past = Past(query)
        self._ledger = Ledger(store, accept)
        self._slots: deque[tuple[int, Sequence[Row], bool]] = deque()
        self._news = Signal()
        self._is_changed = False
        self._new: list[View] = []
        self._complained, self._complained_at = "", 0.0
        self._running: gevent.Greenlet[[], None] | None = None
        self.evaluator = Evaluator()

    def start(self) -> None:
        """Judge every slot from now on. Raises StoreError."""
        self.begin()
        self._table.on_closed(self.closed)
        self._running = gevent.spawn(self._run)

    def begin(self) -> None:
        """Take up what the process before left. Raises StoreError."""
        self.evaluator = Evaluator(self._ledger.heard())
        self._take_up()

    def stop(self) -> None:
        """Judge no more."""
        if self._running is not None:
            self._running.kill(timeout=STOP_WITHIN)

    def reload(self) -> None:
        """Follow the settings, before the next slot is judged."""
        self._is_changed = True
        self._news.set()

    def closed(self, start: int, rows: Sequence[Row]) -> None:
        """A slot is over; it is judged in its turn."""
        self._slots.append((start, rows, start != self._table.closing))
        if len(self._slots) > WAITING:
            self._slots.popleft()
            telemetry.rule_slots_missed.inc()
        self._news.set()

    def is_open(self, rule: Rule, at: float) -> bool:
        """Whether it judges at this instant."""
        intervals = self._settings().time_intervals
        return not rule.active or any(intervals[name].contains(at) for name in rule.active if name in intervals)

    def _run(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            try:
                if self._is_changed:
                    self._is_changed = False
                    self._follow()
                while self._slots:
                    start, rows, is_late = self._slots.popleft()
                    self.turn(start, rows, is_late=is_late)
            except Exception:  # the next slot is judged whatever came of this one
                log.exception("the rules could not be judged")

    def turn(self, start: int, rows: Sequence[Row], *, is_late: bool) -> None:
        """One slot: take it, judge, write down, tell. What came late belongs to one that was judged already."""
        if is_late:
            for _ in unhurried(self._clock, self.evaluator.late(start, rows), SHORT_TURN):
                pass
            return
        began = self._clock.monotonic()
        if self.evaluator.evaluated > self._clock.now() + 2 * SLOT:
            self._set_back(float(start))
        self._fill(float(start))
        at = float(start + SLOT)
        changes: list[Change] = []
        for _ in unhurried(self._clock, self.evaluator.take(start, rows), SHORT_TURN):
            pass
        if at > self.evaluator.evaluated:
            changes += self._rested(at)
            self._look_back(at)
            judged = unhurried(self._clock, self.evaluator.judge(start), SHORT_TURN)
            changes += [one for one in judged if one is not None]
        self._note(changes)
        self._ledger.tell()
        self._complain()
        telemetry.rule_seconds.observe(self._clock.monotonic() - began)

    def _take_up(self) -> None:
        """The rules of the settings, and how their groups stood; what is no more, or another rule now, is over."""
        rules = self._settings().rules
        self._new = self.evaluator.follow(rules.values(), self._clock.now())
        lost: list[tuple[Kept, Group, Standing]] = []
        for kept, group, standing in unhurried(self._clock, self._ledger.stood()):
            watched = self.evaluator.rules.get(kept.rule)
            if watched is not None and watched.rule.digest == kept.digest:
                watched.standings[group] = standing
            else:
                lost.append((kept, group, standing))
        self._end([(kept.rule, group, standing) for kept, group, standing in lost], rules)

    def _follow(self) -> None:
        """Go over to the rules of the settings."""
        rules, old = self._settings().rules, self.evaluator.rules
        fresh = set(map(id, self._new))
        new = self.evaluator.follow(rules.values(), self._clock.now())
        self._new = [view for view in self.evaluator.views if id(view) in fresh or view in new]
        self._end(
            [
                (name, group, one)
                for name, watched in old.items()
                if name not in rules or rules[name].digest != watched.rule.digest
                for group, one in watched.numbers()
                if one.phase is not Phase.OK
            ],
            rules,
        )
        self._ledger.tell()

    def _end(self, lost: Iterable[tuple[str, Group, Standing]], rules: Mapping[str, Rule]) -> None:
        """What these stood by is no more; none of them stands as it did under a rule of the same name."""
        gone, events, now = [], [], self._clock.now()
        for name, group, standing in unhurried(self._clock, lost):
            gone.append((name, labels_of(group)))
            if standing.phase.is_open:
                events.append(told.gone(name, group, now, CHANGED if name in rules else REMOVED))
        self._ledger.note([], gone, events, self.evaluator.heard)

    def _fill(self, end: float) -> None:
        """Windows that are new learn what came before; while the store cannot tell, they begin with this slot."""
        fresh, self._new = self._new, []
        for view in fresh:
            try:
                self._past.fill(view, end, self.evaluator.heard)
            except UNREADABLE as error:
                log.warning("%s: what came before cannot be read: %s", view.selector, error)
            self._clock.breathe()

    def _set_back(self, now: float) -> None:
        """The clock was set back: what is known of later is forgotten, and how groups stand stays."""
        old = self.evaluator
        old.heard.cut(now)
        self.evaluator = Evaluator(old.heard)
        self._new = self.evaluator.follow((one.rule for one in old.rules.values()), now)
        for name, watched in self.evaluator.rules.items():
            watched.standings = old.rules[name].standings

    def _rested(self, at: float) -> Iterator[Change]:
        """Rules outside of their hours: what they had open is over."""
        for watched in self.evaluator.rules.values():
            watched.rests = not self.is_open(watched.rule, at)
            if watched.rests:
                yield from self.evaluator.rest(watched, at, RESTS)

    def _look_back(self, at: float) -> None:
        """Read what there was a day or a week ago, where that is no longer good enough; some of them each time."""
        stale = [one for one in self.evaluator.rules.values() if one.rule.expr.versus and one.refer_by <= at]
        for watched in stale[:READ_AT_ONCE]:
            try:
                found, until = self._past.reference(watched.views, watched.rule.expr, at, self.evaluator.heard)
            except UNREADABLE as error:
                log.warning("%s: what was %s cannot be read: %s", watched.rule.name, watched.rule.expr.versus, error)
                continue
            watched.references, watched.refer_by = found, until

    def _note(self, changes: Sequence[Change]) -> None:
        events: list[Event] = []
        for number, change in enumerate(changes):
            events.append(self._event(change, in_full=number < TOLD_WELL))
        dirty = self.evaluator.dirty
        self.evaluator.dirty = []
        self._ledger.note(dirty, [], events, self.evaluator.heard)

    def _event(self, change: Change, *, in_full: bool) -> Event:
        watched, rule = change.watched, change.watched.rule
        zone = self._settings().texts.time_zone.info
        beside = Beside(unit=watched.views[0].unit, zone=zone)
        if change.turn == "ended":
            return told.ended(rule, change.group, change.standing, change.at, beside, change.why)
        if in_full and not rule.is_absence:
            beside = self._beside(watched, change.group, change.at, beside)
        return told.fired(rule, change.group, change.standing, beside)

    def _beside(self, watched: Watched, group: Group, at: float, beside: Beside) -> Beside:
        rule = watched.rule
        try:
            worst = None if rule.expr.by is None else self._past.worst(watched.views[0], rule, group, at)
            heard = self.evaluator.heard
            usual = None if rule.expr.versus else self._past.usual(watched.views, rule.expr, group, at, heard)
        except UNREADABLE as error:
            log.warning("%s: it is told without what the store knows: %s", rule.name, error)
            return beside
        return Beside(worst=worst, usual=usual, unit=beside.unit, zone=beside.zone)

    def _complain(self) -> None:
        """Rules that cannot do what was meant are an alarm of their own."""
        found = [f"{name}: {said}" for name, one in self.evaluator.rules.items() if (said := one.problem)]
        said, now = "\n".join(found[:TOLD_WELL]), self._clock.monotonic()
        if said == self._complained and not (said and now - self._complained_at >= AGAIN):
            return
        self._complained, self._complained_at = said, now
        if said:
            self._alarm(Check.RULE, title=f"{len(found)} threshold rules cannot be judged as they are meant", text=said)
        else:
            self._alarm_over(Check.RULE)
