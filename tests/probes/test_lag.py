"""What the shape of a row of looks says of a consumer group."""

import math
import random
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.probes.lags.lag import (
    MOST_PARTITIONS,
    Judged,
    Mark,
    Marks,
    Offsets,
    Rules,
    Shape,
    judged,
    lingering,
    recalled,
    remembered,
)
from daemon.probes.lags.told import Sight, told
from daemon.reading import Health

NOW = 1_795_222_800.0
MINUTE = 60.0
WINDOW = 5 * MINUTE
RULES = Rules(window=WINDOW)
NOBODY = {"g": 0}

Look = tuple[int | None, int]  # committed, end


def offsets(committed: int | None, end: int, partition: int = 0, earliest: int | None = None) -> Offsets:
    return Offsets("g", "t", partition, committed, end, earliest)


def watched(
    looks: Sequence[Look], rules: Rules = RULES, members: dict[str, int] | None = None, every: float = MINUTE
) -> Judged:
    """Look so often, a minute apart, with nothing but notes between the looks; the last judgement."""
    notes, found = b"", list[Judged]()
    for number, (committed, end) in enumerate(looks):
        now = NOW + number * every
        marks = recalled(notes, now)
        found = judged([offsets(committed, end, earliest=0)], members or {}, marks, rules, now)
        notes = remembered(found, marks, rules, now)
    return found[0]


def moving(count: int, committed: int, end: int, by: tuple[int, int]) -> list[Look]:
    return [(committed + number * by[0], end + number * by[1]) for number in range(count)]


@pytest.mark.parametrize(
    ("looks", "shape"),
    [
        ([(5, 100)], Shape.ADVANCING),  # nobody can know yet
        (moving(9, 0, 0, (10, 10)), Shape.ADVANCING),
        ([(7, 7)] * 9, Shape.ADVANCING),  # nothing comes, nothing is left
        (moving(9, 0, 1_000_000, (10, 10)), Shape.ADVANCING),  # much lag, and it keeps up
        (moving(9, 0, 900, (20, 10)), Shape.ADVANCING),
        (moving(5, 0, 100, (10, 20)), Shape.ADVANCING),  # it has only grown, but not for a window yet
        (moving(6, 0, 100, (10, 20)), Shape.FALLING),
        ([*moving(8, 0, 100, (10, 20)), (300, 300)], Shape.ADVANCING),  # it caught up
        ([*moving(8, 0, 100, (10, 20)), (80, 250)], Shape.ADVANCING),  # it fell once: as much is enough
        ([(5, 9)] * 5, Shape.ADVANCING),
        ([(5, 9)] * 6, Shape.STALLED),
        (moving(6, 5, 9, (0, 10)), Shape.STALLED),
        ([(9, 9), *[(9, 12)] * 5], Shape.ADVANCING),  # what waits has not waited for a window
        ([(9, 9), *[(9, 12)] * 6], Shape.STALLED),
        ([*[(5, 9)] * 8, (6, 9)], Shape.ADVANCING),  # it moves again
        ([*[(5, 9)] * 8, (9, 9)], Shape.ADVANCING),
        ([(90, 100), (40, 100)], Shape.REWOUND),
        ([(90, 100), (40, 100), (50, 100), (60, 100), (70, 100)], Shape.REWOUND),  # for a window
        ([(90, 100), *moving(6, 40, 100, (10, 0))], Shape.ADVANCING),
        ([(90, 100), *[(40, 100)] * 6], Shape.STALLED),  # worse than rewound
        ([(90, 100), (None, 100)], Shape.REWOUND),
        ([(90, 100), *[(None, 100)] * 6], Shape.ADVANCING),  # nobody reads, and nothing comes
        ([(90, 40)], Shape.REWOUND),  # more is committed than there is
        ([(90, 40)] * 9, Shape.REWOUND),
        ([(None, 0)] * 9, Shape.ADVANCING),
        ([(None, 9)] * 9, Shape.ADVANCING),
        (moving(6, 0, 0, (0, 0)), Shape.ADVANCING),
        ([(None, 10), *[(None, 11)] * 5], Shape.ADVANCING),
        ([(None, 10), *[(None, 11)] * 6], Shape.STOPPED),
        ([(None, 10), *[(None, 11)] * 8, (3, 11)], Shape.ADVANCING),
    ],
)
def test_the_shape_of_a_row_of_looks(looks: list[Look], shape: Shape) -> None:
    assert watched(looks).shape is shape


def test_a_group_in_which_nobody_is_has_stopped_where_another_is_stalled() -> None:
    assert watched([(5, 9)] * 6, members=NOBODY).shape is Shape.STOPPED
    assert watched([(5, 9)] * 6, members={"g": 3}).shape is Shape.STALLED
    assert watched([(5, 9)] * 5, members=NOBODY).shape is Shape.ADVANCING  # a restart of the consumers takes a while
    assert watched([(9, 9)] * 9, members=NOBODY).shape is Shape.ADVANCING  # nothing is left undone


def test_a_look_an_hour_later_does_not_take_the_hour_for_a_window() -> None:
    assert watched([(9, 9), (9, 12)], every=3600).shape is Shape.ADVANCING
    assert watched([(5, 9), (6, 40)], every=3600).shape is Shape.ADVANCING
    assert watched([(5, 9), (5, 40)], every=3600).shape is Shape.STALLED  # behind then and now, without a step


def test_without_a_commit_all_that_is_there_may_count() -> None:
    every = Rules(window=WINDOW, count_unread=True)
    assert watched([(None, 9)] * 6, every).shape is Shape.STOPPED
    assert watched([(None, 9)], every).mark.lag == 9
    assert watched([(None, 9)]).mark.lag is None
    assert watched([(None, 0)] * 9, every).shape is Shape.ADVANCING


def test_a_lag_that_is_tolerated_is_none() -> None:
    marks_of_transactions = Rules(window=WINDOW, tolerate=1)
    assert watched([(5, 6)] * 9, marks_of_transactions).shape is Shape.ADVANCING
    assert watched([(5, 6)], marks_of_transactions).mark.lag == 1
    assert watched([(5, 7)] * 9, marks_of_transactions).shape is Shape.STALLED


def test_what_each_shape_means() -> None:
    assert {shape.value: shape.health for shape in Shape} == {
        "advancing": Health.UP,
        "falling behind": Health.DEGRADED,
        "rewound": Health.DEGRADED,
        "stalled": Health.DOWN,
        "stopped": Health.DOWN,
    }


def test_the_worst_comes_first() -> None:
    marks: Marks = {
        ("g", "t", 1): Mark(at=NOW - 1, committed=1, end=9, lag=8, held=NOW - 999, behind=NOW - 999),
        ("g", "t", 2): Mark(at=NOW - 1, committed=1, end=99, lag=98, held=NOW - 999, behind=NOW - 999),
        ("g", "t", 3): Mark(at=NOW - 1, committed=50, end=99, lag=49, held=NOW - 999),
    }
    seen = [offsets(7, 9_999, 0), offsets(1, 9, 1), offsets(1, 99, 2), offsets(3, 99, 3), offsets(7, 7, 4)]
    found = judged(seen, {}, marks, RULES, NOW)
    assert [(one.shape, one.seen.partition) for one in found] == [
        (Shape.STALLED, 2), (Shape.STALLED, 1), (Shape.REWOUND, 3), (Shape.ADVANCING, 0), (Shape.ADVANCING, 4),
    ]  # fmt: skip


def test_data_that_expired_unread_is_seen() -> None:
    assert offsets(5, 90, earliest=40).has_expired
    assert not offsets(40, 90, earliest=40).has_expired
    assert not offsets(5, 90).has_expired
    assert not offsets(None, 90, earliest=40).has_expired


def test_a_partition_that_was_not_seen_is_remembered_for_a_window() -> None:
    notes = remembered(judged([offsets(5, 9, 0), offsets(5, 9, 1)], {}, {}, RULES, NOW), {}, RULES, NOW)
    for minute in range(1, 7):
        now = NOW + minute * MINUTE
        marks = recalled(notes, now)
        found = judged([offsets(5, 9, 0)], {}, marks, RULES, now)
        notes = remembered(found, marks, RULES, now)
        assert (("g", "t", 1) in recalled(notes, now)) is (minute < 5)


def test_a_group_that_is_gone_is_asked_for_until_its_rewinding_was_told() -> None:
    assert lingering({}) == {}
    seen = judged([offsets(5, 9)], {}, {}, RULES, NOW)
    marks = recalled(remembered(seen, {}, RULES, NOW), NOW)
    assert lingering(marks) == {"g": {"t"}}
    for minute in range(1, 8):
        now = NOW + minute * MINUTE
        found = judged([offsets(None, 9)], {}, marks, RULES, now)
        marks = recalled(remembered(found, marks, RULES, now), now)
        assert lingering(marks) == ({"g": {"t"}} if minute < 6 else {})


@pytest.mark.parametrize(
    "notes",
    [
        b"",
        b"\xff\x00 rubbish",
        b"[" * 100_000,
        b"\x91" * 100_000,
        msgspec.msgpack.encode({"g": 5}),
        msgspec.msgpack.encode({"g": {"t": {"0": [1]}}}),
        msgspec.msgpack.encode({"g": {"t": {0: [NOW + 1, 5, 9, 4, NOW]}}}),  # from the future
        msgspec.msgpack.encode({"g": {"t": {0: [NOW, 5, 9, 4, NOW + 1]}}}),
        msgspec.msgpack.encode({"g": {"t": {0: [math.nan, 5, 9, 4, math.nan]}}}),
    ],
)
def test_notes_that_are_rubbish_are_no_notes(notes: bytes) -> None:
    assert recalled(notes, NOW) == {}


def test_ten_thousand_partitions_are_remembered_in_a_megabyte_and_no_more_than_that() -> None:
    many = [offsets(10**12, 2 * 10**12, number) for number in range(MOST_PARTITIONS)]
    found = judged(many, {}, {}, RULES, NOW)
    marks = recalled(remembered(found, {}, RULES, NOW), NOW)
    others = [Offsets("other", "t", number, 5, 9) for number in range(MOST_PARTITIONS)]
    notes = remembered(judged(others, {}, marks, RULES, NOW), marks, RULES, NOW)
    assert len(notes) < 1024**2
    assert {group for group, _, _ in recalled(notes, NOW)} == {"other"}


def looks() -> st.SearchStrategy[list[list[Offsets]]]:
    numbers = st.integers(-1, 2**63 - 1)
    few = st.integers(0, 12)
    row = st.builds(
        Offsets,
        st.sampled_from(["g", "h"]),
        st.sampled_from(["t", "u"]),
        st.integers(0, 3),
        st.none() | few | numbers,
        few | numbers,
        st.none() | few | numbers,
    )
    return st.lists(st.lists(row, min_size=1, max_size=12, unique_by=lambda one: one.key), min_size=1, max_size=9)


@given(rows=looks(), seed=st.integers(), count=st.booleans(), gaps=st.lists(st.floats(0, 400), min_size=9, max_size=9))
def test_whatever_is_seen_no_lag_is_negative_and_no_order_matters(
    rows: list[list[Offsets]], seed: int, *, count: bool, gaps: list[float]
) -> None:
    rules = Rules(window=WINDOW, count_unread=count)
    notes, shuffled, now = b"", b"", NOW
    for seen, gap in zip(rows, gaps, strict=False):
        now += gap
        mixed = random.Random(seed).sample(seen, len(seen))
        found = judged(seen, NOBODY, marks := recalled(notes, now), rules, now)
        again = judged(mixed, NOBODY, others := recalled(shuffled, now), rules, now)
        assert found == again
        assert marks == others
        assert len(found) == len(seen)
        assert all(one.lag >= 0 for one in found)
        assert all((one.mark.lag is None) is (one.seen.committed is None) or count for one in found)
        notes, shuffled = remembered(found, marks, rules, now), remembered(again, others, rules, now)


@given(notes=st.binary(max_size=200), now=st.floats(0, 1e12))
def test_no_bytes_break_a_look(notes: bytes, now: float) -> None:
    marks = recalled(notes, now)
    found = judged([offsets(3, 9)], {}, marks, RULES, now)
    assert recalled(remembered(found, marks, RULES, now), now)


instants = st.none() | st.floats()
counts = st.integers(-9, 9)


@given(
    mark=st.builds(
        Mark, st.floats(), st.none() | counts, counts, st.none() | counts, st.floats(),
        instants, instants, instants, instants, st.none() | counts,
    )
)  # fmt: skip
def test_no_mark_that_was_spoilt_breaks_a_look(mark: Mark) -> None:
    marks = recalled(msgspec.msgpack.encode({"g": {"t": {0: mark}}}), NOW)
    reading = told(Sight(offsets=[offsets(3, 9)]), marks, RULES, NOW)
    assert reading.values["lag"] == 6


@given(end=st.integers(1, 10**6), steps=st.lists(st.integers(1, 50), min_size=6, max_size=20))
def test_a_group_that_moves_and_does_not_only_lose_ground_is_never_called_down(end: int, steps: list[int]) -> None:
    committed, rows = 0, list[Look]()
    for step in steps:
        committed, end = committed + step, end + step
        rows.append((committed, end))
    assert watched(rows).shape is Shape.ADVANCING


@given(lag=st.integers(1, 10**6), grows=st.lists(st.integers(0, 50), min_size=6, max_size=20))
def test_a_group_that_does_not_move_while_it_is_behind_is_down_whatever_comes(lag: int, grows: list[int]) -> None:
    end, rows = 100 + lag, list[Look]()
    for step in grows:
        end += step
        rows.append((100, end))
    assert watched(rows).shape is Shape.STALLED
