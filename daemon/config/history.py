"""How long is kept what probes saw, and how much of it."""

from dataclasses import dataclass, field

from daemon.config.keys import doc
from daemon.units import Seconds

_DAY = 86_400.0


@dataclass(frozen=True, kw_only=True)
class History:
    """How long is kept what probes saw. Each tier needs the one above it to be made of."""

    readings: Seconds = field(
        default=Seconds(3_600.0), metadata=doc("every single reading, with its phases", least=600, most=31 * _DAY)
    )
    minutes: Seconds = field(
        default=Seconds(1.5 * _DAY), metadata=doc("how many looks each minute had, and how long they took", least=7_200)
    )
    hours: Seconds = field(default=Seconds(62 * _DAY), metadata=doc("the same by hours", least=3 * _DAY))
    days: Seconds = field(
        default=Seconds(800 * _DAY),
        metadata=doc("the same by days, incidents, and from when to when each probe was up or down", least=32 * _DAY),
    )
    failures: int = field(
        default=50, metadata=doc("failures of each probe kept with their whole story", least=1, most=1_000)
    )
