"""How much room a disk has, and when it will have none."""

import os
from collections import deque
from pathlib import Path

SPAN = 3_600.0  # seconds that the trend looks back
LEAST = 600.0  # seconds over which it must have been watched
SAMPLES = 60


def free_beside(folder: Path) -> int:
    """Bytes that an unprivileged process may still write there."""
    facts = os.statvfs(folder)
    return facts.f_bavail * facts.f_frsize


class Trend:
    """What was free over the last hour, and the straight line through it."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=SAMPLES)

    def add(self, at: float, free: int) -> None:
        """Note how much is free at an instant (monotonic seconds)."""
        while self._samples and at - self._samples[0][0] > SPAN:
            self._samples.popleft()
        self._samples.append((at, free))

    def full_in(self) -> float | None:
        """Seconds until nothing is left at the present rate; None while it does not fill, or that is not known yet."""
        if len(self._samples) < 3 or self._samples[-1][0] - self._samples[0][0] < LEAST:  # noqa: PLR2004 - two make any line
            return None
        lost = -slope(list(self._samples))
        return self._samples[-1][1] / lost if lost > 0 else None


def slope(points: list[tuple[float, int]]) -> float:
    """Rise per second of the straight line that lies closest to all points (least squares)."""
    middle = sum(at for at, _ in points) / len(points)
    level = sum(value for _, value in points) / len(points)
    spread = sum((at - middle) ** 2 for at, _ in points)
    return sum((at - middle) * (value - level) for at, value in points) / spread if spread else 0.0
