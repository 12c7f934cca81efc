"""When something is expected again that comes at intervals, or at the instants of a cron line."""

import datetime as dt
import math
from dataclasses import dataclass

from daemon.calendars.cron import Firings


@dataclass(frozen=True)
class Pace:
    """How often. `firings` go before `every`."""

    every: float
    firings: Firings | None
    zone: dt.tzinfo

    def due(self, after: float, since: float) -> float | None:
        """The first instant after this one at which it is expected again, when it came last at `since`."""
        if self.firings is not None:
            return self.firings.after(after)
        number = max(1, math.floor((after - since) / self.every) + 1)
        return since + number * self.every
