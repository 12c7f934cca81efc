"""One look at consumer lag, whoever is asked for the offsets: recall, see, judge."""

from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from daemon.aside import at_once, beside
from daemon.probes.base import Health, Past, Probe, Reading
from daemon.probes.computing import computing
from daemon.probes.lags.lag import Marks, Rules, recalled
from daemon.probes.lags.told import Sight, told
from daemon.probes.network.dial import Watch, measured
from daemon.units import Seconds

MANY = 500  # partitions; to judge ten thousand takes a tenth of a second


@dataclass(frozen=True, kw_only=True)
class Lagging(Probe):
    """A way to look at consumer lag, and to judge it by what earlier looks saw."""

    RULES: ClassVar = {"shape": ("judge", False)}
    UNSEEN: ClassVar[Health] = Health.DOWN  # what it means that nothing can be seen
    # Another tocsin does not remember what we saw: to its eyes everything would be well, each time anew.
    FOR_OTHERS: ClassVar[bool] = False

    window: Seconds = field(
        default=Seconds(600.0),
        metadata={"doc": "how long a group must stand still, or its lag must only grow, before it counts", "least": 1},
    )
    tolerate: int = field(
        default=0,
        metadata={
            "doc": "messages of lag in a partition that count as none: 1 where producers use transactions, whose marks"
            " nobody reads",
            "least": 0,
        },
    )
    judge: bool = field(
        default=True,
        metadata={
            "doc": "whether its shape calls a group down or degraded; not where a condition in `down` is about `shape`"
        },
    )

    def look_on(self, past: Past) -> Reading:
        """Look once, and judge by what earlier looks saw."""
        marks = beside(computing(), past.notes, lambda: recalled(past.notes, past.now))
        sights: list[Sight] = []

        def look(watch: Watch) -> str:
            sights.append(self.see(marks, watch))
            return ""

        reading = measured(self.timeout, look)
        if not sights:
            return msgspec.structs.replace(reading, health=self.UNSEEN, values={})
        aside = computing() if len(sights[0].offsets) > MANY else at_once
        judged = aside(lambda: told(sights[0], marks, self.rules(), past.now))
        return msgspec.structs.replace(judged, phases=reading.phases)

    def see(self, marks: Marks, watch: Watch) -> Sight:
        """Ask for the offsets. Raises Missed where nothing can be seen."""
        raise NotImplementedError

    def rules(self) -> Rules:
        """How to judge."""
        return Rules(window=self.window, tolerate=self.tolerate, judge=self.judge)
