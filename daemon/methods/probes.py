"""The probes: how each stands, and one look at once."""

from collections.abc import Sequence

from daemon.errors import MethodError
from daemon.methods.parts import Parts, ProbeStatus
from daemon.methods.table import NOT_FOUND, Table
from daemon.reading import Reading


def add(table: Table, parts: Parts) -> None:
    """Add `probes.*`."""

    @table.method("probes.list", "read")
    def _list() -> Sequence[ProbeStatus]:
        """List the probes with their verdicts and last readings."""
        return parts.scheduler.status()

    @table.method("probes.run", "act")
    def _run(name: str) -> Reading:
        """Look once, now, and tell what was seen; it does not count for the verdict."""
        if name not in {probe.name for probe in parts.scheduler.status()}:
            known = ", ".join(probe.name for probe in parts.scheduler.status()) or "none"
            raise MethodError(f"there is no probe {name[:100]!r}; there are: {known}", code=NOT_FOUND)
        return parts.scheduler.run(name)
