"""What can be configured of silences and maintenance windows; they themselves are made while the daemon runs."""

from dataclasses import dataclass, field

from daemon.config.keys import doc
from daemon.units import Seconds


@dataclass(frozen=True, kw_only=True)
class Silences:
    """Silences and maintenance windows, which are made while the daemon runs."""

    warn_before: Seconds = field(
        default=Seconds(900.0),
        metadata=doc("how long before its end tocsin says of a silence that hid something that it ends; 0 for never"),
    )
    maintenance: Seconds = field(
        default=Seconds(3600.0), metadata=doc("how long a maintenance window is open that does not say", least=1)
    )
    longest_maintenance: Seconds = field(
        default=Seconds(86_400.0), metadata=doc("how long one may be open at most", least=1)
    )

    def __post_init__(self) -> None:
        """A window that does not say must be allowed."""
        if self.maintenance > self.longest_maintenance:
            raise ValueError("maintenance is longer than longest_maintenance; raise that too")
