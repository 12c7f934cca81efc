"""Windows against adding everything up again, whatever comes and whenever."""

import gc
import math
import random
from collections.abc import Callable
from operator import add

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon import sketch
from daemon.expressions.expression import PERCENTILE
from daemon.series import distinct
from daemon.series.key import Kind
from daemon.series.tally import Tally
from daemon.thresholds.crowd import Crowd
from daemon.thresholds.gathered import gathering
from daemon.thresholds.heard import Heard
from daemon.thresholds.ranges import Ranges
from daemon.thresholds.rings import Ring

# How far the piece goes on (or, below zero, how far back it lies), and what comes in it.
STEPS = st.lists(st.tuples(st.integers(-12, 25), st.integers(0, 50)), max_size=60)
SIZES = st.integers(1, 9)


def pieces(steps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """(piece, value) in the order of coming."""
    found, newest = [], 1_000
    for step, value in steps:
        found.append((newest + step, value))
        newest = max(newest, newest + step)
    return found


@pytest.mark.parametrize(("fold", "whole", "empty"), [(add, sum, 0.0), (min, min, math.inf), (max, max, -math.inf)])
def test_a_ring_holds_what_adding_up_again_holds(
    fold: Callable[[float, float], float], whole: Callable[[list[float]], float], empty: float
) -> None:
    @settings(max_examples=150, deadline=None)
    @given(STEPS, SIZES)
    def holds(steps: list[tuple[int, int]], size: int) -> None:
        ring, came, newest = Ring(size, fold, empty), [], 1_000
        ring.move(newest)
        for piece, value in pieces(steps):
            came.append((piece, float(value)))
            newest = max(newest, piece)
            ring.put(piece, float(value))
            held = [one for where, one in came if newest - size < where <= newest]
            assert ring.at(newest) == whole([empty, *held])

    holds()


@settings(max_examples=150, deadline=None)
@given(STEPS, SIZES)
def test_a_sketch_holds_what_adding_up_again_holds(steps: list[tuple[int, int]], size: int) -> None:
    ranges, came, newest = Ranges(size), [], 1_000
    ranges.move(newest)
    for piece, value in pieces(steps):
        came.append((piece, value))
        newest = max(newest, piece)
        ranges.put(piece, {value: 2})
        held = [one for where, one in came if newest - size < where <= newest]
        assert ranges.at(newest) == 2 * len(held)
        counts = {one: 2 * held.count(one) for one in held}
        assert ranges.percentile(0.5) == sketch.quantile(counts, 0.5)


@settings(max_examples=100, deadline=None)
@given(STEPS, SIZES)
def test_who_was_there_is_counted_once(steps: list[tuple[int, int]], size: int) -> None:
    crowd, came, newest = Crowd(size), [], 1_000
    crowd.move(newest)
    for piece, value in pieces(steps):
        came.append((piece, value))
        newest = max(newest, piece)
        crowd.put(piece, {distinct.hashed(bytes([value]))})
        assert crowd.at(newest) == len({one for where, one in came if newest - size < where <= newest})


def test_a_crowd_stays_small_and_is_about_right() -> None:
    """Thousands in each piece, half of them those of the piece before; then nobody."""
    crowd = Crowd(30)
    for piece in range(100, 130):
        whole: set[int] = set()
        distinct.merge(whole, (distinct.hashed(b"%d" % one) for one in range(1_000 * piece, 1_000 * piece + 2_000)))
        crowd.put(piece, whole)
        assert len(crowd._last) <= 3 * distinct.MOST
    assert crowd.at(129) == pytest.approx(31_000, rel=0.1)
    assert crowd.at(158) == pytest.approx(2_000, rel=0.4)  # of few hashes that are left
    assert crowd.at(159) == 0


def test_a_large_number_that_leaves_takes_nothing_with_it() -> None:
    ring = Ring(5)
    for piece, value in enumerate([0.1, 1e300, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1]):
        ring.put(piece, value)
    assert ring.at(7) == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize(("function", "most"), [("sum", 0), ("max", 0), (PERCENTILE, 1), ("different", 2)])
def test_windows_leave_little_to_look_at_for_the_collector_of_garbage(function: str, most: int) -> None:
    gc.collect()
    gc.freeze()  # whatever else there is does not count, and takes no time
    try:
        windows = [gathering(function).begin(30, Kind.GAUGE) for _ in range(1_000)]
        for piece in (1, 2, 40):
            for one in windows:
                one.put(piece, Tally(1.0, 2.0, 2.0, 2.0, 2.0, {10: 1}, {7}))
        gc.collect()
        assert len(gc.get_objects()) < len(windows) * most + 100
    finally:
        gc.unfreeze()


def test_what_was_heard_is_added_up() -> None:
    heard, rows = Heard(), random.Random(5)
    noted: set[int] = set()
    at = 1_000_000
    for _ in range(400):
        at += 10 * rows.choice((1, 1, 1, 1, 5))
        heard.note(at, at + 10)
        noted.add(at)
    for _ in range(200):
        begin = rows.randrange(1_000_000, at, 10)
        end = rows.randrange(begin, at + 20, 10)
        assert heard.of(begin, end) == sum(10 for one in noted if begin <= one < end)
        since = heard.since(end, 300.0)
        assert heard.of(since, end) == pytest.approx(min(300.0, heard.of(0.0, end)))
    heard.cut(at - 500)
    assert heard.until <= at - 500
