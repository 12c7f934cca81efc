"""The real clock: what it means to let others run."""

import pytest

from daemon.clock import Clock, SystemClock
from fake_clock import FakeClock
from served import players, waiting_reader


@pytest.mark.parametrize("clock", [SystemClock(), FakeClock()])
def test_whoever_breathes_lets_a_socket_be_served(clock: Clock) -> None:
    order: list[str] = []
    with waiting_reader(order) as send:
        send()
        for number in range(5):
            clock.breathe()
            order.append(f"breath {number}")
    assert order.index("served") <= 1


def test_a_breath_ends_though_the_others_never_have_nothing_to_do() -> None:
    rounds: list[str] = []
    with players(rounds):
        for _ in range(100):
            SystemClock().breathe()
    assert rounds
