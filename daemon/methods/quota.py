"""How much of their quotas the channels have used."""

from daemon.delivery import outlook
from daemon.delivery.outlook import QuotaLine
from daemon.methods.parts import Parts
from daemon.methods.table import Table


def add(table: Table, parts: Parts) -> None:
    """Add `quota.list`."""

    @table.method("quota.list", "read")
    def _list() -> list[QuotaLine]:
        """List the quotas of the channels: what is used and reserved, and when it will be gone at this rate.

        A quota that counts each recipient shows the fullest ten.
        """
        settings, now = parts.settings(), parts.clock.now()
        return parts.store.read(lambda tx: outlook.standing(tx, settings, now))
