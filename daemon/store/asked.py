"""Questions about groups that only an explanation asks."""

from daemon.store import groups
from daemon.store.base import Tx
from daemon.store.groups import Group


def find(tx: Tx, node: str, receiver: str, key: str) -> Group | None:
    """The group that an alert would join, if there is one already."""
    row = tx.one("SELECT id FROM groups WHERE node = ? AND receiver = ? AND key = ?", (node, receiver, key))
    return groups.get(tx, row[0]) if row else None


def has_muted(tx: Tx, group_id: int) -> bool:
    """Whether something in it was muted at its last flush."""
    return tx.one("SELECT 1 FROM members WHERE group_id = ? AND muted <> '' LIMIT 1", (group_id,)) is not None


def is_leaving(tx: Tx, group_id: int, alert_id: int) -> bool | None:
    """Whether a member is routed elsewhere by now; None for one that is no member any more."""
    row = tx.one("SELECT leaving FROM members WHERE group_id = ? AND alert_id = ?", (group_id, alert_id))
    return bool(row[0]) if row else None
