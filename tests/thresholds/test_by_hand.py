"""Every function against numbers that were worked out by hand: what is in the window, and nothing of what left it."""

from pathlib import Path

import pytest

from daemon.series.key import Kind, Labels
from daemon.series.tally import Tally
from daemon.thresholds.standing import Phase
from ruled import BEGIN, Bench

C, G, S, SET = Kind.COUNTER, Kind.GAUGE, Kind.SPREAD, Kind.SET
A, B = (("s", "a"),), (("s", "b"),)
NEVER = "above: 1000000000"
DAY = 86_400

Came = tuple[str, Kind, Labels, float]

# Five slots, of which windows of 30 s hold the last three.
SLOTS: tuple[tuple[Came, ...], ...] = (
    (
        *(("hits", C, A, 5), ("hits", C, B, 100), ("temp", G, A, 99), ("time", S, A, 9)),
        *(("users", SET, (), 1), ("users", SET, (), 2)),
    ),
    (("hits", C, A, 1), ("temp", G, A, -99), ("gone", G, (), 1)),
    (
        *(("hits", C, A, 2), ("hits", C, B, 3), ("temp", G, A, 10), ("temp", G, A, 20)),
        *(("time", S, A, 0.1), ("time", S, A, 0.2), ("users", SET, (), 3)),
    ),
    (
        *(("hits", C, B, 6), ("temp", G, B, 40), ("time", S, B, 0.3), ("time", S, B, 0.5)),
        *(("users", SET, (), 3), ("users", SET, (), 4)),
    ),
    (("hits", C, A, 4), ("temp", G, A, 30), ("time", S, A, 0.4), ("users", SET, (), 5)),
)


@pytest.mark.parametrize(
    ("expr", "value", "samples"),
    [
        ("sum(hits)", 2 + 3 + 6 + 4, 15),
        ("count(hits)", 15, 15),
        ("rate(hits)", 15 / 30, 15),
        ("rate(time)", 5 / 30, 5),
        ("sum(time)", 0.1 + 0.2 + 0.3 + 0.5 + 0.4, 5),
        ("count(time)", 5, 5),
        ("avg(time)", 0.3, 5),
        ("min(time)", 0.1, 5),
        ("max(time)", 0.5, 5),
        ("last(time)", 0.4, 5),
        ("p20(time)", 0.1, 5),
        ("p50(time)", 0.3, 5),
        ("p75(time)", 0.4, 5),
        ("p99.9(time)", 0.5, 5),
        ("avg(temp)", (10 + 20 + 40 + 30) / 4, 4),
        ("min(temp)", 10, 4),
        ("max(temp)", 40, 4),
        ("last(temp)", 30, 4),
        ("different(users)", 3, 4),
        ("count(users)", 4, 4),
        ("sum(hits) / count(time)", 15 / 5, 5),
        ("max(temp) / avg(temp)", 40 / 25, 4),
        ('sum(hits{s="b"}) / sum(hits)', 9 / 15, 15),
        ("sum(nothing) / sum(hits)", 0, 15),
        ("sum(hits) / sum(nothing)", None, 0),
        ("avg(gone)", None, 0),
    ],
)
def test_a_function_is_what_it_says(tmp_path: Path, expr: str, value: float | None, samples: float) -> None:
    bench = Bench(tmp_path, f"{{name: r, expr: '{expr} over 30s', {NEVER}}}")
    for came in SLOTS:
        bench.slot(*came)
    judged = bench.standing("r").judged
    within = 0.02 if expr.startswith("p") else 1e-9
    assert judged.value == (None if value is None else pytest.approx(value, rel=within))
    assert judged.samples == samples


def test_groups_are_as_if_each_were_alone(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        f"{{name: sum, expr: sum(hits) by (s) over 30s, {NEVER}}}",
        f"{{name: last, expr: last(temp) each over 30s, {NEVER}}}",
        f"{{name: p50, expr: p50(time) by (s) over 30s, {NEVER}}}",
        "{name: gone, expr: absent(gone) over 30s}",
        "{name: here, expr: absent(hits) by (s) over 10s}",
    )
    for came in SLOTS:
        bench.slot(*came)
    for group, total, newest, middle in ((A[0], 6, 30, 0.2), (B[0], 9, 40, 0.3)):
        assert bench.standing("sum", group).judged.value == total
        assert bench.standing("last", group).judged.value == newest
        assert bench.standing("p50", group).judged.value == pytest.approx(middle, rel=0.02)
    assert bench.standing("gone").judged.value == 1
    assert [bench.standing("here", group).judged.value for group in (A[0], B[0])] == [0, 1]


@pytest.mark.parametrize(
    ("expr", "before", "now"),
    [
        ("sum(x) over 10m vs yesterday", 60 * 10 / (60 * 40), DAY),
        ("rate(x) over 10m vs yesterday", 1, DAY),  # as many values, be they smaller
        ("avg(x) over 10m vs yesterday", 10 / 40, DAY),
        ("p90(x) over 10m vs yesterday", 10 / 40, DAY),
        ("max(x) over 10m vs yesterday", 10 / 40, DAY),
        ("sum(x) / sum(y) over 10m vs yesterday", (10 / 5) / (40 / 5), DAY),
        ("sum(x) over 1h vs last week", 10 / 40, 7 * DAY),
    ],
)
def test_against_the_same_hour_by_hand(tmp_path: Path, expr: str, before: float, now: int) -> None:
    """Then it was 40 in each slot, and now it is 10; of y it is 5 both times."""
    bench = Bench(tmp_path, f"{{name: r, expr: '{expr}', {NEVER}}}")
    bench.was_there(now + 3_600, now - 7_200)
    x, y = bench.table.find("x", S), bench.table.find("y", C)
    for ago in range(now + 3_600, now - 7_200, -10):
        forty = Tally(1, 40, 40, 40, 40, {92: 1})
        bench.query.closed(int(BEGIN) - ago, [(x, forty), (y, Tally(1, 5, 5, 5, 5))])
    bench.slot(("x", S, (), 10), ("y", C, (), 5), times=360)
    assert bench.standing("r").judged.value == pytest.approx(before, rel=0.04 if "p90" in expr else 1e-9)


def test_series_come_and_go_while_a_rule_fires(tmp_path: Path) -> None:
    """Nothing comes for so long that the series live no more; what comes then belongs to the same alarm."""
    bench = Bench(
        tmp_path,
        "{name: hot, expr: max(temp) by (s) over 10s, above: 90}",
        "{name: busy, expr: sum(hits) by (s) over 1m, above: 50}",
    )
    bench.slot(("temp", G, A, 95), ("hits", C, A, 60), ("temp", G, B, 1), times=6)
    assert set(bench.told) == {"hot {s=a} fires", "busy {s=a} fires"}
    first = bench.table.find("temp", G, A)
    bench.slot(times=400)
    assert not first.is_live
    assert bench.told[2:] == ["busy {s=a} is over"]  # of what is known there were none
    assert bench.standing("hot", A[0]).phase is Phase.FIRING  # nothing to judge
    bench.slot(("temp", G, A, 96), ("hits", C, A, 60))
    assert bench.told[3:] == ["busy {s=a} fires"]
    assert bench.table.find("temp", G, A) is not first
    bench.slot(("temp", G, A, 5), ("temp", G, B, 91))
    assert bench.told[4:] == ["hot {s=a} is over", "hot {s=b} fires"]
    assert "Worst: 96" in next(event.text for event in bench.events if event.key == "hot {s=a}" and event.ended_at)
