"""What the client sends arrives under exactly the names and labels that every other door gives it."""

import pytest

import tocsin
from daemon.intakes.statsd.grammar import Dialect
from daemon.intakes.statsd.reading import Reader
from daemon.series import standard
from daemon.series.table import Table
from ear import Ear
from fake_clock import FakeClock


def heard(ear: Ear, clock: FakeClock) -> Table:
    """What tocsin makes of everything that was sent."""
    table = Table(clock)
    reader = Reader(table, clock, lambda _: None, Dialect(signs_shift=False, milliseconds=True), 3_600.0)
    reader.read([line.encode() for line in ear.rest()])
    return table


def test_page_views_errors_and_resources_are_the_standard_ones(ear: Ear, clock: FakeClock) -> None:
    @tocsin.timed(route="/orders/<int:number>")
    def fails() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        fails()
    with pytest.raises(LookupError), tocsin.resource("db", "orders"):
        raise LookupError
    table = heard(ear, clock)
    expected = Table(clock)
    standard.viewed(expected, "shop", "/orders/<int:number>", 0.1, clock.now(), is_error=True)
    standard.used(expected, "shop", "db", "orders", 0.1, clock.now(), is_error=True)
    assert {live.key for live in table} == {live.key for live in expected}
    assert len(expected) == 4


def test_seconds_stay_seconds_and_counts_counts(ear: Ear, clock: FakeClock) -> None:
    tocsin.Timer("import").add(1.5)
    tocsin.Timer("import").add(0.5)
    tocsin.Counter("orders").increment(5)
    tocsin.Average("rows").add(3)
    tocsin.Average("rows").add(5)
    tocsin.Gauge("balance").set(-7)
    for who in ("lin", "wang", "lin", "2001:db8::1"):
        tocsin.Distinct("visitors").add(who)
    found = {live.key.name: (live.key.unit, live.take()) for live in heard(ear, clock)}
    tallies = {name: tally for name, (_, tally) in found.items() if tally is not None}
    assert found["import"][0] == "s"
    assert tallies["import"].mean == pytest.approx(1.0)
    assert tallies["orders"].total == 5
    assert tallies["rows"].mean == 4
    assert tallies["balance"].last == -7
    assert tallies["visitors"].different == 3
