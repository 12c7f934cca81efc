"""Rules over real series: windows, groups, ratios, what is late, what nobody heard, a restart at any time."""

from pathlib import Path

import pytest

from daemon import telemetry
from daemon.errors import StoreUnavailable
from daemon.event import Severity, State
from daemon.series.key import Kind
from daemon.series.tally import Tally
from daemon.thresholds.past import Past
from daemon.thresholds.standing import Phase
from ruled import Bench

C, G, S = Kind.COUNTER, Kind.GAUGE, Kind.SPREAD
PAY, CART = (("app", "shop"), ("route", "/pay")), (("app", "shop"), ("route", "/cart"))
SLOW = (
    "{name: slow, expr: 'p95(http.time{app=\"shop\"}) over 1m', above: 800ms, clear: 600ms,"
    " labels: {severity: critical}}"
)


def test_a_percentile_of_all_series_together_fires_and_is_over(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SLOW)
    bench.slot(("http.time", S, PAY, 0.1), ("http.time", S, CART, 0.2), times=6, unit="s")
    assert bench.told == []
    bench.slot(("http.time", S, PAY, 2.0), unit="s")
    assert bench.told == ["slow fires"]
    (event,) = bench.events
    assert event.severity is Severity.CRITICAL
    assert event.labels == {"severity": "critical", "rule": "slow"}
    assert event.title == "slow: p95 of http.time is 2s, above 800ms"
    assert "Made of: 11 values in 1m" in event.text
    assert "Most of it: app=shop, route=/pay" in event.text
    bench.slot(("http.time", S, PAY, 0.1), times=6, unit="s")
    assert bench.told == ["slow fires", "slow is over"]
    assert bench.events[-1].state is State.RESOLVED
    assert "It fired for 1m" in bench.events[-1].text


def test_one_alarm_for_each_group(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: r, expr: sum(hits) by (route) over 30s, above: 20, labels: {team: web}}")
    bench.slot(("hits", C, PAY, 1), ("hits", C, CART, 1), times=3)
    bench.slot(("hits", C, PAY, 30), ("hits", C, CART, 1))
    assert bench.told == ["r {route=/pay} fires"]
    assert bench.events[0].labels == {"rule": "r", "route": "/pay", "team": "web"}
    bench.slot(("hits", C, CART, 1), times=3)
    assert bench.told[1:] == ["r {route=/pay} is over"]


def test_each_series_alone(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: r, expr: max(disk) each over 10s, above: 90}")
    bench.slot(("disk", G, PAY, 91), ("disk", G, CART, 50))
    bench.slot(("disk", G, PAY, 50), ("disk", G, CART, 99))
    assert set(bench.told) == {
        "r {app=shop, route=/pay} fires",
        "r {app=shop, route=/pay} is over",
        "r {app=shop, route=/cart} fires",
    }


def test_a_ratio_of_two(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path, "{name: r, expr: sum(http.errors) / count(http.time) by (route) over 30s, above: 10%, at_least: 30}"
    )
    views = [("http.time", S, PAY, 0.1)] * 10 + [("http.time", S, CART, 0.1)] * 10
    bench.slot(*views, times=3)
    assert bench.standing("r", ("route", "/pay")).judged.value == 0  # no errors are none, and no missing data
    bench.slot(*views, ("http.errors", C, PAY, 4))
    assert bench.told == ["r {route=/pay} fires"]
    assert "is 13.3%, above 10%" in bench.events[0].title
    bench.slot(("http.errors", C, PAY, 40))  # too few views to say
    assert bench.standing("r", ("route", "/pay")).nothing_since
    bench.slot(*views, times=3)
    assert bench.told[-1] == "r {route=/pay} is over"


def test_how_many_in_a_second_and_sums(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        "{name: fast, expr: rate(hits) over 20s, above: 1/s}",
        "{name: few, expr: sum(hits) over 20s, below: 5}",
        "{name: avg, expr: avg(temp) over 20s, above: 20}",
        "{name: low, expr: min(temp) over 20s, below: 0}",
        "{name: who, expr: different(users) over 20s, above: 1}",
        "{name: now, expr: last(temp) over 20s, above: 100}",
    )
    bench.slot(("hits", C, PAY, 3), ("temp", G, (), 10), ("users", Kind.SET, (), 7))
    bench.slot(("hits", C, CART, 3), ("temp", G, (), 10), ("users", Kind.SET, (), 7))
    assert bench.told == []
    bench.slot(("hits", C, PAY, 30), ("temp", G, (), 31), ("users", Kind.SET, (), 8))
    assert bench.told == ["fast fires", "avg fires", "who fires"]
    bench.slot(("temp", G, (), 200), times=1)
    assert bench.told[3:] == ["who is over", "now fires"]
    bench.slot(("temp", G, (), -1), times=1)
    assert set(bench.told[5:]) == {"fast is over", "few fires", "low fires", "now is over"}  # nothing came: that is 0


def test_nothing_comes(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        "{name: gone, expr: absent(beat) over 30s}",
        "{name: host, expr: absent(beat) by (host) over 30s, labels: {severity: warning}}",
        "{name: dull, expr: avg(beat) over 30s, above: 1, no_data: alarm}",
    )
    bench.slot(("beat", G, (("host", "a"),), 1), ("beat", G, (("host", "b"),), 1), times=3)
    assert bench.told == []
    bench.slot(("beat", G, (("host", "a"),), 1), times=3)
    assert bench.told == ["host {host=b} fires"]
    assert bench.events[0].title == "host (host=b): nothing came of beat for 30s"
    bench.slot(times=3)
    assert set(bench.told[1:]) == {"gone fires", "host {host=a} fires", "dull fires"}
    bench.slot(("beat", G, (("host", "a"),), 1))
    assert set(bench.told[4:]) == {"gone is over", "host {host=a} is over", "dull is over"}


def test_what_never_came_is_absent_and_no_sum(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: a, expr: absent(x) over 30s}", "{name: s, expr: sum(x) over 30s, below: 5}")
    bench.slot(times=4)
    assert bench.told == ["a fires"]


def test_a_group_of_which_nothing_comes_for_a_day_is_forgotten(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: host, expr: absent(beat) by (host) over 30s}")
    bench.slot(("beat", G, (("host", "a"),), 1), times=4)
    bench.slot(times=3)
    assert bench.told == ["host {host=a} fires"]
    evaluator, start = bench.keeper.evaluator, int(bench.clock.now())
    changes = [one for at in range(start, start + 86_400, 10) for one in evaluator.judge(at) if one is not None]
    assert [(one.turn, one.why) for one in changes] == [("ended", "nothing has come of it for a day")]
    assert evaluator.views[0].groups == {}
    assert evaluator.rules["host"].standings == {}


def test_only_silence_that_was_heard_makes_a_group_forgotten(tmp_path: Path) -> None:
    """Tocsin was away for a weekend: the first slots after it say nothing of what is sent once a minute."""
    bench = Bench(tmp_path, "{name: hot, expr: max(temp) by (host) over 10s, above: 90}")
    bench.slot(("temp", G, (("host", "a"),), 95), times=2)
    for pause in (0, 1):
        bench.restart(pause=2 * 86_400.0 * pause)
        bench.slot(times=3)
        assert bench.told == ["hot {host=a} fires"]
        assert bench.standing("hot", ("host", "a")).phase is Phase.FIRING
    bench.slot(("temp", G, (("host", "a"),), 95))
    bench.slot(("temp", G, (("host", "a"),), 5))
    assert bench.told == ["hot {host=a} fires", "hot {host=a} is over"]


def test_what_one_rule_forgets_another_may_still_watch(tmp_path: Path) -> None:
    """Nobody sees the page any more, and its errors go on: the windows of these stay."""
    by = "by (route) over 10m"
    bench = Bench(
        tmp_path,
        f"{{name: share, expr: sum(errors) / count(http.time) {by}, above: 50%}}",
        f"{{name: few, expr: sum(errors) {by}, below: 50}}",
    )
    bench.slot(("http.time", S, PAY, 0.1), ("errors", C, PAY, 1), times=60)
    evaluator, live = bench.keeper.evaluator, bench.table.find("errors", C, PAY)
    for at in range(int(bench.clock.now()), int(bench.clock.now()) + 87_000, 10):
        for _ in evaluator.take(at, [(live, Tally(1, 1, 1, 1, 1))]):
            pass
        assert all(one is None or one.watched.rule.name == "share" for one in evaluator.judge(at))
    assert evaluator.rules["share"].standings == {}
    assert evaluator.rules["few"].standings[(("route", "/pay"),)].judged.value == 60


def test_groups_above_a_line_are_forgotten_too(tmp_path: Path) -> None:
    """Of routes that only ever failed there is nothing below the line."""
    bench = Bench(tmp_path, "{name: share, expr: sum(errors) / count(http.time) by (route) over 10s, above: 50%}")
    bench.slot(("http.time", S, PAY, 0.1), ("errors", C, CART, 1))
    above, evaluator = bench.keeper.evaluator.rules["share"].views[0], bench.keeper.evaluator
    assert len(above.groups) == 1
    for at in range(int(bench.clock.now()), int(bench.clock.now()) + 86_500, 10):
        for _ in evaluator.judge(at):
            pass
    assert above.groups == {}


def test_what_is_late_counts_where_it_belongs(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: r, expr: sum(hits) over 30s, above: 10}")
    bench.slot(("hits", C, PAY, 1), times=3)
    live = bench.table.find("hits", C, PAY)
    bench.late(30, (live, Tally(1, 20, 20, 20, 20)))  # leaves with the next slot
    bench.slot(("hits", C, PAY, 1))
    assert bench.told == []
    bench.late(20, (live, Tally(1, 20, 20, 20, 20)))
    bench.late(500, (live, Tally(1, 9_999, 20, 20, 20)))  # far too late
    bench.slot(("hits", C, PAY, 1))
    assert bench.told == ["r fires"]
    bench.slot(("hits", C, PAY, 1))
    assert bench.told == ["r fires", "r is over"]


def test_a_gap_in_which_nobody_heard_is_no_alarm(tmp_path: Path) -> None:
    """The process stood still: no slots were closed, and nothing of that is `nothing came`."""
    bench = Bench(
        tmp_path,
        "{name: few, expr: sum(hits) over 5m, below: 20, for: 1m}",
        "{name: gone, expr: absent(hits) over 5m}",
    )
    bench.slot(("hits", C, PAY, 1), times=30)
    bench.clock.advance(600)
    bench.slot(("hits", C, PAY, 1), times=26)
    assert bench.told == []
    assert "of its window was heard" in bench.keeper.evaluator.rules["few"].waits
    bench.slot(("hits", C, PAY, 1), times=4)
    assert bench.told == []
    assert bench.standing("few").judged.value == 30
    assert bench.standing("few").phase is Phase.OK


def test_a_short_gap_is_made_up_for(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path, "{name: few, expr: sum(hits) over 5m, below: 29}", "{name: f, expr: rate(hits) over 5m, below: 1}"
    )
    bench.slot(("hits", C, PAY, 10), times=30)
    bench.clock.advance(20)
    bench.slot(("hits", C, PAY, 10), times=5)
    assert bench.standing("few").judged.value == pytest.approx(300)
    assert bench.standing("f").judged.value == pytest.approx(1)


def test_for_counts_what_was_evaluated_and_no_gap(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: r, expr: max(x) over 10s, above: 1, for: 1m}")
    bench.slot(("x", G, (), 2), times=3)
    bench.clock.advance(3_600)
    bench.slot(("x", G, (), 2), times=3)
    assert bench.told == []
    bench.slot(("x", G, (), 2))
    assert bench.told == ["r fires"]


def test_a_clock_that_is_set_back_loses_no_alarm(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: r, expr: max(x) over 10s, above: 1}")
    bench.slot(("x", G, (), 2), times=2)
    bench.clock.jump(-86_400)
    bench.slot(("x", G, (), 2), times=2)
    assert bench.told == ["r fires"]
    bench.slot(("x", G, (), 0))
    assert bench.told == ["r fires", "r is over"]


def test_after_a_clock_that_is_set_back_it_is_known_when_tocsin_was_away(tmp_path: Path) -> None:
    """Not what was on disk before that, of a day after: the pause would seem to have been heard."""
    bench = Bench(tmp_path, "{name: r, expr: absent(x) over 1m}")
    bench.was_there(90_000, 0)
    bench.slot(("x", G, (), 2), times=6)
    bench.clock.jump(-86_400)
    bench.slot(("x", G, (), 2), times=6)
    bench.restart(pause=600)
    bench.slot()
    assert bench.told == []
    assert "was heard so far" in bench.keeper.evaluator.rules["r"].waits


def test_a_slot_that_comes_twice_is_judged_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: r, expr: max(x) over 10s, above: 1, for: 20s}")
    bench.slot(("x", G, (), 2), times=2)
    for _ in range(5):
        bench.late(10)
    assert bench.told == []


LONG_FOR = "{name: r, expr: max(x) over 30s, above: 1, for: 30s, clear_for: 30s}"


@pytest.mark.parametrize("slots", range(12))
def test_a_restart_at_any_time_changes_nothing_that_is_told(tmp_path: Path, slots: int) -> None:
    """Pending, firing, clearing: the next process goes on, tells nothing anew and forgets no end."""
    bench = Bench(tmp_path, LONG_FOR)
    values = [0, 0, 0, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0]
    for number, value in enumerate(values):
        if number == slots:
            bench.restart()
        bench.slot(("x", G, (), value))
    assert bench.told == ["r fires", "r is over"]
    assert bench.events[1].ended_at == bench.clock.now() - 10
    assert bench.events[0].started_at == bench.clock.now() - 100


def test_windows_are_filled_from_the_store_after_a_restart(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: r, expr: sum(hits) by (route) over 5m, above: 290}")
    bench.slot(("hits", C, PAY, 10), times=29)
    bench.restart()
    bench.slot(("hits", C, PAY, 10))
    assert bench.told == ["r {route=/pay} fires"]


def test_a_window_of_more_numbers_than_one_answer_may_have_is_filled_all_the_same(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    routes = [("hits", C, (("route", str(one)),), 10.0) for one in range(7)]
    bench.slot(*routes, times=30)
    bench.query.most = 7 * 8
    bench.keeper._past = Past(bench.query, most=7 * 8)
    bench.reload("{name: r, expr: sum(hits) by (route) over 5m, above: 299}")
    bench.slot(*routes)
    assert len(bench.told) == 7


def test_a_past_that_cannot_be_read_keeps_no_slot_from_being_judged(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.slot(("hits", C, PAY, 10), ("hits", C, CART, 10), times=6)
    bench.query.most = 1
    bench.reload(
        "{name: new, expr: sum(hits) by (route) over 1m, above: 1}",
        "{name: old, expr: sum(hits) by (route) over 10m vs yesterday, above: 1}",
        "{name: now, expr: max(x) over 10s, above: 1}",
    )
    bench.slot(("hits", C, PAY, 10), ("x", G, (), 2))
    assert bench.told == ["now fires"]
    bench.slot(("hits", C, PAY, 10), times=5)
    assert bench.told[1:] == ["new {route=/pay} fires"]


def test_a_rule_that_comes_with_a_reload_knows_the_past(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.slot(("hits", C, PAY, 10), times=30)
    bench.reload("{name: r, expr: sum(hits) over 5m, above: 290}")
    bench.slot(("hits", C, PAY, 10))
    assert bench.told == ["r fires"]


@pytest.mark.parametrize("restarts", [False, True])
def test_a_changed_rule_begins_anew_and_one_that_is_gone_is_over(tmp_path: Path, *, restarts: bool) -> None:
    one, other = "{name: a, expr: max(x) over 10s, above: 1}", "{name: b, expr: max(x) over 10s, above: 1}"
    bench = Bench(tmp_path, one, other)
    bench.slot(("x", G, (), 2))
    assert bench.told == ["a fires", "b fires"]
    changed = one.replace("above: 1", "above: 5")
    if restarts:
        bench.restart(rules=[changed])
    else:
        bench.reload(changed)
    bench.slot(("x", G, (), 2))
    assert set(bench.told[2:]) == {"a is over", "b is over"}
    assert {event.title for event in bench.events[2:]} == {
        "a: the rule was changed and begins anew",
        "b: the rule was removed",
    }
    bench.slot(("x", G, (), 9))
    assert bench.told[4:] == ["a fires"]


def test_words_can_change_without_a_new_beginning(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: a, expr: max(x) over 10s, above: 1}")
    bench.slot(("x", G, (), 2))
    bench.reload("{name: a, expr: max(x) over 10s, above: 1, text: call Lin}")
    bench.slot(("x", G, (), 2))
    assert bench.told == ["a fires"]


def test_what_alerting_cannot_take_is_told_later_in_order(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: r, expr: max(x) over 10s, above: 1}")
    bench.refuses = StoreUnavailable("the disk is full")
    bench.slot(("x", G, (), 2))
    bench.slot(("x", G, (), 0))
    assert bench.told == []
    bench.restart()
    bench.refuses = None
    bench.slot(("x", G, (), 0))
    assert bench.told == ["r fires", "r is over"]
    bench.slot(("x", G, (), 0))
    assert len(bench.told) == 2


def test_what_alerting_can_never_take_keeps_no_other_back(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: a, expr: max(x) over 10s, above: 1}", "{name: b, expr: max(x) over 10s, above: 1}")
    bench.chokes_on = "a"
    bench.slot(("x", G, (), 2))
    assert bench.told == ["b fires"]
    bench.chokes_on = ""
    bench.slot(("x", G, (), 2))
    assert bench.told == ["b fires"]


def test_a_rule_that_asks_what_cannot_be_asked_is_an_alarm_of_its_own(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: r, expr: p95(hits) over 10s, above: 1}")
    bench.slot(("hits", C, PAY, 2), times=2)
    assert bench.alarms == [("rule", "r: hits is a counter: of a counter can be asked rate, sum and count, not p95")]
    bench.reload()
    bench.slot()
    assert bench.alarms[1:] == [("rule", "over")]


def test_an_alarm_about_rules_lasts_as_long_as_what_it_is_about(tmp_path: Path) -> None:
    """One of tocsin's own that is not raised again is taken to be over."""
    bench = Bench(tmp_path, "{name: r, expr: p95(hits) over 10s, above: 1}")
    bench.slot(("hits", C, PAY, 2), times=31)
    assert len(bench.alarms) == 6
    assert len(set(bench.alarms)) == 1


def test_groups_are_bounded_and_that_is_said(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: r, expr: sum(hits) by (user) over 10s, above: 5}")
    bench.slot(*(("hits", C, (("user", str(one)),), 1) for one in range(1_100)))
    assert len(bench.keeper.evaluator.views[0].groups) == 1_000
    assert bench.alarms == [("rule", "r: hits has more than 1,000 groups: the rest is not watched")]
    bench.was_there(-10, -86_500)
    bench.clock.advance(86_490)
    bench.slot(("hits", C, (("user", "1"),), 1))
    assert bench.alarms[1:] == [("rule", "over")]


def test_how_long_an_evaluation_takes_is_told(tmp_path: Path) -> None:
    def times() -> float:
        (family,) = telemetry.rule_seconds.collect()
        return next(one.value for one in family.samples if one.name.endswith("_count"))

    before = times()
    Bench(tmp_path, SLOW).slot(times=3)
    assert times() == before + 3


def test_rules_that_look_at_the_same_share_a_window(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        "{name: a, expr: p95(http.time) over 5m, above: 1s}",
        "{name: b, expr: p99(http.time) over 5m, above: 2s}",
        "{name: c, expr: p99(http.time) over 1m, above: 2s}",
    )
    assert len(bench.keeper.evaluator.views) == 2


@pytest.mark.parametrize(
    ("asked", "fires"),
    [
        ("expr: avg(http.time) over 1d, above: 1s, at_least: 30", True),
        ("expr: p95(http.time) over 1d, above: 1s, at_least: 30", True),
        ("expr: max(http.time) over 1d, above: 1s, at_least: 30", True),
        ("expr: sum(http.errors) / count(http.time) over 1d, above: 50%, at_least: 30", True),
        ("expr: avg(http.time) over 1d, above: 1s", False),
        ("expr: avg(http.time) over 1d, above: 1s, at_least: 30, no_data: alarm", False),
        ("expr: max(http.time) over 1d, below: 9s, at_least: 30", False),
        ("expr: sum(http.errors) over 1d, above: 1, at_least: 30", False),
        ("expr: count(http.time) / avg(http.time) over 1d, above: 1, at_least: 30", False),
    ],
)
def test_a_part_of_the_window_will_do_where_enough_values_are_said(tmp_path: Path, asked: str, *, fires: bool) -> None:
    bench = Bench(tmp_path, f"{{name: r, {asked}}}")
    bench.slot(("http.time", S, PAY, 2.0), ("http.errors", C, PAY, 1.0), times=24, unit="s")
    assert bench.told == []
    bench.slot(("http.time", S, PAY, 2.0), ("http.errors", C, PAY, 1.0), times=12, unit="s")
    assert bench.told == (["r fires"] if fires else [])


def test_no_value_of_a_label_makes_two_groups_one_alarm(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: r, expr: 'sum(hits) by (app, host) over 10s', above: 1}")
    bench.slot(("hits", C, (("app", "a"), ("host", "b")), 5), ("hits", C, (("app", "a, host=b"),), 5))
    assert sorted(bench.told) == ['r {app="a, host=b"} fires', "r {app=a, host=b} fires"]
