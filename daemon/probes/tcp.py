"""Does something accept connections on this port?"""

from dataclasses import dataclass, field
from typing import ClassVar

from daemon.probes.base import Probe, Reading, probe
from daemon.probes.dial import Watch, dialled, measured

HIGHEST_PORT = 65_535


@probe("tcp")
@dataclass(frozen=True, kw_only=True)
class Tcp(Probe):
    """Connect and hang up; refused, unreachable, too slow and a name that does not resolve all read as down."""

    FOR_OTHERS: ClassVar[bool] = True

    host: str = field(metadata={"doc": "host name or address; an IPv6 address with or without brackets"})
    port: int = field(metadata={"doc": "port number", "least": 1, "most": HIGHEST_PORT})

    def __post_init__(self) -> None:
        """Refuse what can never be looked at."""
        if not self.host.strip("[] "):
            raise ValueError("host is empty: write a name or an address")
        if not 1 <= self.port <= HIGHEST_PORT:
            raise ValueError(f"port {self.port} is not between 1 and {HIGHEST_PORT}")

    def look(self) -> Reading:
        """Connect once."""
        return measured(self.timeout, self._look)

    def target(self) -> str:
        """Host and port."""
        host = self.host.strip("[]")
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def _look(self, watch: Watch) -> str:
        with dialled(self.host.strip("[]"), self.port, watch) as sock:
            return f"connected to {sock.getpeername()[0]}"
