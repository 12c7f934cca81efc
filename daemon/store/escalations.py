"""Escalations: the steps of one alert for one receiver, as they were when it started, and how far they have come."""

from collections.abc import Collection, Sequence
from enum import StrEnum

import msgspec

from daemon.config.audience import Escalation
from daemon.store import timers
from daemon.store.base import Row, Tx
from daemon.store.timers import Kind

_COLUMNS = "e.id, e.alert_id, e.group_id, e.receiver, e.steps, e.state, e.step, e.since, e.next_at, e.muted"
_SELECT = f"SELECT {_COLUMNS} FROM escalations e"
# Its alert is not told by the group that it was begun for: a new configuration gathers it in another one.
_ASTRAY = (
    "NOT EXISTS (SELECT 1 FROM members m WHERE m.group_id = e.group_id AND m.alert_id = e.alert_id AND m.leaving = 0)"
)
# Said, because without statistics another one looks as good, which holds all that run.
_BY_UNTOLD = "INDEXED BY escalations_untold"

_encode = msgspec.json.Encoder().encode
_steps = msgspec.json.Decoder(tuple[Escalation, ...]).decode


class Stage(StrEnum):
    """How an escalation stands."""

    RUNNING = "running"
    OVER = "over"  # its alert is over; whoever was told is still to hear of that
    CLOSED = "closed"  # nothing is left to be done


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """One alert's escalation for one receiver. Times are seconds since the epoch."""

    id: int = 0
    alert_id: int
    group_id: int | None  # whose telling of the alert begins it; None when it is gone
    receiver: str
    steps: tuple[Escalation, ...]  # as they stood when the alert started
    state: Stage = Stage.RUNNING
    step: int = 0  # how many have been told
    since: float | None = None  # from when nobody has taken it on; None before its alert was told
    next_at: float | None = None
    muted: str = ""  # why the next step is put off

    @property
    def is_done(self) -> bool:
        """Whether every step has been told."""
        return self.step >= len(self.steps)


def add(tx: Tx, alert_id: int, group_id: int, receiver: str, steps: Sequence[Escalation]) -> int:
    """Begin one; return its id."""
    return tx.insert(
        "INSERT INTO escalations (alert_id, group_id, receiver, steps) VALUES (?, ?, ?, ?)",
        (alert_id, group_id, receiver, _encode(steps).decode()),
    )


def put(tx: Tx, ladder: Ladder) -> None:
    """Write down how it stands, and set its timer or take that away."""
    tx.run(
        "UPDATE escalations SET group_id = ?, state = ?, step = ?, since = ?, next_at = ?, muted = ? WHERE id = ?",
        (
            ladder.group_id,
            ladder.state.value,
            ladder.step,
            ladder.since,
            ladder.next_at,
            ladder.muted,
            ladder.id,
        ),
    )
    if ladder.next_at is None:
        timers.drop(tx, Kind.ESCALATION, ladder.id)
    else:
        timers.put(tx, Kind.ESCALATION, ladder.id, ladder.next_at)


def get(tx: Tx, ladder_id: int) -> Ladder | None:
    """Find one."""
    row = tx.one(f"{_SELECT} WHERE e.id = ?", (ladder_id,))
    return _ladder(row) if row else None


def of_alert(tx: Tx, alert_id: int) -> list[Ladder]:
    """All of an alert, oldest first."""
    return [_ladder(row) for row in tx.all(f"{_SELECT} WHERE e.alert_id = ? ORDER BY e.id", (alert_id,))]


def running(tx: Tx, alert_id: int) -> list[Ladder]:
    """Those of an alert that go on."""
    rows = tx.all(f"{_SELECT} WHERE e.alert_id = ? AND e.state = 'running' ORDER BY e.id", (alert_id,))
    return [_ladder(row) for row in rows]


def untold(tx: Tx, group_id: int) -> list[Ladder]:
    """Those of a group's members that wait for their alert to be told, by this group or by nobody else."""
    if tx.one(f"SELECT 1 FROM escalations {_BY_UNTOLD} WHERE since IS NULL AND state = 'running' LIMIT 1") is None:
        return []  # mostly; and a group may have thousands of members
    rows = tx.all(
        f"{_SELECT} {_BY_UNTOLD} WHERE e.since IS NULL AND e.state = 'running'"
        " AND e.alert_id IN (SELECT alert_id FROM members WHERE group_id = ?)"
        f" AND (e.group_id = ? OR {_ASTRAY}) ORDER BY e.id",
        (group_id, group_id),
    )
    return [_ladder(row) for row in rows]


def due_with(tx: Tx, ladder: Ladder, now: float) -> list[Ladder]:
    """This one and those of its group that are to be told the same step by now."""
    rows = tx.all(
        f"{_SELECT} WHERE (e.id = ? OR e.group_id = ?) AND e.next_at <= ? AND e.receiver = ? AND e.step = ?"
        " AND e.state = 'running' ORDER BY e.id",
        (ladder.id, ladder.group_id, now, ladder.receiver, ladder.step),
    )
    return [one for one in map(_ladder, rows) if one.steps == ladder.steps]


def over(tx: Tx, group_id: int, fingerprints: Collection[str]) -> list[Ladder]:
    """Those of ended alerts of these problems whose end is to be told by this group, or by no other.

    A problem that came back before its end was told has had several alerts.
    """
    if tx.one("SELECT 1 FROM escalations INDEXED BY escalations_over WHERE state = 'over' LIMIT 1") is None:
        return []  # mostly; and a problem may have had thousands of alerts
    rows = tx.all(
        # CROSS: in this order, from the problems to their alerts.
        f"SELECT {_COLUMNS} FROM json_each(?) p CROSS JOIN alerts a ON a.fingerprint = p.value"
        " CROSS JOIN escalations e ON e.alert_id = a.id"
        f" WHERE e.state = 'over' AND (e.group_id = ? OR {_ASTRAY}) ORDER BY e.id",
        (_encode(list(fingerprints)).decode(), group_id),
    )
    return [_ladder(row) for row in rows]


def nearer(tx: Tx, by: float, now: float) -> None:
    """Tell the steps to come so much sooner: the clock was set back by as much."""
    timers.nearer(tx, Kind.ESCALATION, by, now)
    tx.run(
        "UPDATE escalations SET since = since - ?, next_at = max(?, next_at - ?)"
        " WHERE state = 'running' AND next_at > ?",
        (by, now, by, now),
    )


def close_old(tx: Tx, before: float) -> int:
    """Close those of alerts that ended before then: their end was muted, so that nobody tells it. Says how many."""
    return tx.run(
        "UPDATE escalations SET state = 'closed' WHERE state = 'over'"
        " AND EXISTS (SELECT 1 FROM alerts WHERE id = escalations.alert_id AND ended_at < ?)",
        (before,),
    )


def _ladder(row: Row) -> Ladder:
    ladder_id, alert_id, group_id, receiver, steps, state, step, since, next_at, muted = row
    return Ladder(
        id=ladder_id,
        alert_id=alert_id,
        group_id=group_id,
        receiver=receiver,
        steps=_steps(steps),
        state=Stage(state),
        step=step,
        since=since,
        next_at=next_at,
        muted=muted,
    )
