"""Maintenance windows, which deployments open and close."""

from daemon.alerting import maintenance
from daemon.alerting.maintenance import Window
from daemon.methods import hushing
from daemon.methods.hushing import Made, SilenceLine, asked
from daemon.methods.parts import Parts
from daemon.methods.table import Caller, Table
from daemon.store import silences
from daemon.store.base import Tx
from daemon.store.silences import Kind

MOST = 1_000  # windows listed


def add(table: Table, parts: Parts) -> None:
    """Add `maintenance.*`."""

    @table.method("maintenance.list", "read")
    def _list(over: bool = False) -> list[SilenceLine]:
        """List the maintenance windows that are open, newest first; with `over` also those that were closed."""
        now = parts.clock.now()

        def work(tx: Tx) -> list[SilenceLine]:
            rows = silences.newest(tx, MOST, over_by=0.0 if over else now, kind=Kind.MAINTENANCE)
            return [hushing.line(tx, silence, now) for silence in rows]

        return parts.store.read(work)

    _add_opening(table, parts)
    _add_closing(table, parts)


def _add_opening(table: Table, parts: Parts) -> None:
    @table.method("maintenance.open", "act")
    def _open(
        caller: Caller,
        name: str,
        matchers: list[str] = [],  # noqa: B006 - never written to
        duration: str = "",
        author: str = "",
        comment: str = "",
    ) -> Made:
        """Open a maintenance window: while it is open, nothing that its matchers match is told.

        One of this name that is open already stays open for as long from now, with its matchers where none are given.
        It closes by itself after `duration` (`silences.maintenance` where none is given), which is at most
        `silences.longest_maintenance`.
        """
        now = parts.clock.now()
        ends_at = hushing.ends("", duration, now, "maintenance.open")
        window = Window(
            name=name,
            matchers=matchers,
            duration=None if ends_at is None else ends_at - now,
            author=hushing.author(author, caller),
            comment=comment,
        )
        limits = parts.settings().silences
        return parts.store.write(asked(lambda tx: hushing.made(tx, maintenance.opened(tx, window, limits, now), now)))


def _add_closing(table: Table, parts: Parts) -> None:
    @table.method("maintenance.close", "act")
    def _close(caller: Caller, name: str) -> SilenceLine:
        """Close a maintenance window; what it hid and still fires is told at the next tick of its group."""
        now = parts.clock.now()
        return parts.store.write(
            asked(lambda tx: hushing.line(tx, maintenance.closed(tx, name, caller.name, now), now))
        )
