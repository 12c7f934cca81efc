"""Durations and sizes as people write them, and nothing that only looks like one."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.units import seconds, size, spoken


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90s", 90), ("5m", 300), ("1h30m", 5_400), ("250ms", 0.25), ("2d", 172_800), ("1.5h", 5_400), ("1w", 604_800),
     (7, 7),
     (0, 0), ("0s", 0), ("1y", 31_536_000)],
)  # fmt: skip
def test_durations(text: str | float, expected: float) -> None:
    assert seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "s",
        "-5s",
        "5 s",
        "5S",
        "1:30",
        "٣s",
        "5sm",
        "1e3s",
        -1,
        math.nan,
        math.inf,
        True,
        "9" * 5_000 + "s",
        None,
    ],
)
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        seconds(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("64KB", 65_536), ("50 MB", 52_428_800), ("1gb", 1_073_741_824), ("12B", 12), (7, 7), ("1K", 1_024),
     ("1MiB", 1_048_576),
     (" 1TB ", 1_099_511_627_776)],
)  # fmt: skip
def test_sizes(text: str | int, expected: int) -> None:
    assert size(text) == expected


@pytest.mark.parametrize(
    "text", ["", "5", "KB", "-5KB", "1.5MB", "٣KB", "5KBB", "1 iB", True, -1, "9" * 5_000 + "B", None, 1.5]
)
def test_what_is_no_size(text: object) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        size(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("duration", "text"),
    [(0, "0s"), (59.4, "59s"), (60, "1m"), (720, "12m"), (12_000, "3h20m"), (187_200, "2d4h"), (3_600, "1h")],
)
def test_spoken_the_short_way(duration: float, text: str) -> None:
    assert spoken(duration) == text


@given(st.integers(0, 10**9))
def test_what_is_spoken_can_be_read_and_is_nearly_the_same(duration: int) -> None:
    assert abs(seconds(spoken(duration)) - duration) <= max(60, duration / 24)
