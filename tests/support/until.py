"""Wait for something that another process does."""

import threading
import time
from collections.abc import Callable

_NEVER = threading.Event()


def until(condition: Callable[[], object], within: float = 10.0, why: Callable[[], str] = str) -> None:
    """Ask again and again until `condition` holds; fail after `within` seconds, saying `why()`."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s: {why()}"
        _NEVER.wait(0.02)
