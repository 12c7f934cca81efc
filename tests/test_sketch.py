"""Percentiles that add up: right within 2 %, the same however they are added, and no rubbish is taken for one."""

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import sketch

VALUES = st.lists(
    st.one_of(st.integers(-(10**12), 10**12), st.floats(-1e15, -1e-9), st.floats(1e-9, 1e15), st.just(0.0)),
    min_size=1,
    max_size=300,
)


def exact(values: Sequence[float], part: float) -> float:
    """The least of them that so much of all is at most."""
    return sorted(values)[max(0, math.ceil(Fraction(str(part)) * len(values)) - 1)]


@given(VALUES, st.sampled_from([0.0, 0.5, 0.9, 0.95, 0.99, 1.0]))
def test_a_percentile_is_right_within_two_percent(values: list[float], part: float) -> None:
    found = sketch.quantile(sketch.counted(values), part)
    assert found is not None
    assert abs(found - exact(values, part)) <= sketch.ERROR * abs(exact(values, part)) * 1.000001


@given(st.lists(st.floats(1e-14, 1e21, exclude_min=True), min_size=1, max_size=50))
def test_many_at_once_are_where_each_is_by_itself(values: list[float]) -> None:
    assert sketch.counted(values) == Counter(map(sketch.place, values))


@pytest.mark.parametrize(("part", "beyond"), [(0.5, 5), (0.9, 1), (0.95, 0), (0.99, 0)])
def test_no_more_values_lie_beyond_a_percentile_than_it_says(part: float, beyond: int) -> None:
    """Of ten looks nine are 90 %: who says that 99 % took at most so long has to count the tenth."""
    values = [10**number for number in range(1, 11)]
    found = sketch.quantile(sketch.counted(values), part)
    assert found is not None
    assert sum(value > found * 1.05 for value in values) == beyond


@given(VALUES, VALUES)
def test_two_that_are_added_are_what_one_of_all_values_is(one: list[float], other: list[float]) -> None:
    whole = sketch.counted(one)
    sketch.merge(whole, sketch.counted(other))
    assert whole == sketch.counted([*one, *other])


@given(VALUES)
def test_what_is_written_is_read_as_it_was(values: list[float]) -> None:
    counts = sketch.counted(values)
    numbers = sketch.packed(counts)
    assert sketch.unpacked(numbers) == counts
    assert all(sketch.place(value) in counts for value in values)


def test_of_nothing_there_is_no_percentile() -> None:
    assert sketch.quantile({}, 0.5) is None


@pytest.mark.parametrize(
    "rubbish",
    [[1], [5, 0], [5, -1], [-9_000, 1], [5, 1, 0, 1], [5, 1, -3, 1], [1_200, 1], [700, 1, 700, 1], [1, 2**60]],
)
def test_rubbish_is_no_sketch(rubbish: list[int]) -> None:
    with pytest.raises(ValueError, match="not the"):
        sketch.unpacked(rubbish)
