"""What people read of a rule: numbers in the units of what they are, and why it is over."""

from pathlib import Path

import pytest

from daemon.series.key import Kind
from daemon.series.tally import Tally
from ruled import BEGIN, Bench

S = Kind.SPREAD
PAY, CART = (("route", "/pay"),), (("route", "/cart"),)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("sum(http.time) over 10s, above: 1", "Most of it: route=/pay: 6s"),
        ("p50(http.time) over 10s, above: 1", "Most of it: route=/pay: 2s"),
        ("count(http.time) over 10s, above: 1", "Most of it: route=/pay: 3"),
        ("rate(http.time) over 10s, above: 0.1/s", "Most of it: route=/pay: 0.3/s"),
        ("sum(http.time) / count(http.time) over 10s, above: 500ms", "Most of it: route=/pay: 6s"),
        ("count(http.time) / sum(http.time) over 10s, above: 50%", "Most of it: route=/pay: 3"),
    ],
)
def test_the_series_that_stands_out_is_told_in_its_own_unit(tmp_path: Path, rule: str, says: str) -> None:
    bench = Bench(tmp_path, f"{{name: r, expr: {rule}}}")
    bench.slot(*[("http.time", S, PAY, 2.0)] * 3, ("http.time", S, CART, 1.0), unit="s")
    (event,) = bench.events
    assert says in event.text.splitlines()


def test_an_end_for_want_of_values_does_not_say_that_the_value_is_well(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: r, expr: max(http.time) over 10s, above: 1s, at_least: 2, no_data: ok}")
    bench.slot(*[("http.time", S, PAY, 2.0)] * 3, unit="s")
    bench.slot(("http.time", S, PAY, 9.0), unit="s")
    assert bench.told == ["r fires", "r is over"]
    assert bench.events[1].title == "r: too little comes of http.time to judge it"


@pytest.mark.parametrize("there", [True, False])
def test_what_was_yesterday_is_told_if_it_was_heard(tmp_path: Path, *, there: bool) -> None:
    bench = Bench(tmp_path, "{name: r, expr: sum(http.time) over 1m, above: 11s}")
    if there:
        bench.was_there(87_000, 86_000)
    live = bench.table.find("http.time", S, PAY, "s")
    for ago in range(87_000, 86_000, -10):
        bench.query.closed(int(BEGIN) - ago, [(live, Tally(1, 0.5, 0.5, 0.5, 0.5))])
    bench.slot(("http.time", S, PAY, 2.0), times=6, unit="s")
    (event,) = bench.events
    assert ("Yesterday at this time: 3s" in event.text.splitlines()) is there
    assert ("Yesterday" in event.text) is there
