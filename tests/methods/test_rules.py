"""rules.list, rules.get and rules.test, and what tocsinctl prints of them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.cli import rules as printed
from daemon.errors import MethodError
from daemon.methods import rules
from daemon.methods.table import Table
from daemon.series.key import Kind
from fake_parts import EVERYTHING, Desk
from ruled import Bench

MAX = "{name: hot, expr: max(temp) by (host) over 10s, above: 30s}"
A, B = (("host", "a"),), (("host", "b"),)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = Bench(tmp_path, MAX, "{name: gone, expr: absent(beat) over 1h}")
    for value in (10, 40, 50, 20):
        found.slot(("temp", Kind.GAUGE, A, value), ("temp", Kind.GAUGE, B, value / 2), unit="s")
    return found


def ask(desk: Desk, bench: Bench, method: str, **params: Any) -> Any:
    """Ask a tocsin that has these rules; the answer as JSON."""
    parts = replace(desk.parts(), rules=bench.keeper, clock=bench.clock, settings=lambda: bench.settings)
    table = Table()
    rules.add(table, parts)
    return json.loads(msgspec.json.encode(table.call(method, params, EVERYTHING)))


def test_all_rules_with_how_they_stand(desk: Desk, bench: Bench) -> None:
    bench.slot(("temp", Kind.GAUGE, A, 45), unit="s")
    hot, gone = found = ask(desk, bench, "rules.list")
    assert (hot["phase"], hot["value"], hot["groups"]) == ("firing", 45.0, {"ok": 1, "firing": 1})
    assert gone["waits"] == "only 1% of its window was heard so far"
    text = printed.listing(found)
    assert "hot   firing" in text
    assert "gone: only 1% of its window" in text


def test_one_rule_with_its_groups_the_worst_first(desk: Desk, bench: Bench) -> None:
    bench.slot(("temp", Kind.GAUGE, A, 45), ("temp", Kind.GAUGE, B, 1), unit="s")
    found = ask(desk, bench, "rules.get", name="hot")
    assert [one["labels"] for one in found["groups"]] == [{"host": "a"}, {"host": "b"}]
    assert "host=a" in printed.story(found)
    with pytest.raises(MethodError, match="there is no rule 'hto'; did you mean \"hot\""):
        ask(desk, bench, "rules.get", name="hto")


def test_a_changed_rule_beside_the_one_in_force(desk: Desk, bench: Bench) -> None:
    changed = MAX.replace("30s", "45s")
    found = ask(desk, bench, "rules.test", rule=changed, begin="5m")
    assert [one["value"] for one in found["tried"]["happened"]] == [50, 20]
    assert [one["value"] for one in found["present"]["happened"]] == [40, 20]
    text = printed.timeline(found)
    assert text.index("This rule") < text.index("The rule in force")
    assert "fires  host=a  50s" in text
    assert "is over  host=a after 0:00:10, worst 50s" in text
    same = ask(desk, bench, "rules.test", rule="hot", begin="5m")
    assert same["tried"] == same["present"]
    assert printed.timeline(same).count("max(temp)") == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nothing", "there is no rule 'nothing'"),
        ("{name: x, expr: p95(http.errors) over 5m, above: 1}", "http.errors is a counter"),
        ("{name: x, expr: sum(x) over 5m, above: 1, bellow: 2}", "unknown key"),
        ("{name: x, expr: 'file:/etc/passwd', above: 1}", "refers to nothing"),
        ('{name: x, expr: "${HOME}", above: 1}', "refers to nothing"),
        ("{name: x, expr: sum(x) over 5m, above: 1, active: [nihgt]}", "there is no time interval"),
        ("{name: a/b, expr: sum(x) over 5m, above: 1}", "a name has 1 to 64 characters"),
        ("- a: [", "rule:2"),
        ("a: &a [*a, *a]", "rule"),
        ("{name: x, " + "y: 1, " * 5_000 + "}", "is short"),
        ("[1, 2]: 3", "rule"),
    ],
)
def test_what_is_no_rule_is_refused_with_what_is_wrong(desk: Desk, bench: Bench, text: str, says: str) -> None:
    with pytest.raises(MethodError) as raised:
        ask(desk, bench, "rules.test", rule=text)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("begin", "says"),
    [("soon", "is not a time"), ("400d", "has 10s: begin at most 1h59m ago"), ("0s", "ends before")],
)
def test_a_time_that_cannot_be_replayed_is_refused(desk: Desk, bench: Bench, begin: str, says: str) -> None:
    with pytest.raises(MethodError, match=says):
        ask(desk, bench, "rules.test", rule="hot", begin=begin)
