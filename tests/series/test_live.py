"""What a series takes in a slot."""

import gc
from collections.abc import Sequence

import pytest

from daemon.series import distinct
from daemon.series.key import Kind, labels
from daemon.series.live import GaugeLive
from daemon.series.rows import Row, Rows
from daemon.series.table import Table
from daemon.series.tally import Tally
from tests.support.fake_clock import FakeClock


@pytest.fixture
def table() -> Table:
    return Table(FakeClock())


def test_a_counter_adds_up_and_begins_anew(table: Table) -> None:
    one = table.find("orders", Kind.COUNTER)
    one.add(2)
    one.add(1, 10)
    tally = one.take()
    assert tally is not None
    assert (tally.total, tally.count) == (12, 2)
    assert one.take() is None


def test_a_gauge_keeps_its_value_and_can_be_shifted(table: Table) -> None:
    one = table.find("queue", Kind.GAUGE)
    assert isinstance(one, GaugeLive)
    one.add(5)
    one.take()
    one.shift(-2)
    tally = one.take()
    assert tally is not None
    assert (tally.last, tally.low, tally.high) == (3, 3, 3)


def test_a_spread_has_percentiles_also_of_samples(table: Table) -> None:
    one = table.find("http.time", Kind.SPREAD, unit="s")
    for value in range(1, 1_001):
        one.add(value / 1_000)
    one.add(5.0, 1_000)
    tally = one.take()
    assert tally is not None
    assert tally.count == 2_000
    assert tally.quantile(0.25) == pytest.approx(0.5, rel=0.02)
    assert tally.quantile(0.9) == 5.0


def test_a_set_counts_different_ones_in_bounded_memory(table: Table) -> None:
    one = table.find("users", Kind.SET)
    for number in range(100_000):
        one.add(distinct.hashed(b"%d" % (number % 50_000)))
    tally = one.take()
    assert tally is not None
    assert len(tally.distinct) == distinct.MOST
    assert tally.different == pytest.approx(50_000, rel=0.1)


def test_labels_are_sorted_and_the_last_of_a_name_counts(table: Table) -> None:
    made = labels([("b", "1"), ("a", "x\ny"), ("b", "2"), ("c", "")])
    assert made == (("a", "x y"), ("b", "2"))
    assert str(table.find("n", Kind.COUNTER, made).key) == 'n{a="x y",b="2"}'


def test_a_gauge_that_would_go_on_beyond_all_numbers_stays_one(table: Table) -> None:
    one = table.find("queue", Kind.GAUGE)
    assert isinstance(one, GaugeLive)
    one.shift(1.7e308)
    one.goes_on(1.7e308)
    tally = one.take()
    assert tally is not None
    assert (one.value, tally.last) == (1.7e308, 1.7e308)


def test_a_slot_leaves_nothing_to_look_at_for_the_collector_of_garbage(table: Table) -> None:
    kept: list[Sequence[Row]] = []
    table.on_closed(lambda _, rows: kept.append(rows))
    lives = [table.find("n", kind, (("n", str(one)),)) for one in range(1_000) for kind in (Kind.COUNTER, Kind.SPREAD)]
    gc.freeze()  # whatever else there is does not count, and takes no time
    try:
        for start in (0, 10):
            for live in lives:
                live.add(1.0)
            gc.collect()
            before = len(gc.get_objects())
            table.close_slot(start)
            assert len(gc.get_objects()) - before < 100
    finally:
        gc.unfreeze()
    assert [len(rows) for rows in kept] == [2_000, 2_000]


def test_what_came_in_a_slot_reads_as_pairs(table: Table) -> None:
    lives = [table.find("n", Kind.COUNTER, (("n", str(one)),)) for one in range(3)]
    rows = Rows((live, Tally(float(number))) for number, live in enumerate(lives))
    assert [(live.key, tally.count) for live, tally in rows] == [
        (live.key, float(number)) for number, live in enumerate(lives)
    ]
    assert rows[1][0] is lives[1]
    assert [tally.count for _, tally in rows[1:]] == [1.0, 2.0]
    assert not Rows()
