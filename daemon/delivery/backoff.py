"""How long to wait before the next try."""

from collections.abc import Callable

FIRST = 5.0
LONGEST = 600.0
LEAST = 1.0  # a provider that asks for less, or for nonsense, must not make us spin
SPREAD = 10.0

Draw = Callable[[], float]  # a random number, 0 ≤ x < 1


def pause(attempt: int, draw: Draw) -> float:
    """After the `attempt`-th try (the first is 1): doubled each time up to a cap, half of it left to chance."""
    whole = min(LONGEST, FIRST * 2.0 ** min(max(attempt, 1) - 1, 30))
    return whole / 2 + draw() * whole / 2


def asked(seconds: float, draw: Draw) -> float:
    """Never sooner than the provider asked, and spread so that those who were told the same do not return at once."""
    wanted = max(LEAST, seconds)  # in this order also for what is not a number
    return wanted + draw() * min(wanted / 10, SPREAD)
