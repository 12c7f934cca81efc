"""When tocsin raises alarms about itself."""

from dataclasses import dataclass, field

from daemon.config.keys import doc
from daemon.units import Bytes, Seconds


@dataclass(frozen=True, kw_only=True)
class SelfChecks:
    """When tocsin raises alarms about itself (source `tocsin`)."""

    window: Seconds = field(
        default=Seconds(3600.0), metadata=doc("one alarm per kind and window; it resolves after a quiet one", least=120)
    )
    hub_lag: Seconds = field(default=Seconds(0.25), metadata=doc("event-loop delay that is an alarm", least=0.01))
    disk_free: Bytes = field(
        default=Bytes(200 * 1024**2),
        metadata=doc("free space beside the store below which there is an alarm"),
    )
    disk_full_within: Seconds = field(
        default=Seconds(4 * 3600.0),
        metadata=doc("alarm when the disk will be full within this at the present rate; 0 for never"),
    )
    quarantine: int = field(
        default=100, metadata=doc("requests of known sources waiting in quarantine that are an alarm", least=1)
    )
    syslog: str = field(
        default="/dev/log",
        metadata=doc("socket of the system log, where alarms go that can be told in no other way; empty for none"),
    )
