"""Beats: spread, stable, without drift, and without bursts after a stall."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.probing.beat import Beat, beat_of


def test_two_hundred_beats_are_spread_over_their_minute() -> None:
    seconds = [0] * 60
    for number in range(200):
        seconds[int(beat_of(f"probe-{number}", 60).offset)] += 1
    assert max(seconds) <= 12  # 3.3 on average
    assert sum(1 for looks in seconds if looks == 0) <= 8


def test_another_process_finds_the_same_beat() -> None:
    code = "from daemon.probing.beat import beat_of; print(repr(beat_of('läden/front', 30).offset))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"}
    )
    assert float(found.stdout) == beat_of("läden/front", 30).offset


def test_a_name_that_is_not_proper_text_has_a_beat() -> None:
    assert 0 <= beat_of("\ud800", 60).offset < 60


@given(
    every=st.floats(0.01, 1e6),
    offset=st.floats(0, 1, exclude_max=True),
    now=st.floats(0, 1e8),
)
def test_the_next_beat_is_in_the_future_and_at_most_one_interval_away(every: float, offset: float, now: float) -> None:
    beat = Beat(offset=offset * every, every=every)
    due = beat.due(beat.after(now))
    assert now < due
    assert beat.due(beat.after(now) - 1) <= now


@pytest.mark.parametrize(
    ("every", "offset", "number"),
    [(89.55753946414917, 83.86531480812361, 55_326), (0.7, 0.21235795765304233, 77_015)],
)
def test_rounding_neither_repeats_nor_drops_a_beat(every: float, offset: float, number: int) -> None:
    beat = Beat(offset=offset, every=every)
    assert beat.after(beat.due(number)) == number + 1
    assert beat.after(math.nextafter(beat.due(number), 0)) == number


def test_being_late_moves_no_later_beat() -> None:
    beat = Beat(offset=7, every=60)
    turn = beat.turn(3, beat.due(3) + 5.9)
    assert turn.is_on_time
    assert turn.then == 4
    assert beat.due(turn.then) == 7 + 4 * 60


def test_waking_a_little_early_looks_once_and_goes_on() -> None:
    beat = Beat(offset=7, every=60)
    turn = beat.turn(3, beat.due(3) - 0.001)
    assert (turn.is_on_time, turn.skipped, turn.then) == (True, 0, 4)


def test_after_a_stall_the_missed_beats_are_counted_and_not_made_up() -> None:
    beat = Beat(offset=7, every=60)
    turn = beat.turn(3, beat.due(63) + 1)
    assert (turn.is_on_time, turn.skipped, turn.then) == (True, 60, 64)


def test_after_a_stall_a_beat_long_past_is_let_pass_too() -> None:
    beat = Beat(offset=7, every=60)
    turn = beat.turn(3, beat.due(63) + 30)
    assert (turn.is_on_time, turn.skipped, turn.then) == (False, 61, 64)


def test_a_machine_that_is_always_late_still_looks() -> None:
    beat = Beat(offset=7, every=60)
    looks, must = 0, False
    for number in range(10):
        turn = beat.turn(number, beat.due(number) + 20, must=must)
        looks += turn.is_on_time
        must = not turn.is_on_time
    assert looks == 5


@pytest.mark.parametrize("stall", [61.0, 3600.0, 86_400.0 * 3])
def test_after_a_stall_at_most_a_tenth_look_at_once(stall: float) -> None:
    at_once = 0
    for number in range(1_000):
        beat = beat_of(f"probe-{number}", 60)
        at_once += beat.turn(beat.after(1_000), 1_000 + stall).is_on_time
    assert at_once < 150
