"""How an alarm about a channel stands: when it is raised anew, and when it is over. Times are monotonic seconds."""

import msgspec

QUIET = 60.0  # the same alarm is not raised again sooner: a failing channel fails a thousand times a minute
HOLD = 60.0  # how long a channel must have worked without another before its alarm is over


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm about one channel; every change is a new value."""

    raised_at: float
    trouble_at: float  # the last time that it happened
    hold: float = HOLD
    over_at: float | None = None

    def is_open(self, now: float, window: float) -> bool:
        """Whether it still counts: it is not over, nor so quiet that it was closed for that."""
        return self.over_at is None and now - self.trouble_at <= window

    def is_over(self, now: float, worked_at: float) -> bool:
        """Whether to end it: the channel worked since, and it did not happen again for long enough."""
        return self.over_at is None and worked_at >= self.trouble_at and now - self.trouble_at >= self.hold


def troubled(before: Standing | None, now: float, window: float) -> Standing:
    """It happened (again). What comes back within a window of its end is held twice as long, at most a window.

    So a channel that works and fails by turns makes a few alarms a day and not one a minute.
    """
    if before is None or not before.is_open(now, window):
        came_back = before is not None and before.over_at is not None and now - before.over_at <= window
        hold = min(2 * before.hold, window) if before is not None and came_back else HOLD
        return Standing(raised_at=now, trouble_at=now, hold=hold)
    raised_at = now if now - before.raised_at >= QUIET else before.raised_at
    return msgspec.structs.replace(before, raised_at=raised_at, trouble_at=now)


def refreshed(before: Standing, now: float) -> Standing:
    """It lasts, although nothing is sent by which that could be seen."""
    return troubled(before, now, float("inf")) if now - before.raised_at >= QUIET else before


def ended(before: Standing, now: float) -> Standing:
    """It is over."""
    return msgspec.structs.replace(before, over_at=now)
