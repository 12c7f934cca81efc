"""Beginnings that were never delivered, folded away together with their ends."""

from daemon.notice import Delivery, Phase, Reason
from daemon.store.base import Tx

MOST_TIMES = 200  # of a story's notices that are looked at
OVER = "it was over before it could be told"

# What may have reached somebody: whatever was sent, is being sent, or was tried with an unknown end.
_ARRIVED = f"(d.phase IN ('{Phase.SENT}', '{Phase.DELIVERED}', '{Phase.SENDING}') OR d.interrupted > 0)"
# As `Notice.ends_all`: one about something that flaps may name nothing that fires while the rest of the group does.
_ENDS_ALL = f"e.firing = 0 AND e.reason = '{Reason.ALL_RESOLVED}'"
_OF_CHAIN = "FROM deliveries d JOIN notices n ON n.id = d.notice_id WHERE n.group_id = ? AND d.chain = ?"


def fold(tx: Tx, group_id: int, chain: str, end: int, now: float) -> bool:
    """All of a group is over, as the notice `end` says: fold away what still waits to tell this recipient of it.

    True when nothing of it can have arrived, so that there is no end to tell either. A recipient to whom nothing at all
    was put, because of a change of the configuration, is told the end: better a riddle than a worry.
    """
    since = _since(tx, group_id, end)
    told, arrived = tx.one(
        f"SELECT count(*), coalesce(sum({_ARRIVED}), 0) {_OF_CHAIN} AND n.id > ? AND n.id < ?",
        (group_id, chain, since, end),
    ) or (0, 0)
    if not told or arrived or _told_elsewhere(tx, group_id, chain, end):
        return False
    _fold(tx, group_id, chain, since, end, now)
    return True


def overtaken(tx: Tx, delivery: Delivery, now: float) -> bool:
    """Telling a beginning has failed for now: does its end wait behind it already? Then both are folded away."""
    row = tx.one(
        "SELECT n.group_id, e.id FROM notices n JOIN notices e ON e.group_id = n.group_id AND e.id > n.id"
        f" AND {_ENDS_ALL} JOIN deliveries d ON d.notice_id = e.id AND d.chain = ? AND d.phase = 'waiting'"
        " AND d.interrupted = 0 WHERE n.id = ? AND n.firing > 0 ORDER BY e.id LIMIT 1",
        (delivery.chain, delivery.notice_id),
    )
    if row is None:
        return False
    group_id, end = row
    since = _since(tx, group_id, end)
    arrived = tx.one(
        f"SELECT 1 {_OF_CHAIN} AND n.id > ? AND n.id < ? AND {_ARRIVED}", (group_id, delivery.chain, since, end)
    )
    if arrived is not None or _told_elsewhere(tx, group_id, delivery.chain, end):
        return False
    _fold(tx, group_id, delivery.chain, since, end, now)
    return True


def told_at(tx: Tx, group_id: int, end: int) -> list[float]:
    """When this story of a group was told, as far as its last notices say, before the notice `end`; newest first."""
    since = _since(tx, group_id, end)
    rows = tx.all(
        "SELECT at FROM notices WHERE group_id = ? AND id > ? AND id < ? ORDER BY id DESC LIMIT ?",
        (group_id, since, end, MOST_TIMES),
    )
    return [row[0] for row in rows]


def _since(tx: Tx, group_id: int, end: int) -> int:
    """The notice before this story of the group: the last one that told an end of everything."""
    row = tx.one(f"SELECT max(e.id) FROM notices e WHERE e.group_id = ? AND {_ENDS_ALL} AND e.id < ?", (group_id, end))
    return (row[0] if row else None) or 0


def _told_elsewhere(tx: Tx, group_id: int, chain: str, end: int) -> bool:
    """Whether a digest, or a group that gathered these alerts before, has told of them, or will and cannot end it."""
    row = tx.one(
        "SELECT 1 FROM notice_alerts e JOIN notice_alerts a ON a.alert_id = e.alert_id AND a.notice_id < e.notice_id"
        " JOIN notices n ON n.id = a.notice_id AND n.group_id IS NOT ? AND n.firing > 0"
        " JOIN deliveries d ON d.notice_id = n.id AND d.chain = ?"
        f" WHERE e.notice_id = ? AND ({_ARRIVED} OR d.phase = 'waiting' AND NOT EXISTS"
        "  (SELECT 1 FROM members m WHERE m.group_id = n.group_id AND m.alert_id = a.alert_id)) LIMIT 1",
        (group_id, chain, end),
    )
    return row is not None


def _fold(tx: Tx, group_id: int, chain: str, since: int, end: int, now: float) -> None:
    tx.run(
        "UPDATE deliveries SET phase = ?, settled_at = ?, reason = ? WHERE phase = 'waiting' AND id IN"
        f" (SELECT d.id {_OF_CHAIN} AND n.id > ? AND n.id <= ?)",
        (Phase.FOLDED.value, now, OVER, group_id, chain, since, end),
    )
