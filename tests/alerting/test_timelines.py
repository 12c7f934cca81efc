"""The table of timelines, on tocsin's own functions and a clock that is turned by hand."""

from pathlib import Path

import pytest

from by_hand import play_by_hand
from daemon.store.sqlite import SqliteStore
from side_by_side import Told, differences
from timelines import TIMELINES, Timeline, told

UNIT = 60.0  # seconds: calendars count in minutes


@pytest.mark.parametrize("timeline", TIMELINES, ids=[one.name for one in TIMELINES])
def test_tocsin_tells_what_alertmanager_tells(timeline: Timeline, store: SqliteStore, tmp_path: Path) -> None:
    heard = play_by_hand(timeline, store, tmp_path, UNIT)
    expect = timeline.expect if timeline.ours is None else timeline.ours
    assert differences(timeline, expect, heard) == []


def test_names_tell_the_timelines_apart() -> None:
    assert len({one.name for one in TIMELINES}) == len(TIMELINES)


def test_at_least_ten_timelines_can_run_in_real_time() -> None:
    assert len([one for one in TIMELINES if one.scales and one.ours is None]) >= 10


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ([], ["expected and not told"]),
        ([Told(1.2, "t", "room", frozenset("A"), frozenset())], []),
        ([Told(2.2, "t", "room", frozenset("A"), frozenset())], ["expected and not told", "told and not expected"]),
        ([Told(1.2, "t", "pager", frozenset("A"), frozenset())], ["expected and not told", "told and not expected"]),
        ([Told(1.2, "t", "room", frozenset("AB"), frozenset())], ["expected and not told", "told and not expected"]),
        ([Told(1.2, "t", "room", frozenset(), frozenset("A"))], ["expected and not told", "told and not expected"]),
        ([Told(1.2, "t", "room", frozenset("A"), frozenset())] * 2, ["told and not expected"]),
        ([Told(1.2, "other", "room", frozenset("A"), frozenset())], ["expected and not told"]),
    ],
)
def test_what_differs_is_found(heard: list[Told], said: list[str]) -> None:
    timeline = Timeline(name="t", steps=(), expect=(told(1, "A"),), lasts=5)
    found = differences(timeline, timeline.expect, heard)
    assert [line.removeprefix("t: ").partition(":")[0] for line in found] == said
