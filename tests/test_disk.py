"""When will the disk be full?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.disk import LEAST, SAMPLES, Trend, slope

GB = 1024**3


def watched(*free: int, every: float = 60.0) -> Trend:
    trend = Trend()
    for number, value in enumerate(free):
        trend.add(number * every, value)
    return trend


def test_a_disk_that_loses_a_gigabyte_in_ten_minutes_is_full_when_the_rest_is_gone() -> None:
    trend = watched(*[20 * GB - n * GB // 10 for n in range(31)])
    assert trend.full_in() == pytest.approx(17 * 600)


@pytest.mark.parametrize("free", [[5 * GB] * 30, [n * GB for n in range(1, 31)], [], [GB], [GB, 0]])
def test_a_disk_that_does_not_fill_or_was_not_watched_for_long_is_never_full(free: list[int]) -> None:
    assert watched(*free).full_in() is None


def test_a_minute_of_heavy_writing_says_nothing_yet() -> None:
    samples = [20 * GB - n * GB for n in range(int(LEAST / 60))]
    assert watched(*samples).full_in() is None
    assert watched(*samples, 10 * GB).full_in() is not None


def test_what_is_written_and_deleted_again_is_no_trend() -> None:
    full_in = watched(*[20 * GB - (n % 5) * GB // 10 for n in range(60)]).full_in()
    assert full_in is None or full_in > 86_400


def test_what_was_long_ago_is_forgotten() -> None:
    trend = Trend()
    for minute in range(1_000):
        trend.add(minute * 60.0, 100 * GB - min(minute, 500) * GB // 10)
    assert trend.full_in() is None
    assert len(trend._samples) <= SAMPLES


@given(st.lists(st.tuples(st.floats(0, 1e9), st.integers(0, 10**15)), min_size=1, max_size=60))
def test_a_slope_is_found_in_anything(points: list[tuple[float, int]]) -> None:
    assert isinstance(slope(points), float)
