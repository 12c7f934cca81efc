"""When an alarm that comes and goes is told."""

from dataclasses import dataclass, field

from daemon.config.keys import doc
from daemon.units import Seconds


@dataclass(frozen=True, kw_only=True)
class Flapping:
    """When an alarm comes and goes: that is told once, then nothing more of it until it has settled."""

    changes: int = field(
        default=6, metadata=doc("beginnings and ends within that time that make it flap; 0 is never", most=1_000)
    )
    within: Seconds = field(default=Seconds(600.0), metadata=doc("the time in which they are counted", least=1))
    settle: Seconds = field(
        default=Seconds(600.0),
        metadata=doc("without a change for so long it has settled; every further change makes that longer", least=1),
    )
    at_most: Seconds = field(default=Seconds(3_600.0), metadata=doc("the longest that this becomes", least=1))
