"""Everything that is due at an instant, done when it comes: the one greenlet that all timers of the store share."""

import logging
import threading
from collections.abc import Callable
from functools import partial

import gevent

from daemon import telemetry
from daemon.alerting import gather, report, setback
from daemon.alerting.due import Done, do_due, do_group, do_timer, next_due
from daemon.alerting.report import Nobody
from daemon.alerting.rules import Rules
from daemon.clock import JUMP, Clock
from daemon.errors import StoreError, StoreUnavailable
from daemon.store import alerts, groups, inhibitors, timers
from daemon.store.base import Store, Tx
from daemon.store.groups import AGENDA
from daemon.store.timers import Kind, Timer

log = logging.getLogger("tocsin.alerting")

AT_ONCE = 100  # groups, and timers, in one transaction: bounds how long an alarm that comes in meanwhile waits
OPEN_AT_ONCE = 200  # alerts that are gathered anew in one transaction
LONGEST_NAP = 30.0  # the wall clock may be set while we wait
A_BIT = 0.001  # that we wake late rather than early: what is due in a moment would need another round
TROUBLE = 5.0  # until what could not be done is tried again
PUT_OFF = 60.0  # until one thing that fails is tried again


# What a silence would do: nobody can be heard while tocsin is down.
WAITED_FOR = {
    Kind.EXPIRY: "%d alarms are given time to be heard of again before they are over",
    Kind.ABSENCE: "%d who are to give a sign of life are given time for it",
}


class Agenda:
    """Sleeps until something is due, has it done, and goes over to new rules. `rules` gives the current ones.

    `nobody` is told of alarms that were to be told and reach nobody.
    """

    def __init__(self, store: Store, clock: Clock, rules: Callable[[], Rules], nobody: Nobody) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._nobody = nobody
        self._wake = threading.Event()
        self._loop: gevent.Greenlet[[], None] | None = None
        self._stopping = False
        self._gathered_by: Rules | None = None
        self._listened = False  # since nobody could be heard

    def start(self) -> None:
        """Begin: what fell due while tocsin was down is done at once. Raises StoreUnavailable."""
        self._gather_anew(self._rules(), self._clock.now())  # before the first alarm comes in
        self._store.on(AGENDA, self._wake.set)
        self._loop = gevent.spawn(self._run)

    def reload(self) -> None:
        """The rules are others now."""
        self._wake.set()

    def stop(self) -> None:
        """Finish what is being done."""
        self._stopping = True
        self._wake.set()
        if self._loop is not None:
            self._loop.join()

    def _run(self) -> None:
        ahead = self._ahead()
        self._set_back(0.0)
        while not self._stopping:
            self._wake.clear()
            before, ahead = ahead, self._ahead()
            try:
                if before - ahead > JUMP:
                    self._set_back(before - ahead)
                elif ahead - before > JUMP:
                    self._listened = False
                nap = self._round()
            except StoreError as error:
                log.warning("what is due is put off: %s", error)
                nap = TROUBLE
            except Exception:  # a loop of the process's own: it must go on
                log.exception("the agenda stumbled and goes on")
                nap = self._one_by_one()
            if not self._stopping:
                self._clock.wait(self._wake, nap)

    def _round(self) -> float:
        """Do what is due; return for how long nothing will be."""
        rules, now = self._rules(), self._clock.now()
        self._listen_first(rules, now)
        self._gather_anew(rules, now)
        next_at = self._store.read(next_due)
        if next_at is not None and next_at <= now:
            done = self._store.write(lambda tx: do_due(tx, rules, now, AT_ONCE))
            self._report(done)
            next_at = done.next_at
        return LONGEST_NAP if next_at is None else max(0.0, min(next_at - now + A_BIT, LONGEST_NAP))

    def _one_by_one(self) -> float:
        """Something that is due cannot be done: do the others, and put it off."""
        rules, now = self._rules(), self._clock.now()
        try:
            waiting = self._store.read(lambda tx: (groups.due(tx, now, AT_ONCE), timers.due(tx, now, AT_ONCE)))
            for group_id in waiting[0]:
                flush = partial(_do_group, group_id, rules, now)
                self._alone(f"the group G{group_id}", flush, partial(_group_later, group_id, now))
            for timer in waiting[1]:
                act = partial(_do_timer, timer, rules, now)
                self._alone(f"the timer {timer.kind} {timer.ref}", act, partial(_timer_later, timer, now))
        except StoreError as error:
            log.warning("what is due is put off: %s", error)
        return TROUBLE

    def _alone(self, what: str, do: Callable[[Tx], Done], put_off: Callable[[Tx], object]) -> None:
        try:
            self._report(self._store.write(do))
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("%s is put off for %g s", what, PUT_OFF)
            telemetry.put_off.inc()
            self._store.write(put_off)

    def _gather_anew(self, rules: Rules, now: float) -> None:
        """Other routes or inhibitions are in force than those by which open alerts were gathered: do it again."""
        if rules is self._gathered_by:
            return
        if not self._store.read(lambda tx: gather.are_current(tx, rules)):
            last, count = 0, 0
            while part := self._store.write(partial(_gathered_anew, rules, last, now)):
                last, count = part[-1], count + len(part)
            self._store.write(partial(_all_gathered, rules))
            log.info("%d open alerts were gathered by the new rules", count)
        self._gathered_by = rules

    def _report(self, done: Done) -> None:
        for one in done.flushed:
            report.flushed(one, self._nobody)

    def _ahead(self) -> float:
        return self._clock.now() - self._clock.monotonic()

    def _listen_first(self, rules: Rules, now: float) -> None:
        """Nobody could be heard for some time, or the clock was set forward: that is no sign of any alarm's end.

        Whoever still has it says so again within the time that an alarm without an end is given.
        """
        if self._listened:
            return
        until = now + rules.settings.resolve_timeout
        for kind, what in WAITED_FOR.items():
            if self._store.read(partial(timers.any_before, kind=kind, until=until)):
                log.info(what, self._store.write(partial(timers.put_off, kind=kind, until=until)))
        self._listened = True

    def _set_back(self, back: float) -> None:
        """If the wall clock went back: what was to be repeated in an hour must not wait for an hour and that."""
        rules, now = self._rules(), self._clock.now()
        try:
            moved = self._store.write(lambda tx: setback.set_back(tx, rules, now, back))
        except StoreError as error:
            log.warning("due times of groups could not be moved with the clock: %s", error)
            return
        if moved:
            log.warning("the clock stands before %d groups were flushed; they are moved with it", moved)


def _do_group(group_id: int, rules: Rules, now: float, tx: Tx) -> Done:
    return do_group(tx, group_id, rules, now)


def _do_timer(timer: Timer, rules: Rules, now: float, tx: Tx) -> Done:
    return do_timer(tx, timer, rules, now)


def _group_later(group_id: int, now: float, tx: Tx) -> None:
    groups.put_off(tx, group_id, now + PUT_OFF)


def _timer_later(timer: Timer, now: float, tx: Tx) -> None:
    timers.put(tx, timer.kind, timer.ref, now + PUT_OFF)


def _gathered_anew(rules: Rules, after: int, now: float, tx: Tx) -> list[int]:
    found = alerts.all_open(tx, after, OPEN_AT_ONCE)
    for alert in found:
        gather.regathered(tx, alert, rules, now)
    return [alert.id for alert in found]


def _all_gathered(rules: Rules, tx: Tx) -> None:
    inhibitors.keep_only(tx, rules.inhibition.keys)
    gather.note_current(tx, rules)
