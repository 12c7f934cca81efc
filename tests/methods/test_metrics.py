"""`metrics.list`, `metrics.get` and `views.report`: asked as programs and people ask."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.cli import metrics
from daemon.cli.arguments import params, parser
from daemon.methods import build
from daemon.series.key import Kind
from daemon.series.standard import used, viewed
from daemon.store.sqlite import SqliteStore
from fake_clock import BEGIN
from fake_parts import Desk, Said
from measured import Measured


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Measured]:
    found = Measured(tmp_path / "measured.db")
    yield found
    found.end()


@pytest.fixture
def desk(store: SqliteStore, here: Measured) -> Desk:
    """A desk at which one asks about ten minutes of a shop."""
    for number in range(60):
        now = here.clock.now()
        viewed(here.table, "shop", "/pay", 0.1 * (number % 10 + 1), now, is_error=number % 10 == 0)
        viewed(here.table, "shop", "/list", None, now, is_error=False)
        viewed(here.table, "blog", "/", 0.01, now, is_error=False, weight=4.0)
        used(here.table, "shop", "db", "orders", 0.02, now, is_error=number % 20 == 0)
        here.live("jobs").add(30)
        here.live("room", Kind.GAUGE, "C", room="a").add(20 + number % 2)
        here.close()
    found = Desk(store, here.clock)
    found.series = here.query
    found.table = build(found.parts())
    return found


def given(*words: str) -> argparse.Namespace:
    return parser().parse_args(words)


def test_names_are_listed_and_the_series_of_one(desk: Desk) -> None:
    names = {one["name"]: (one["kind"], one["unit"], one["series"]) for one in desk.ask("metrics.list")}
    assert names["http.time"] == ("spread", "s", 2)
    assert names["jobs"] == ("counter", "", 1)
    (pay,) = desk.ask("metrics.list", selector='http.time{app="shop"}')
    assert pay["labels"] == {"app": "shop", "route": "/pay"}
    assert pay["seen"] == pytest.approx(BEGIN, abs=600)


def test_a_series_is_shown_as_its_kind_is_usually_asked_for(desk: Desk) -> None:
    jobs = desk.ask("metrics.get", selector="jobs", step="1m")
    assert (jobs["what"], jobs["step"], len(jobs["series"][0]["points"])) == ("rate", 60, 10)
    assert [value for _, value in jobs["series"][0]["points"]] == [3.0] * 10
    room = desk.ask("metrics.get", selector="room", step="all", by=["room"])
    assert (room["what"], room["unit"], room["series"][0]["labels"]) == ("avg", "C", {"room": "a"})
    assert room["series"][0]["points"][0][1] == 20.5
    times = desk.ask("metrics.get", selector="http.time", by=["*"], period="10m", step="all")
    assert times["what"] == "p95"
    assert {one["labels"]["route"]: one["points"][0][1] for one in times["series"]} == {
        "/pay": pytest.approx(1.0, rel=0.03),
        "/": pytest.approx(0.01, rel=0.03),
    }


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("count", 60),
        ("sum", 1_230),
        ("avg", 20.5),
        ("min", 20),
        ("max", 21),
        ("last", 21),
        ("rate", 0.1),
    ],
)
def test_everything_can_be_asked_of_it(desk: Desk, what: str, value: float) -> None:
    found = desk.ask("metrics.get", selector="room", what=what, step="all", period="10m")
    assert found["series"][0]["points"][0][1] == pytest.approx(value)


def test_steps_are_longer_where_nothing_that_fine_is_kept(desk: Desk) -> None:
    assert desk.ask("metrics.get", selector="jobs", step="10s", period="5h")["step"] == 60
    assert desk.ask("metrics.get", selector="jobs", step="1m", period="20d")["step"] == 3_600
    assert desk.ask("metrics.get", selector="jobs", period="200d")["step"] == 86_400


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"selector": "{a"}, "names no series"),
        ({"selector": 'jobs{a=~"("}'}, "RE2"),
        ({"selector": "jobs", "what": "median"}, "p50, p95"),
        ({"selector": "jobs", "what": "p95"}, "p95 is of times and other spreads; jobs is a counter"),
        ({"selector": "jobs", "step": "7s"}, "ten seconds"),
        ({"selector": "jobs", "step": "soon"}, "step"),
        ({"selector": "jobs", "period": "soon"}, "not a period"),
        ({"selector": "jobs", "period": "1h", "begin": "2026-01-01"}, "either"),
        ({"selector": "jobs", "begin": "2126-01-01"}, "before it begins|not come yet"),
        ({"selector": "jobs", "zone": "Mars"}, "zone"),
        ({"selector": "jobs", "begin": "1990-01-01", "step": "10s"}, "more than"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(desk: Desk, asked: dict[str, str], said: str) -> None:
    with pytest.raises(Said, match=said):
        desk.ask("metrics.get", **asked)


def test_views_are_told_by_route_app_and_resource(desk: Desk) -> None:
    routes = desk.ask("views.report", period="10m")
    assert [(one["app"], one["route"], one["requests"]) for one in routes["lines"]] == [
        ("blog", "/", 240),
        ("shop", "/list", 60),
        ("shop", "/pay", 60),
    ]
    pay = routes["lines"][2]
    assert (pay["errors"], pay["error_share"]) == (6, 0.1)
    assert pay["p50"] == pytest.approx(0.5, rel=0.03)
    assert routes["lines"][1]["p95"] is None
    assert (routes["all"]["requests"], routes["all"]["errors"]) == (360, 6)
    apps = desk.ask("views.report", of="app", app="shop")
    assert [(one["app"], one["requests"], one["errors"]) for one in apps["lines"]] == [("shop", 120, 6)]
    (orders,) = desk.ask("views.report", of="resource")["lines"]
    assert (orders["type"], orders["resource"], orders["requests"], orders["errors"]) == ("db", "orders", 60, 3)
    slowest = desk.ask("views.report", sort="p95", limit=1)
    assert (slowest["lines"][0]["route"], slowest["number"]) == ("/pay", 3)
    assert desk.ask("views.report", of="app", app="nobody")["lines"] == []


def test_people_read_tables(desk: Desk) -> None:
    assert "http.time" in metrics.listing(desk.ask("metrics.list"))
    assert "route=/pay" in metrics.listing(desk.ask("metrics.list", selector="http.time"))
    shown = metrics.courses(desk.ask("metrics.get", selector="jobs", step="5m"))
    assert shown.startswith("rate of jobs: ")
    assert len(shown.splitlines()) == 5
    assert "room=a" in metrics.courses(desk.ask("metrics.get", selector="room", step="all", by=["room"]))
    assert "there is no such series" in metrics.courses(desk.ask("metrics.get", selector="nothing"))
    long_ago = desk.ask("metrics.get", selector="jobs", begin="2026-01-01", end="2026-01-02")
    assert "nothing came in that time" in metrics.courses(long_ago)
    taken = metrics.courses(desk.ask("metrics.get", selector='http.time{route="/pay"}', step="all"))
    assert taken.splitlines()[-1].endswith("ms")
    report = metrics.report(desk.ask("views.report", limit=2))
    assert "shop" in report
    assert "and 1 more" in report
    assert "10.00%" in metrics.report(desk.ask("views.report", app="shop"))
    assert "nothing came" in metrics.report(desk.ask("views.report", app="nobody"))


def test_nothing_that_was_sent_commands_the_terminal(desk: Desk, here: Measured) -> None:
    here.live("evil\x1b[2J", route="\x1b]0;x\x07").add(1)
    here.close()
    for text in (
        metrics.listing(desk.ask("metrics.list")),
        metrics.courses(desk.ask("metrics.get", selector="evil*", by=["*"])),
        metrics.courses(desk.ask("metrics.get", selector="evil*", by=["*"], step="all")),
    ):
        assert "\x1b" not in text


def test_the_command_asks_as_it_was_told() -> None:
    said = given("metrics", "get", "a", "--what", "p99", "--period", "6h", "--by", "b", "--by", "c")
    assert params(said.command, said) == {"selector": "a", "what": "p99", "period": "6h", "by": ["b", "c"]}
