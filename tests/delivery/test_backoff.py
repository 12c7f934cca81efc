"""Pauses between tries."""

import math
import random

import pytest

from daemon.delivery import backoff


def high() -> float:
    return math.nextafter(1.0, 0.0)


@pytest.mark.parametrize(("attempt", "whole"), [(1, 5), (2, 10), (3, 20), (7, 320), (8, 600), (9, 600), (10**9, 600)])
def test_the_pause_doubles_up_to_ten_minutes_and_half_of_it_is_chance(attempt: int, whole: float) -> None:
    assert backoff.pause(attempt, lambda: 0.0) == whole / 2
    assert backoff.pause(attempt, high) == pytest.approx(whole)
    draw = random.Random(1).random
    assert all(whole / 2 <= backoff.pause(attempt, draw) < whole for _ in range(200))


def test_an_attempt_that_cannot_be_counts_as_the_first() -> None:
    assert backoff.pause(0, lambda: 0.0) == backoff.pause(-3, lambda: 0.0) == 2.5


def test_many_who_failed_together_do_not_come_back_together() -> None:
    draw = random.Random(1).random
    assert len({round(backoff.pause(3, draw), 3) for _ in range(100)}) > 90


@pytest.mark.parametrize("seconds", [1.0, 30.0, 86_400.0])
def test_what_the_provider_asked_is_the_least(seconds: float) -> None:
    assert backoff.asked(seconds, lambda: 0.0) == seconds
    assert seconds < backoff.asked(seconds, high) <= seconds + min(seconds / 10, 10.0)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("-inf")])
def test_nonsense_is_a_second(seconds: float) -> None:
    assert backoff.asked(seconds, lambda: 0.0) == 1.0
