"""When something happened, as its sender wrote it and by this machine's clock."""

import datetime as dt

from daemon.sentry.objects import amount

OFF = 60.0  # seconds by which a sender's clock may differ before its times are corrected: requests are on the way, too
OLDEST = 31 * 86_400.0  # seconds; nothing is taken to be older
_MILLISECONDS = 1e11  # a number beyond it is none of seconds


def seconds(value: object) -> float | None:
    """Read an instant: seconds since the epoch, or text after RFC 3339; None where it is neither."""
    if isinstance(value, str):
        try:
            when = dt.datetime.fromisoformat(value[:40])
            return (when if when.tzinfo else when.replace(tzinfo=dt.UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    found = None if isinstance(value, bool) or not isinstance(value, int | float) else amount(value)
    return found / 1_000 if found is not None and abs(found) > _MILLISECONDS else found


class Times:
    """The times of one request, moved by as much as its sender's clock is wrong."""

    def __init__(self, received_at: float, sent_at: object = None) -> None:
        """`sent_at` is the sender's time as it sent it, where it says that."""
        self.received_at = received_at
        told = seconds(sent_at)
        drift = received_at - told if told is not None else 0.0
        self._drift = drift if abs(drift) > OFF else 0.0

    def at(self, value: object) -> float:
        """When something was, by our clock: never ahead of its arrival, which also stands for what cannot be read."""
        told = seconds(value)
        if told is None:
            return self.received_at
        return min(max(told + self._drift, self.received_at - OLDEST), self.received_at)
