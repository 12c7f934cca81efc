"""What people see of what was seen: nothing of it commands the terminal, and CSV stays CSV."""

import argparse
from dataclasses import replace

import pytest

from daemon.cli import history
from daemon.cli.arguments import params, parser
from daemon.config.settings import Settings
from daemon.methods import build
from daemon.reading import Health, Reading
from daemon.store.sqlite import SqliteStore
from fake_parts import Desk
from watching import NAME, Life, at, clock_for

NOON = at("2026-11-21 12:00")
EVIL = Reading(
    health=Health.DOWN,
    detail="refused\x1b[2J",
    phases={"connect": 0.0021},
    values={"status": 500, "body\x1b": "\x07"},
    evidence={"address\r": "192.0.2.7\x9b", "body": "line\nline\x1b]0;x\x07"},
    failed=("status == 200: it was 500\x1b",),
)


@pytest.fixture
def desk(store: SqliteStore) -> Desk:
    life = Life(store, clock_for(NOON), lambda now: EVIL if now < NOON + 300 else Health.UP)
    life.to(NOON + 3_600)
    life.stop()
    found = Desk(store, life.clock, replace(Settings(), probes=life.plans().probes))
    found.recorder = life.recorder
    found.table = build(found.parts())
    return found


def given(*words: str) -> argparse.Namespace:
    return parser().parse_args(words)


def test_people_get_text_and_programs_get_numbers() -> None:
    for words, format_ in (((), "text"), (("--json",), "json"), (("--format", "csv"), "csv")):
        said = given("probes", "report", "--month", "2026-10", *words)
        one, wanted = history.turned(said, params(said.command, said))
        assert (one.method, wanted) == ("probes.report", {"period": "2026-10", "format": format_})


@pytest.mark.parametrize("flag", ["--period", "--day", "--week", "--month", "--quarter"])
def test_a_period_may_be_called_what_it_is(flag: str) -> None:
    said = given("probes", "report", flag, "2026-10", "--probe", "a", "--probe", "b", "--match", "team=web")
    assert params(said.command, said) == {"period": "2026-10", "probes": ["a", "b"], "matchers": ["team=web"]}


def test_a_report_is_shown_as_it_was_written(desk: Desk) -> None:
    text = history.report(desk.ask("probes.report", format="text"))
    assert text == desk.ask("probes.report", format="text")
    as_csv = history.report(desk.ask("probes.report", format="csv"))
    assert as_csv == desk.ask("probes.report", format="csv")
    assert as_csv.endswith("\r\n")
    assert history.report(desk.ask("probes.report")).startswith("{\n")


def test_a_failure_is_shown_with_all_that_is_known_of_it(desk: Desk) -> None:
    text = history.failures(desk.ask("probes.failures", name=NAME, limit=1))
    assert "down: refused" in text
    said = " ".join(text.split())
    for known in (
        "phases connect=2.1ms",
        "failed status == 200: it was 500",
        "status=500",
        "192.0.2.7",
        "body line line",
    ):
        assert known in said
    assert text.replace("\n", "").isprintable()


def test_a_chart_begins_when_it_was_first_watched(desk: Desk) -> None:
    """Who asks five minutes after the first look is not shown three hours of nothing."""
    for step, begin, count in (("minute", "2026-11-21 11:00", 61), ("hour", "2026-11-20", 1), ("day", "2026-11-01", 1)):
        result = desk.ask("probes.history", name=NAME, step=step, begin=begin, zone="Europe/Berlin")
        _, _, names, first, *_ = rows = history.chart(result).splitlines()
        assert (names.split()[0], len(rows) - 3) == ("FROM", pytest.approx(count, abs=1))
        assert len(result["points"]) >= count
        assert "0:0" in first
    none = desk.ask("probes.history", name=NAME, begin="2026-11-01", end="2026-11-02")
    assert history.chart(none).endswith("\n\n(none)\n")


def test_a_chart_and_incidents_are_tables(desk: Desk) -> None:
    for step in ("reading", "minute", "hour", "day"):
        text = history.chart(desk.ask("probes.history", name=NAME, step=step, begin=str(NOON)))
        assert text.replace("\n", "").isprintable()
        assert text.count("\n") > 3
    shown = history.incidents(desk.ask("probes.incidents"))
    assert "it was 500" in shown
    assert "up: it is up" in shown
    assert shown.replace("\n", "").isprintable()
    assert history.failures([]) == "(none)\n"
