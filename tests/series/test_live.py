"""What a series takes in a slot."""

import pytest

from daemon.series import distinct
from daemon.series.key import Kind, labels
from daemon.series.live import GaugeLive
from daemon.series.table import Table
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
