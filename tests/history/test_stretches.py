"""Stretches of time, laid over one another and cut: nothing is counted twice and nothing is left out."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from daemon.history.picking import TIERS, pick
from daemon.history.stretches import Span, Time, Turn, edges_between, joined, line, shares, whole

TURNS = st.lists(st.tuples(st.integers(-50, 150), st.sampled_from(list(Time)[:4])), max_size=12)
COVERS = st.lists(st.tuples(st.integers(-50, 150), st.sampled_from([Time.MAINTENANCE, Time.PAUSED, None])), max_size=8)


def ordered(turns: list[tuple[int, Time | None]]) -> list[Turn]:
    return [Turn(at, time) for at, time in sorted(dict(turns).items())]


@given(TURNS, COVERS, st.integers(0, 50), st.integers(0, 60))
def test_a_line_has_no_hole_and_says_of_each_instant_what_holds(
    verdicts: list[tuple[int, Time | None]], covers: list[tuple[int, Time | None]], begin: int, length: int
) -> None:
    first, second, end = ordered(verdicts), ordered(covers), begin + length
    found = list(line(first, second, begin, end))

    def holds(at: int) -> Time:
        verdict = next((turn.time for turn in reversed(first) if turn.at <= at), Time.UNWATCHED)
        cover = next((turn.time for turn in reversed(second) if turn.at <= at), None)
        return verdict if verdict is Time.UNWATCHED or cover is None else cover  # type: ignore[return-value]

    assert [time for span in found for time in [span.time] * (span.end - span.begin)] == [
        holds(at) for at in range(begin, end)
    ]
    assert whole(joined(found)).times == whole(found).times


@given(TURNS, st.lists(st.integers(0, 100), min_size=2, max_size=8, unique=True).map(sorted))
def test_pieces_between_edges_are_together_the_whole(turns: list[tuple[int, Time | None]], edges: list[int]) -> None:
    spans = list(line(ordered(turns), [], edges[0], edges[-1]))
    parts = shares(spans, edges)
    assert [sum(part.times.values()) for part in parts] == [b - a for a, b in pairwise(edges)]
    for time in Time:
        assert sum(part[time] for part in parts) == whole(spans)[time]


def test_uptime_is_a_part_of_what_is_known() -> None:
    spans = [
        Span(0, 60, Time.UP), Span(60, 70, Time.DEGRADED), Span(70, 90, Time.DOWN), Span(90, 190, Time.UNKNOWN),
        Span(190, 290, Time.MAINTENANCE), Span(290, 390, Time.PAUSED), Span(390, 490, Time.UNWATCHED),
    ]  # fmt: skip
    assert whole(spans).uptime == 70 / 90
    assert whole(spans[3:]).uptime is None


def test_what_covers_hides_what_it_was_but_not_that_nobody_watched() -> None:
    verdicts = [Turn(10, Time.UP), Turn(40, Time.UNWATCHED)]
    covers = [Turn(0, Time.MAINTENANCE), Turn(20, None), Turn(30, Time.PAUSED)]
    assert [(one.begin, one.time.value) for one in joined(line(verdicts, covers, 0, 60))] == [
        (0, "unwatched"),
        (10, "maintenance"),
        (20, "up"),
        (30, "paused"),
        (40, "unwatched"),
    ]


def test_edges_are_whole_steps() -> None:
    assert edges_between(5, 25, 10) == [5, 10, 20, 25]
    assert edges_between(10, 20, 10) == [10, 20]
    assert edges_between(3, 7, 10) == [3, 7]


@given(
    st.integers(0, 400_000),
    st.integers(0, 400_000),
    st.tuples(st.integers(0, 400_000), st.integers(0, 100_000), st.integers(0, 100_000)),
)
def test_each_second_is_picked_once(begin: int, length: int, behind: tuple[int, int, int]) -> None:
    """However far each tier is made: minutes before hours, hours before days."""
    minutes, hours, days = behind
    made = {60: minutes // 60 * 60}
    made[3_600] = max(0, made[60] - hours) // 3_600 * 3_600
    made[86_400] = max(0, made[3_600] - days) // 86_400 * 86_400
    at = begin
    for span, starts in pick(begin, begin + length, made, {}):
        assert starts.start == at
        assert not span or (starts.start % span == 0 and starts[-1] + span <= made[span])
        at = starts.stop
    assert at == begin + max(0, length) or not length


def test_where_the_edge_is_not_kept_any_more_a_day_belongs_to_the_time_in_which_it_begins() -> None:
    day, made = 86_400, dict.fromkeys(TIERS, 10 * 86_400)
    kept = {60: 9 * day, 3_600: 8 * day}
    one = [(span, list(starts)) for span, starts in pick(day // 2, 2 * day + 7_200, made, kept) if span == day]
    other = [(span, list(starts)) for span, starts in pick(2 * day + 7_200, 5 * day, made, kept) if span == day]
    assert one == [(day, [day, 2 * day])]
    assert other == [(day, [3 * day, 4 * day])]
