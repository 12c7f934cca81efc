"""Rows that wait for an instant that they do not have, or for one that is long past: what the auditor asks about."""

from typing import NamedTuple

import msgspec

from daemon.event import Severity, State
from daemon.store import groups
from daemon.store.base import Tx
from daemon.store.escalations import Ladder
from daemon.store.escalations import get as get_ladder
from daemon.store.groups import Group
from daemon.store.timers import Kind

_firing = msgspec.json.Decoder(dict[str, Severity]).decode


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """One alert in a group, as far as it decides whether the group needs an instant."""

    alert_id: int
    state: State
    leaving: bool
    is_muted: bool
    is_told: bool  # by every kind of leg that was told anything
    is_acked: bool


class Resting(msgspec.Struct, frozen=True, kw_only=True):
    """A group without an instant, and its members."""

    group: Group
    members: list[Membership]


class Late(NamedTuple):
    """Something that was due: a group or a kind of timer, its id, and when."""

    what: str
    ref: int
    at: float


GROUP = "group"


def resting(tx: Tx, limit: int) -> list[Resting]:
    """Groups that have members and no instant."""
    rows = tx.all(
        "SELECT id FROM groups WHERE next_at IS NULL AND EXISTS (SELECT 1 FROM members WHERE group_id = groups.id)"
        " ORDER BY id LIMIT ?",
        (limit,),
    )
    found = [groups.get(tx, group_id) for (group_id,) in rows]
    return [Resting(group=group, members=_members(tx, group)) for group in found if group is not None]


def outside(tx: Tx, limit: int) -> list[int]:
    """Open alerts that no group tells of."""
    rows = tx.all(
        "SELECT id FROM alerts WHERE state = 'firing'"
        " AND NOT EXISTS (SELECT 1 FROM members WHERE alert_id = alerts.id AND leaving = 0) ORDER BY id LIMIT ?",
        (limit,),
    )
    return [row[0] for row in rows]


def late(tx: Tx, before: float, limit: int) -> list[Late]:
    """What was due before then and is still to be done."""
    due = tx.all("SELECT id, next_at FROM groups WHERE next_at < ? ORDER BY next_at LIMIT ?", (before, limit))
    timers = tx.all("SELECT kind, ref, at FROM timers WHERE at < ? ORDER BY at LIMIT ?", (before, limit))
    return [*(Late(GROUP, ref, at) for ref, at in due), *(Late(kind, ref, at) for kind, ref, at in timers)]


def unset_acks(tx: Tx, limit: int) -> list[int]:
    """Alerts whose acknowledgement has no timer, or one that goes off after its end."""
    rows = tx.all(
        "SELECT a.alert_id FROM acks a LEFT JOIN timers t ON t.kind = ? AND t.ref = a.alert_id"
        " WHERE t.at IS NULL OR t.at > a.until ORDER BY a.alert_id LIMIT ?",
        (Kind.ACK.value, limit),
    )
    return [row[0] for row in rows]


def acks_of_ended(tx: Tx, limit: int) -> list[int]:
    """Alerts that are over and still acknowledged."""
    rows = tx.all(
        "SELECT a.alert_id FROM acks a JOIN alerts ON alerts.id = a.alert_id WHERE alerts.state <> 'firing' LIMIT ?",
        (limit,),
    )
    return [row[0] for row in rows]


def stuck_ladders(tx: Tx, now: float, limit: int) -> list[Ladder]:
    """Escalations of open alerts with a step to come, which nobody holds, and no instant or one that is too far away.

    No step is further away than the time that it comes after.
    """
    rows = tx.all(
        "SELECT e.id FROM escalations e JOIN alerts ON alerts.id = e.alert_id"
        " LEFT JOIN timers t ON t.kind = ? AND t.ref = e.id"
        " WHERE e.state = 'running' AND alerts.state = 'firing' AND e.since IS NOT NULL"
        " AND e.step < json_array_length(e.steps) AND NOT EXISTS (SELECT 1 FROM acks WHERE alert_id = e.alert_id)"
        " AND (e.next_at IS NULL OR t.at IS NULL"
        "  OR t.at > ? + json_extract(e.steps, '$[' || e.step || '].after')) ORDER BY e.id LIMIT ?",
        (Kind.ESCALATION.value, now, limit),
    )
    found = [get_ladder(tx, ladder_id) for (ladder_id,) in rows]
    return [ladder for ladder in found if ladder is not None]


def ladders_of_ended(tx: Tx, limit: int) -> list[int]:
    """Alerts that are over and still escalate."""
    rows = tx.all(
        "SELECT DISTINCT e.alert_id FROM escalations e JOIN alerts ON alerts.id = e.alert_id"
        " WHERE e.state = 'running' AND alerts.state <> 'firing' LIMIT ?",
        (limit,),
    )
    return [row[0] for row in rows]


def uncounted(tx: Tx, limit: int) -> list[tuple[int, int]]:
    """Escalations that wait for the first telling of an alert that their group has told: the alert, the group."""
    rows = tx.all(
        "SELECT e.alert_id, e.group_id, alerts.fingerprint FROM escalations e JOIN alerts ON alerts.id = e.alert_id"
        " JOIN groups g ON g.id = e.group_id JOIN members m ON m.group_id = g.id AND m.alert_id = e.alert_id"
        " WHERE e.since IS NULL AND e.state = 'running' AND alerts.state = 'firing' AND m.muted = '' AND m.leaving = 0"
        " AND g.flushed_at > alerts.first_seen ORDER BY e.alert_id LIMIT ?",
        (limit,),
    )
    return [(alert_id, group_id) for alert_id, group_id, name in rows if name in _told(tx, group_id)]


def stray_timers(tx: Tx, limit: int) -> list[tuple[str, int]]:
    """Timers of acknowledgements and escalations that are not there, or need none."""
    rows = tx.all(
        "SELECT kind, ref FROM timers WHERE kind = ? AND ref NOT IN (SELECT alert_id FROM acks)"
        " UNION ALL SELECT kind, ref FROM timers WHERE kind = ?"
        "  AND ref NOT IN (SELECT id FROM escalations WHERE next_at IS NOT NULL) LIMIT ?",
        (Kind.ACK.value, Kind.ESCALATION.value, limit),
    )
    return [(kind, ref) for kind, ref in rows]


def _members(tx: Tx, group: Group) -> list[Membership]:
    told = _told(tx, group.id)
    rows = tx.all(
        "SELECT a.id, a.state, m.leaving, m.muted <> '', a.fingerprint, k.alert_id IS NOT NULL FROM members m"
        " JOIN alerts a ON a.id = m.alert_id LEFT JOIN acks k ON k.alert_id = a.id WHERE m.group_id = ? ORDER BY a.id",
        (group.id,),
    )
    return [
        Membership(
            alert_id=alert_id,
            state=State(state),
            leaving=bool(leaving),
            is_muted=bool(muted),
            is_told=fingerprint in told,
            is_acked=bool(acked),
        )
        for alert_id, state, leaving, muted, fingerprint, acked in rows
    ]


def _told(tx: Tx, group_id: int) -> set[str]:
    """What every kind of leg that was told anything knows to fire."""
    known = [set(_firing(row[0])) for row in tx.all("SELECT firing FROM told WHERE group_id = ?", (group_id,))]
    return set.intersection(*known) if known else set()
