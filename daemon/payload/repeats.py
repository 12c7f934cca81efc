"""What a sender has said already: a repeat of what was taken is not taken again."""

import hashlib
from collections import OrderedDict

REMEMBERED = 20_000  # deliveries
LASTS = 3_600.0  # seconds; whoever sends the same after an hour means it


class Repeats:
    """The deliveries that were taken lately. In memory: after a restart a repeat only counts once more."""

    def __init__(self) -> None:
        self._taken: OrderedDict[bytes, float] = OrderedDict()

    def knows(self, source: str, delivery: str, now: float) -> bool:
        """Whether this one was taken within the hour; `now` is monotonic."""
        at = self._taken.get(_digest(source, delivery))
        return at is not None and now - at < LASTS

    def note(self, source: str, delivery: str, now: float) -> None:
        """Remember one whose alarms are on disk; never before, or its sender's next try would be lost."""
        digest = _digest(source, delivery)
        self._taken[digest] = now
        self._taken.move_to_end(digest)
        if len(self._taken) > REMEMBERED:
            self._taken.popitem(last=False)


def _digest(source: str, delivery: str) -> bytes:
    return hashlib.blake2b(f"{source}\0{delivery}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
