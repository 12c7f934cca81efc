"""Which groups tell of an alert now: those that it is in and is not about to leave."""

from daemon.store import groups
from daemon.store.base import Tx
from daemon.store.groups import Group


def staying(tx: Tx, alert_id: int) -> list[Group]:
    """The groups of an alert, oldest first; where it only leaves, nothing but its end is told."""
    rows = tx.all("SELECT group_id FROM members WHERE alert_id = ? AND leaving = 0", (alert_id,))
    here = {group_id for (group_id,) in rows}
    return [group for group in groups.of_alert(tx, alert_id) if group.id in here]
