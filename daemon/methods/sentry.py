"""What Sentry SDKs sent: how much waits, how much was worked through, and what could not be."""

import msgspec

from daemon.methods.parts import Parts
from daemon.methods.table import Table
from daemon.sentry.status import SentryStatus


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many are worked through again."""

    reports: int


def add(table: Table, parts: Parts) -> None:
    """Add `sentry.*`."""

    @table.method("sentry.status", "read")
    def _status() -> SentryStatus:
        """Tell what waits of the reports of Sentry SDKs, what was worked through, and what was set aside."""
        return parts.sentry()

    @table.method("sentry.replay", "act")
    def _replay() -> Replayed:
        """Let the reports that were set aside be worked through again, those whose bodies are still there.

        What cannot be read still is set aside again. An error that was counted within the hour is not counted twice.
        """
        return Replayed(reports=parts.sentry_again())
