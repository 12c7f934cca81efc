"""One look at consumer lag, whoever is asked for the offsets: recall, see, judge."""

from collections.abc import Callable

import msgspec

from daemon.aside import at_once, beside
from daemon.probes.computing import computing
from daemon.probes.lags.lag import Marks, Rules, recalled
from daemon.probes.lags.told import Sight, told
from daemon.probes.network.dial import Watch, measured
from daemon.reading import Health, Past, Reading

MANY = 500  # partitions; to judge ten thousand takes a tenth of a second


def looked(
    past: Past, rules: Rules, timeout: float, see: Callable[[Marks, Watch], Sight], unseen: Health = Health.DOWN
) -> Reading:
    """Look once within `timeout`; `see` raises Missed where nothing can be seen, which is `unseen`."""
    marks = beside(computing(), past.notes, lambda: recalled(past.notes, past.now))
    sights: list[Sight] = []

    def look(watch: Watch) -> str:
        sights.append(see(marks, watch))
        return ""

    reading = measured(timeout, look)
    if not sights:
        return msgspec.structs.replace(reading, health=unseen, values={})
    aside = computing() if len(sights[0].offsets) > MANY else at_once
    judged = aside(lambda: told(sights[0], marks, rules, past.now))
    return msgspec.structs.replace(judged, phases=reading.phases)
