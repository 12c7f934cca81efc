"""What is done with each thing that is due, by its kind: groups are flushed, timers go off."""

from collections.abc import Callable, Mapping

import msgspec

from daemon.alerting import absence, acknowledge, escalate, expiry, flapping, storm, unheard
from daemon.alerting.flush import Flushed, flush
from daemon.alerting.rules import Rules
from daemon.store import groups, timers
from daemon.store.base import Tx
from daemon.store.timers import Kind, Timer

Act = Callable[[Tx, int, Rules, float], list[Flushed]]  # the row, the rules, now -> who was told of what


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, and when the next thing is due; None when nothing is."""

    flushed: list[Flushed]
    next_at: float | None = None


def _settled(tx: Tx, alert_id: int, rules: Rules, now: float) -> list[Flushed]:
    del rules
    flapping.settled(tx, alert_id, now)
    return []


def _digest(tx: Tx, storm_id: int, rules: Rules, now: float) -> list[Flushed]:
    digest = storm.digest(tx, storm_id, rules, now)
    if digest is None:
        return []
    about = digest.notice
    told = [(about.reason, about.alert.code)]
    return [Flushed(group="", receiver=about.receiver, told=told, unheard=digest.unheard)]


ACTS: Mapping[str, Act] = {
    Kind.EXPIRY: unheard.end,
    Kind.ACK: acknowledge.go_off,
    Kind.ESCALATION: escalate.go_off,
    Kind.FLAPPING: _settled,
    Kind.DIGEST: _digest,
    Kind.SILENCE: expiry.look,
    Kind.ABSENCE: absence.go_off,
}


def do_due(tx: Tx, rules: Rules, now: float, limit: int) -> Done:
    """Do what is due by now, at most `limit` groups and as many timers."""
    flushed = []
    for timer in timers.due(tx, now, limit):
        flushed += do_timer(tx, timer, rules, now).flushed
    for group_id in groups.due(tx, now, limit):
        flushed += do_group(tx, group_id, rules, now).flushed
    return Done(flushed=flushed, next_at=next_due(tx))


def next_due(tx: Tx) -> float | None:
    """The soonest instant at which there is something to do."""
    return min((at for at in (groups.next_due(tx), timers.next_due(tx)) if at is not None), default=None)


def do_group(tx: Tx, group_id: int, rules: Rules, now: float) -> Done:
    """Flush one group."""
    group = groups.get(tx, group_id)
    return Done(flushed=[flush(tx, group, rules, now)] if group else [])


def do_timer(tx: Tx, timer: Timer, rules: Rules, now: float) -> Done:
    """Let one timer go off; whoever acts on it sets the next one."""
    timers.drop(tx, timer.kind, timer.ref)
    act = ACTS.get(timer.kind)
    return Done(flushed=act(tx, timer.ref, rules, now) if act else [])
