"""How far a time zone is ahead of UTC, and when that changes."""

import datetime as dt
import math
from bisect import bisect_left

DAY = 86_400


def offset(zone: dt.tzinfo, at: float) -> int:
    """The seconds by which its clocks are ahead at an instant."""
    ahead = dt.datetime.fromtimestamp(at, zone).utcoffset()
    return round(ahead.total_seconds()) if ahead else 0


def turn(zone: dt.tzinfo, begin: float, end: float) -> int | None:
    """The first second after the begin, and not after the end, with another offset; None when it is the same at both.

    Begin and end are at most a day or two apart: no zone goes there and back within that.
    """
    before = offset(zone, begin)
    if offset(zone, end) == before:
        return None
    seconds = range(math.floor(begin), math.ceil(end))
    return seconds.start + bisect_left(seconds, 1, key=lambda second: int(offset(zone, second) != before))
