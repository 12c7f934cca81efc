"""How threshold rules stand on the overview: the worst first, each with its number and its limit."""

from pathlib import Path

from daemon.series.key import Kind
from daemon.web.apps.ruled import rules
from ruled import BEGIN, Bench

SLOW = "{name: slow, expr: avg(took) over 10s, above: 800ms}"
MANY = "{name: many, expr: rate(hits) over 10s, above: 500/s}"
FEW = "{name: few, expr: sum(hits) by (route) over 10s, below: 3}"
SILENT = "{name: silent, expr: absent(pulse) over 10s}"
UNHEARD = "{name: unheard, expr: avg(took) over 1h, above: 1s}"


def test_the_worst_stands_first_with_its_number_its_limit_and_since_when(tmp_path: Path) -> None:
    bench = Bench(tmp_path, UNHEARD, MANY, SILENT, FEW, SLOW)
    for _ in range(3):
        for route, number in (("/", 9.0), ("/pay", 1.0)):
            bench.table.find("hits", Kind.COUNTER, (("route", route),)).add(number)
        bench.slot(("took", Kind.SPREAD, (), 0.912), unit="s")
    shown = rules(bench.keeper.evaluator.rules)
    told = {one.name: (one.state, one.value) for one in shown}
    assert told == {
        "slow": ("firing", "912ms (> 800ms)"),
        "few": ("firing", "1 (< 3)"),  # of its two routes the one that is worse
        "silent": ("firing", ""),
        "many": ("ok", "1/s (> 500/s)"),
        "unheard": ("unknown", ""),
    }
    assert [one.state for one in shown] == ["firing", "firing", "firing", "ok", "unknown"]
    assert all(one.since is None or one.since > BEGIN for one in shown)


def test_there_may_be_none(tmp_path: Path) -> None:
    assert rules(Bench(tmp_path).keeper.evaluator.rules) == ()
