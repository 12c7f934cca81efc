"""What Sentry SDKs sent: how much waits, how much was worked through, and what could not be."""

from daemon.methods.parts import Parts
from daemon.methods.table import Table
from daemon.sentry.status import SentryStatus


def add(table: Table, parts: Parts) -> None:
    """Add `sentry.status`."""

    @table.method("sentry.status", "read")
    def _status() -> SentryStatus:
        """Tell what waits of the reports of Sentry SDKs, what was worked through, and what was set aside."""
        return parts.sentry()
