"""What one transaction has decided and not written down yet, or knows without asking the store."""

from daemon.alert import Alert
from daemon.store import alerts, groups
from daemon.store.alerts import Step
from daemon.store.base import Tx
from daemon.store.groups import Group, Member, Told


class Draft:
    """A new alarm is told to its group in the transaction that takes it: one row of its trace tells both.

    A group that was made here has the one member that it was made for, as long as nothing else has happened to either.
    """

    def __init__(self) -> None:
        self._steps: dict[int, list[Step]] = {}
        self._made: dict[int, tuple[Group, Alert]] = {}

    def steps(self, alert_id: int) -> list[Step]:
        """What was decided about an alert; add to it what else is."""
        return self._steps.setdefault(alert_id, [])

    def made(self, group: Group, alert: Alert) -> None:
        """This group was made for this alert."""
        self._made[group.id] = group, alert

    def touch(self, group_id: int) -> None:
        """Somebody else is in this group, too."""
        self._made.pop(group_id, None)

    def forget(self) -> None:
        """Something happened to an alert that was there before, perhaps to one that a group was made for."""
        self._made.clear()

    def group(self, tx: Tx, group_id: int) -> Group | None:
        """Find a group."""
        known = self._made.get(group_id)
        return known[0] if known else groups.get(tx, group_id)

    def members(self, tx: Tx, group_id: int) -> list[Member]:
        """Find the members of a group."""
        known = self._made.get(group_id)
        return [Member(alert=known[1], leaving=False, muted="")] if known else groups.members(tx, group_id)

    def told(self, tx: Tx, group_id: int, *, of_ends: bool) -> Told | None:
        """Find what a group was told."""
        return None if group_id in self._made else groups.told(tx, group_id, of_ends=of_ends)

    def record(self, tx: Tx, alert_id: int, steps: list[Step], now: float) -> None:
        """Write into an alert's trace what was decided about it, these steps last."""
        alerts.record(tx, alert_id, [*self._steps.pop(alert_id, ()), *steps], now)

    def write(self, tx: Tx, now: float) -> None:
        """Write down what is left."""
        for alert_id, steps in self._steps.items():
            if steps:
                alerts.record(tx, alert_id, steps, now)
        self._steps.clear()
