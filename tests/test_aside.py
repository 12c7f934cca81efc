"""Work beside the event loop."""

import threading
import time
from collections.abc import Iterator

import gevent
import pytest

from daemon.aside import LARGE, AsideThread, beside


@pytest.fixture
def aside() -> Iterator[AsideThread]:
    thread = AsideThread()
    yield thread
    thread.stop()


def test_others_are_served_while_a_large_body_is_worked_on(aside: AsideThread) -> None:
    begun, go = threading.get_native_id(), list[int]()

    def work() -> int:
        until = time.perf_counter() + 4
        while not go and time.perf_counter() < until:
            pass
        return threading.get_native_id()

    gevent.spawn(lambda: go.append(1))
    assert beside(aside, b"x" * (LARGE + 1), work) != begun
    assert go


def test_a_small_body_is_worked_on_at_once(aside: AsideThread) -> None:
    assert beside(aside, b"x" * LARGE, threading.get_native_id) == threading.get_native_id()
