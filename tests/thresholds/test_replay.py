"""What a rule would have done: the same as the one at work, and what there was a day or a week ago."""

import random
from pathlib import Path

import pytest

from daemon.series.key import Kind, Labels
from daemon.series.query import TooMuch
from daemon.series.tally import Tally
from daemon.thresholds.replay import Kept, Replayed, replay
from ruled import BEGIN, Bench, rule

C, G, S = Kind.COUNTER, Kind.GAUGE, Kind.SPREAD
RULES = (
    "{name: p90, expr: p90(time) by (route) over 1m, above: 1s, clear: 500ms, for: 20s}",
    "{name: sum, expr: sum(hits) over 30s, below: 20, clear_for: 20s}",
    "{name: ratio, expr: sum(hits) / count(time) by (route) over 2m, above: 2, at_least: 5}",
    "{name: max, expr: max(temp) each over 50s, above: 90, no_data: alarm}",
    "{name: last, expr: last(temp) by (route) over 20s, above: 50, no_data: ok}",
    "{name: gone, expr: absent(temp) by (route) over 40s}",
    "{name: who, expr: different(users) over 1m, above: 7}",
)


def routes(number: int) -> Labels:
    return (("app", "shop"), ("route", f"/{number}"))


def random_history(bench: Bench, seed: int, slots: int) -> None:
    dice = random.Random(seed)
    for _ in range(slots):
        came: list[tuple[str, Kind, Labels, float]] = []
        for number in range(3):
            if dice.random() < 0.8:
                came.append(("hits", C, routes(number), dice.randrange(12)))
            if dice.random() < 0.6:
                came += [("time", S, routes(number), dice.choice((0.1, 0.4, 2.0))) for _ in range(dice.randrange(6))]
            if dice.random() < 0.35:
                came.append(("temp", G, routes(number), dice.randrange(100)))
        came += [("users", Kind.SET, (), dice.randrange(10)) for _ in range(dice.randrange(3))]
        bench.slot(*came)


def tried(bench: Bench, text: str, begin: float = BEGIN, end: float | None = None, **more: object) -> Replayed:
    heard = bench.keeper.evaluator.heard.stretches
    return replay(bench.query, bench.clock, rule(text), begin, end or bench.clock.now(), heard=heard, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", RULES)
def test_a_replay_tells_what_the_rule_at_work_told(tmp_path: Path, text: str) -> None:
    # The first slots let every series be met: what lives and is not heard yet, only the store knows.
    bench = Bench(tmp_path, text)
    everybody = [
        (name, kind, routes(one), 1.0) for one in range(3) for name, kind in (("hits", C), ("time", S), ("temp", G))
    ]
    bench.slot(*everybody, ("users", Kind.SET, (), 1.0), times=12)
    told = len(bench.events)
    random_history(bench, 7, 200)
    live = [
        (one.labels.get("route", ""), one.state.value, one.started_at or one.ended_at) for one in bench.events[told:]
    ]
    found = tried(bench, text, BEGIN)
    again = [(dict(one.group).get("route", ""), one.turn) for one in found.happened][told:]
    assert again == [(route, "fired" if state == "firing" else "ended") for route, state, _ in live]
    assert len(live) > 3  # else it proves nothing
    ends = [one.at for one in found.happened[told:] if one.turn == "ended"]
    assert ends == [at for _, state, at in live if state == "resolved"]


def test_a_changed_rule_would_have_fired_elsewhere(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: r, expr: max(temp) over 10s, above: 10}")
    for value in (1, 11, 21, 11, 1):
        bench.slot(("temp", G, (), value))
    found = tried(bench, "{name: r, expr: max(temp) over 10s, above: 20}")
    assert [(one.at - BEGIN, one.turn, one.value) for one in found.happened] == [(30, "fired", 21), (40, "ended", 11)]
    assert (found.highest, found.lowest, found.evaluated) == (21, 1, 5)


@pytest.mark.parametrize("versus", ["yesterday", "last week"])
def test_against_the_same_hour_over_a_simulated_week(tmp_path: Path, versus: str) -> None:
    """Traffic goes up and down with the day; only the day that is half as busy is an alarm."""
    text = f"{{name: r, expr: sum(orders) over 1h vs {versus}, below: 60%, for: 10m}}"
    bench = Bench(tmp_path, text)
    day = 86_400
    quiet = BEGIN + 8 * day

    def rate(at: float) -> int:
        usual = 10 + 5 * ((at % day) > day / 2)
        return usual // 2 if at >= quiet else usual

    live = bench.table.find("orders", C)
    for hour in range(int(BEGIN), int(quiet + 3 * 3_600), 3_600):
        for start in range(hour, hour + 3_600, 600):
            value = rate(hour) * 600.0
            bench.query.closed(start, [(live, Tally(600, value, value, value, value))])
    found = replay(bench.query, bench.clock, rule(text), quiet - day, quiet + 3 * 3_600, tiers=(Kept(600, 1e9),))
    (fired,) = found.happened
    assert fired.turn == "fired"
    assert quiet + 600 < fired.at <= quiet + 3_600
    assert fired.value is not None
    assert fired.value < 0.6


def test_a_comparison_at_work_reads_the_past(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: r, expr: sum(orders) over 10m vs yesterday, below: 50%}")
    bench.was_there(90_000, 80_000)
    live = bench.table.find("orders", C)
    for start in range(int(BEGIN) - 90_000, int(BEGIN) - 80_000, 10):
        bench.query.closed(start, [(live, Tally(1, 10, 10, 10, 10))])
    bench.slot(("orders", C, (), 10), times=60)
    assert bench.standing("r").judged.value == pytest.approx(1)
    bench.slot(("orders", C, (), 1), times=40)
    assert bench.told == ["r fires"]
    assert "sum of orders against yesterday is" in bench.events[0].title
    assert "below 50%" in bench.events[0].title


def test_where_nothing_was_a_day_ago_there_is_nothing_to_judge(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{name: r, expr: sum(orders) over 10m vs yesterday, above: 200%}")
    bench.was_there(90_000, 80_000)
    bench.slot(("orders", C, (), 10), times=61)
    assert bench.told == []
    assert bench.standing("r").nothing_since


@pytest.mark.parametrize(
    ("away", "value"),
    [(86_400 - 600 + 50, 1.0), (86_400 - 600 + 300, None), (90_000, None)],
    ids=["for a moment", "for half of the window", "until tocsin began"],
)
def test_what_nobody_heard_yesterday_makes_today_no_more_of_it(
    tmp_path: Path, away: float, value: float | None
) -> None:
    """The window is the ten minutes before BEGIN + 600, a day ago; of a part of it there is nothing, and none heard."""
    rules = [f"{{name: {one}, expr: {one}(orders) over 10m vs yesterday, above: 105%}}" for one in ("sum", "rate")]
    bench = Bench(tmp_path, *rules)
    live, gap = bench.table.find("orders", C), range(86_400 - 600, int(away))
    bench.was_there(90_000, away)
    bench.was_there(gap.start, 70_000)
    for ago in range(90_000, 70_000, -10):
        if ago > away or ago <= gap.start:
            bench.query.closed(int(BEGIN) - ago, [(live, Tally(1, 10, 10, 10, 10))])
    bench.slot(("orders", C, (), 10), times=60)
    watched = bench.keeper.evaluator.rules["sum"]
    assert bench.told == []
    if value is None:
        assert watched.waits == "too little of what there was yesterday was heard"
    else:
        assert bench.standing("sum").judged.value == pytest.approx(value)
        assert bench.standing("rate").judged.value == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "back", "says"),
    [
        ("{name: r, expr: sum(x) over 5m, above: 1}", 30 * 86_400, "are kept in steps of 1h, and the window has 5m"),
        ("{name: r, expr: sum(x) over 10s, above: 1}", 90_000, "begin at most 1h59m ago"),
        ("{name: r, expr: sum(x) over 2h, above: 1}", 85 * 86_400 * 100, "so long ago"),
    ],
)
def test_what_is_kept_too_coarsely_or_is_too_much_is_refused(tmp_path: Path, text: str, back: float, says: str) -> None:
    bench = Bench(tmp_path)
    with pytest.raises(TooMuch, match=says):
        replay(bench.query, bench.clock, rule(text), BEGIN - back, BEGIN)


def test_a_replay_is_bounded(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with pytest.raises(TooMuch, match="ask for less time"):
        replay(bench.query, bench.clock, rule(RULES[0]), BEGIN - 9_000_000, BEGIN, tiers=(Kept(10, 1e9),))
    bench.slot(*(("hits", C, (("user", str(one)),), 1) for one in range(900)))
    bench.query.most = 800
    with pytest.raises(TooMuch, match="more numbers than can be read at once: ask for less time"):
        tried(bench, "{name: r, expr: sum(hits) by (user) over 10s, above: 5}")
    bench.query.most = 1_000
    many = rule("{name: r, expr: sum(hits) by (user) over 10s, above: 5}")
    with pytest.raises(TooMuch, match="with all groups"):
        replay(bench.query, bench.clock, many, BEGIN - 20_000, bench.clock.now(), tiers=(Kept(10, 1e9),))


def test_a_replay_says_where_too_much_came_of_what_it_is_compared_with(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.was_there(90_000, 80_000)
    for user in range(100):
        live = bench.table.find("hits", C, (("user", str(user)),))
        for start in range(int(BEGIN) - 87_000, int(BEGIN) - 80_000, 60):
            bench.query.closed(start, [(live, Tally(1, 10, 10, 10, 10))])
    bench.slot(("hits", C, (("user", "1"),), 10), times=60)
    bench.query.most = 80
    with pytest.raises(TooMuch, match="more than 80 numbers"):
        tried(bench, "{name: r, expr: sum(hits) by (user) over 10m vs yesterday, above: 2}")
