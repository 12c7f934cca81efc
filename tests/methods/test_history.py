"""`probes.report`, `probes.history`, `probes.failures`, `probes.incidents`: asked as programs and people ask."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

import pytest

from daemon.config.settings import Settings
from daemon.config.wording import Texts
from daemon.methods import build
from daemon.reading import Health
from daemon.store.sqlite import SqliteStore
from daemon.units import Share
from daemon.zone import Zone
from fake_parts import Desk, Said
from probes_by_hand import plan
from watching import HOUR, NAME, Life, at, clock_for

NOON = at("2026-11-21 12:00")


def sees(now: float) -> Health:
    return Health.DOWN if NOON + HOUR <= now < NOON + HOUR + 600 else Health.UP


@pytest.fixture
def asked(store: SqliteStore) -> Iterator[Desk]:
    """A desk at which one asks about two hours, ten minutes of which the shop was down."""
    life = Life(store, clock_for(NOON - HOUR / 2), sees, slo=Share.parse("99.9%"), labels={"team": "web"})
    life.to(NOON + 2 * HOUR)
    life.roll()
    texts = Texts(time_zone=Zone.parse("Europe/Berlin"))
    probes = life.plans().probes | {"till": plan("till", labels={"team": "tills"})}
    desk = Desk(store, life.clock, replace(Settings(), probes=probes, texts=texts))
    desk.recorder = life.recorder
    desk.table = build(desk.parts())
    yield desk
    life.stop()


def test_a_report_is_of_all_probes_and_of_this_month_by_our_clock(asked: Desk) -> None:
    found = asked.ask("probes.report")
    assert (found["period"], found["begin"], found["time_zone"]) == ("2026-11", at("2026-11-01"), "Europe/Berlin")
    assert found["end"] == pytest.approx(asked.clock.now())
    shop, till = found["lines"]
    assert (shop["probe"], shop["incidents"], shop["longest"], shop["seconds"]["down"]) == (NAME, 1, 600.0, 600.0)
    assert shop["budget"]["slo"] == 0.999
    assert shop["budget"]["is_kept"] is False
    assert shop["response"]["count"] == shop["looks"]["up"]
    assert (till["probe"], till["uptime"], till["response"], till["budget"]) == ("till", None, None, None)
    assert till["seconds"]["unwatched"] == pytest.approx(asked.clock.now() - found["begin"], abs=0.001)


def test_a_report_is_of_those_that_are_asked_for(asked: Desk) -> None:
    assert [one["probe"] for one in asked.ask("probes.report", matchers=["team=~web"])["lines"]] == [NAME]
    assert [one["probe"] for one in asked.ask("probes.report", probes=["till", NAME])["lines"]] == ["till", NAME]
    assert [one["probe"] for one in asked.ask("probes.report", probes=["till"], matchers=["team=web"])["lines"]] == []


def test_a_report_is_of_the_time_that_is_asked_for(asked: Desk) -> None:
    found = asked.ask("probes.report", probes=[NAME], begin="2026-11-21 12:30", end="2026-11-21 13:30")["lines"][0]
    assert (found["uptime"], found["seconds"]["down"]) == (50 / 60, 600.0)
    other = asked.ask(
        "probes.report", probes=[NAME], begin="2026-11-21 19:30", end="2026-11-21 20:30", zone="Asia/Shanghai"
    )
    assert other["lines"][0]["seconds"] == found["seconds"]
    assert asked.ask("probes.report", period="last month")["period"] == "2026-10"


def test_another_promise_holds_for_all(asked: Desk) -> None:
    for text in ("50%", "50"):
        lines = asked.ask("probes.report", slo=text)["lines"]
        assert [one["budget"]["slo"] for one in lines] == [0.5, 0.5]
    assert lines[0]["budget"]["is_kept"] is True


def test_it_is_text_and_csv_where_that_is_asked_for(asked: Desk) -> None:
    text = asked.ask("probes.report", format="text")
    assert text.startswith("2026-11: 2026-11-01 00:00:00+01:00 to 2026-11-21 14:00:00+01:00 (Europe/Berlin)\n\nPROBE ")
    assert "99.9% BROKEN" in text
    rows = list(csv.DictReader(io.StringIO(asked.ask("probes.report", format="csv"), newline="")))
    assert [(row["probe"], row["down_seconds"]) for row in rows] == [(NAME, "600"), ("till", "0")]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"period": "someday"}, "period"), ({"period": "2026-10", "begin": "2026-10-01"}, "period"),
        ({"end": "2026-10-01"}, "begin"), ({"begin": "soon"}, "begin"),
        ({"begin": "2026-11-02", "end": "2026-11-01"}, "begin"),
        ({"zone": "Mars/Base"}, "zone"), ({"slo": "100%"}, "slo"), ({"slo": "much"}, "slo"), ({"slo": "0"}, "slo"),
        ({"matchers": ["team"]}, "matchers"), ({"format": "pdf"}, "format"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said_with_its_parameter(asked: Desk, wrong: dict[str, object], field: str) -> None:
    with pytest.raises(Said) as said:
        asked.ask("probes.report", **wrong)
    assert said.value.code == -32602
    assert said.value.data == {"field": field}


@pytest.mark.parametrize("slo", ["150", "100", "0%", "-1", "much", "99,9", "1e1"])
def test_what_is_no_promise_is_answered_with_one(asked: Desk, slo: str) -> None:
    with pytest.raises(Said, match=f"^slo: '{slo}' is no promise that can be broken; write for example 99.9%$"):
        asked.ask("probes.report", slo=slo)


def test_a_probe_that_is_not_there_is_said_and_one_that_was_removed_is_there(asked: Desk) -> None:
    for method, name in (
        ("probes.report", {"probes": ["x"]}),
        ("probes.history", {"name": "x"}),
        ("probes.failures", {"name": "x"}),
    ):
        with pytest.raises(Said, match=r"there is no probe 'x'; there are: shop, till"):
            asked.ask(method, **name)
    asked.settings = replace(asked.settings, probes={})
    assert asked.ask("probes.report", probes=[NAME])["lines"][0]["seconds"]["down"] == 600.0


def test_a_chart_has_a_point_a_step(asked: Desk) -> None:
    chart = asked.ask("probes.history", name=NAME, step="minute", begin="2026-11-21 12:58", end="2026-11-21 13:02")
    assert [one["begin"] - NOON for one in chart["points"]] == [3_480.0, 3_540.0, 3_600.0, 3_660.0]
    assert [one["uptime"] for one in chart["points"]] == [1.0, 1.0, 0.0, 0.0]
    assert [one["looks"]["down"] for one in chart["points"]] == [0, 0, 1, 1]
    assert chart["points"][0]["phases"]["connect"]["p50"] == pytest.approx(0.02, rel=0.02)
    hours = asked.ask("probes.history", name=NAME)["points"]
    assert sum(one["seconds"]["down"] for one in hours) == 600.0
    days = asked.ask("probes.history", name=NAME, step="day", begin="2026-11-20")["points"]
    assert [one["seconds"]["down"] for one in days] == [0.0, 600.0]
    with pytest.raises(Said, match="more than 3000 minutes"):
        asked.ask("probes.history", name=NAME, step="minute", begin="2026-01-01")


def test_single_readings_are_shown_newest_first(asked: Desk) -> None:
    found = asked.ask("probes.history", name=NAME, step="reading", begin=str(NOON), limit=5)["readings"]
    assert [one["at"] - NOON for one in found] == [2 * HOUR - 60 * back for back in range(5)]
    assert (found[0]["health"], found[0]["phases"]) == ("up", {"resolve": 0.001, "connect": 0.02})


def test_failures_and_incidents_tell_what_happened(asked: Desk) -> None:
    stories = asked.ask("probes.failures", name=NAME, limit=2)
    assert [one["at"] - NOON for one in stories] == [HOUR + 420, HOUR + 120]
    assert stories[0]["story"]["detail"] == "it is down"
    assert asked.ask("probes.failures", name=NAME, before=stories[-1]["id"])[0]["at"] == NOON + HOUR + 60
    assert asked.ask("probes.incidents") == [
        {
            "probe": NAME,
            "health": "down",
            "began": NOON + HOUR,
            "ended": NOON + HOUR + 600,
            "reason": "it is down",
            "ending": "up: it is up",
        }
    ]
    assert asked.ask("probes.incidents", matchers=["team=tills"]) == []
    assert asked.ask("probes.incidents", period="yesterday") == []
