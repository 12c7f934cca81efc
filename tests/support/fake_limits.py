"""How the fakes of providers count: at most so many in any stretch of so many seconds."""

from collections import defaultdict, deque
from collections.abc import Callable


class Window:
    """One limit, counted for each key by itself."""

    def __init__(self, most: int, within: float, now: Callable[[], float]) -> None:
        self._most = most
        self._within = within
        self._now = now
        self._taken: dict[object, deque[float]] = defaultdict(deque)

    def take(self, key: object = "") -> float:
        """Count one more and return 0, or how many seconds it must wait."""
        now, taken = self._now(), self._taken[key]
        while taken and taken[0] <= now - self._within:
            taken.popleft()
        if len(taken) >= self._most:
            return taken[0] + self._within - now
        taken.append(now)
        return 0.0
