"""From the clock on the wall to instants and back, also on the nights when that clock is changed.

A time that the clock shows twice is the first of the two. One that it jumps over is the moment of the jump: so a
later time on the wall is never an earlier instant, and shifts that meet on the wall meet in time.
"""

from datetime import datetime, tzinfo


def shown(instant: float, zone: tzinfo) -> datetime:
    """What the clock on the wall shows."""
    return datetime.fromtimestamp(instant, zone).replace(tzinfo=None)


def instant(wall: datetime, zone: tzinfo) -> float:
    """When the clock on the wall shows this."""
    first = wall.replace(tzinfo=zone, fold=0)
    before, after = first.utcoffset(), first.replace(fold=1).utcoffset()
    if before is None or after is None or before >= after:  # everywhere but in a gap
        return first.timestamp()
    late = int(first.timestamp())
    early = late - int((after - before).total_seconds())
    while late - early > 1:  # the jump lies after `early`, and `late` is not before it
        middle = (early + late) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return float(late)
