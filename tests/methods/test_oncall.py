"""oncall.* and schedules.*: who is on call, and who takes over."""

import dataclasses
from typing import Any

import pytest

from daemon.methods.table import INVALID_PARAMS, NOT_ALLOWED, NOT_FOUND, REFUSED, Caller
from daemon.oncall.words import Moment
from fake_clock import BEGIN
from fake_parts import SETTINGS, Desk, Said
from rotas import SHANGHAI, at, layer, override, schedule

CONFIGURED = (
    "overlaps an override of the configuration, team:desk from 2026-12-24 18:00 until 2026-12-26 09:00 (Asia/Shanghai)"
)
READER = Caller(name="reader", may=("read",))


def when(text: str) -> float:
    return at(text, SHANGHAI)


@pytest.fixture
def rota(desk: Desk) -> Desk:
    """Weekly by turns, lin first, from monday 09:00; the clock shows saturday 21 November, 09:00. And one with gaps."""
    night = schedule(
        layer("lin", "may", start="2026-11-16", handover="monday 09:00"),
        zone=SHANGHAI,
        name="night",
        overrides=(override("team:desk", "2026-12-24 18:00", "2026-12-26 09:00"),),
    )
    hours = schedule(layer("may", hours="10:00-18:00"), zone=SHANGHAI, name="hours")
    desk.settings = dataclasses.replace(SETTINGS, schedules={"night": night, "hours": hours})
    return desk


def take_over(desk: Desk, **more: Any) -> Any:
    given = {"schedule": "night", "who": "may", "start": "2026-11-21 18:00", "end": "2026-11-22 09:00"}
    return desk.ask("schedules.override", **(given | more))


def refused(desk: Desk, **more: Any) -> str:
    with pytest.raises(Said) as caught:
        take_over(desk, **more)
    assert caught.value.code in (INVALID_PARAMS, REFUSED, NOT_FOUND)
    return str(caught.value)


def test_who_is_on_call_until_when_and_who_is_next(rota: Desk) -> None:
    night, hours = rota.ask("oncall.now")
    assert (night["who"], night["until"]) == (["lin"], when("2026-11-23T09:00"))
    assert (night["next"], night["next_from"], night["next_until"]) == (
        ["may"],
        when("2026-11-23T09:00"),
        when("2026-11-30T09:00"),
    )
    assert (hours["who"], hours["until"]) == ([], None)
    assert (hours["next"], hours["next_from"]) == (["may"], when("2026-11-21T10:00"))
    assert rota.ask("oncall.now", schedule="hours") == [hours]


def test_a_schedule_of_one_never_ends(rota: Desk) -> None:
    always = schedule(layer("lin"), name="always")
    rota.settings = dataclasses.replace(SETTINGS, schedules={"always": always})
    (line,) = rota.ask("oncall.now")
    assert (line["who"], line["until"], line["next"], line["next_from"]) == (["lin"], None, [], None)


def test_the_list_says_who_is_on_call_now(rota: Desk) -> None:
    take_over(rota, start="")
    listed = [(one["name"], one["time_zone"], one["overrides"], one["who"]) for one in rota.ask("schedules.list")]
    assert listed == [("night", SHANGHAI, 2, ["may"]), ("hours", SHANGHAI, 0, [])]


def test_the_shifts_and_overrides_of_the_days_to_come(rota: Desk) -> None:
    take_over(rota, author="lin", comment="wedding")
    shown = rota.ask("schedules.get", schedule="night", days=3)
    assert [(shift["who"], shift["begin"]) for shift in shown["shifts"]] == [
        (["lin"], BEGIN),
        (["may"], when("2026-11-21T18:00")),
        (["lin"], when("2026-11-22T09:00")),
        (["may"], when("2026-11-23T09:00")),
    ]
    assert shown["shifts"][-1]["end"] == BEGIN + 3 * 86_400
    assert [(one["code"], one["who"], one["author"], one["comment"]) for one in shown["overrides"]] == [
        ("O1", ["may"], "lin", "wedding"),
        ("", ["team:desk"], "", ""),
    ]


def test_an_override_counts_from_when_it_is_said_until_it_is_taken_away(rota: Desk) -> None:
    made = take_over(rota, start="", end="8h")
    assert (made["code"], made["starts_at"], made["ends_at"]) == ("O1", BEGIN, BEGIN + 8 * 3_600)
    assert rota.ask("oncall.now", schedule="night")[0]["who"] == ["may"]
    assert rota.ask("schedules.override_remove", id="o1") == made
    assert rota.ask("oncall.now", schedule="night")[0]["who"] == ["lin"]
    with pytest.raises(Said, match="there is no override O1") as caught:
        rota.ask("schedules.override_remove", id=1)
    assert caught.value.code == NOT_FOUND


@pytest.mark.parametrize("end", ["2026-11-21T20:00+08:00", "2026-11-21T12:00Z", at("2026-11-21T20:00", SHANGHAI)])
def test_times_may_be_by_any_clock(end: float | str, rota: Desk) -> None:
    assert take_over(rota, end=end)["ends_at"] == when("2026-11-21T20:00")


def test_whoever_asks_is_the_author_unless_another_is_named(rota: Desk) -> None:
    text = calendar("SUMMARY:lin\nDTSTART:20261123T180000\nDURATION:PT2H")
    made = [take_over(rota), *rota.ask("schedules.import", schedule="night", text=text)["added"]]
    assert [one["author"] for one in made] == ["local", "local"]


def test_teams_and_several_may_take_over(rota: Desk) -> None:
    assert take_over(rota, who="lin, team:desk")["who"] == ["lin", "team:desk"]
    at_night = rota.ask("schedules.get", schedule="night", days=1)["shifts"]
    assert ["lin", "may"] in [shift["who"] for shift in at_night]


REFUSED_ONES = [
    ({"schedule": "nihgt"}, "there is no schedule 'nihgt'; there are: night, hours"),
    ({"who": "lim"}, 'there is no person "lim"; did you mean "lin"?'),
    ({"who": "desk"}, 'there is no person "desk"; did you mean "team:desk"?'),
    ({"who": "lin, team:dusk"}, 'there is no team "dusk"; did you mean "desk"?'),
    ({"who": "schedule:hours"}, '"schedule:hours" is not a person, or team:<name>'),
    ({"who": ""}, 'there is no person ""'),
    (
        {"end": "2026-11-21 18:00"},
        "the end, 2026-11-21 18:00, is not after the start, 2026-11-21 18:00 (Asia/Shanghai)",
    ),
    ({"start": "2026-11-20 09:00", "end": "2h"}, "this is over already: it ends 2026-11-20 11:00 (Asia/Shanghai)"),
    ({"end": "2026-02-30 09:00"}, "end: '2026-02-30 09:00' is not a date: February 2026 has 28 days"),
    ({"start": "tomorrow"}, "start: 'tomorrow' is not a date and time; write for example \"2026-12-24 18:00\""),
    ({"end": 1e300}, "end: years go from 1970 to 2199"),
    ({"end": "9000000d"}, "end: years go from 1970 to 2199"),
    ({"start": -5}, "start: years go from 1970 to 2199"),
    (
        {"who": "lin", "start": "2026-12-25 09:00", "end": "2026-12-27 09:00"},
        f"lin from 2026-12-25 09:00 until 2026-12-27 09:00 {CONFIGURED}",
    ),
]


@pytest.mark.parametrize(("given", "said"), REFUSED_ONES, ids=[str(given) for given, _ in REFUSED_ONES])
def test_an_override_that_makes_no_sense_is_refused(given: dict[str, Any], said: str, rota: Desk) -> None:
    assert refused(rota, **given) == said
    assert rota.ask("schedules.list")[0]["overrides"] == 1


def test_an_override_that_overlaps_another_is_refused_by_its_name(rota: Desk) -> None:
    take_over(rota)
    assert refused(rota, who="lin", start="2026-11-22 08:00", end="2026-11-22 10:00") == (
        "lin from 2026-11-22 08:00 until 2026-11-22 10:00 overlaps O1, "
        "may from 2026-11-21 18:00 until 2026-11-22 09:00 (Asia/Shanghai)"
    )
    assert take_over(rota, who="lin", start="2026-11-22 09:00", end="2026-11-22 10:00")["code"] == "O2"
    assert take_over(rota, schedule="hours")["code"] == "O3"


@pytest.mark.parametrize("method", ["schedules.override", "schedules.override_remove", "schedules.import"])
def test_who_may_only_read_changes_nothing(method: str, rota: Desk) -> None:
    with pytest.raises(Said) as caught:
        rota.ask(method, caller=READER, schedule="night", who="may", end="8h", id=1, text="")
    assert caught.value.code == NOT_ALLOWED


def calendar(*events: str) -> str:
    return "BEGIN:VCALENDAR\n" + "".join(f"BEGIN:VEVENT\n{one}\nEND:VEVENT\n" for one in events) + "END:VCALENDAR\n"


DUTY = calendar(
    "SUMMARY:May\nDTSTART:20261121T180000\nDTEND:20261122T090000",
    "SUMMARY:duty\nATTENDEE:mailto:LIN@example.com\nDTSTART:20261123T180000\nDURATION:PT2H\nRRULE:FREQ=DAILY;COUNT=2",
    "SUMMARY:张三\nDTSTART:20261126T180000\nDURATION:PT2H",
    "SUMMARY:lunch\nDTSTART:20261127T120000\nDURATION:PT1H",
    "SUMMARY:lin\nDTSTART;TZID=Moon/Base:20261128T180000\nDURATION:PT2H",
    "SUMMARY:lin\nDTSTART:20261224T120000\nDURATION:P1D",
    "SUMMARY:lin\nDTSTART:20250101T180000\nDURATION:PT2H",
    "SUMMARY:lin\nDTSTART:20280101T180000\nDURATION:PT2H",
)


def test_a_calendar_becomes_overrides_and_what_cannot_be_used_is_named(rota: Desk) -> None:
    done = rota.ask("schedules.import", schedule="night", text=DUTY, people={"张三": "team:desk"}, author="may")
    assert [(one["who"], one["starts_at"], one["author"]) for one in done["added"]] == [
        (["may"], when("2026-11-21T18:00"), "may"),
        (["lin"], when("2026-11-23T18:00"), "may"),
        (["lin"], when("2026-11-24T18:00"), "may"),
        (["team:desk"], when("2026-11-26T18:00"), "may"),
    ]
    assert [(one["summary"], one["why"].partition("; ")[0]) for one in done["skipped"]] == [
        ("lin", "its time zone 'Moon/Base' is not known"),
        ("lunch", "nobody here has this name, or the mail address of an attendee"),
        (
            "lin",
            f"lin from 2026-12-24 12:00 until 2026-12-25 12:00 {CONFIGURED}",
        ),
    ]
    again = rota.ask("schedules.import", schedule="night", text=DUTY, people={"张三": "team:desk"})
    assert (again["added"], again["known"]) == ([], 4)


def test_events_of_one_calendar_that_overlap_are_not_both_taken(rota: Desk) -> None:
    text = calendar(*(f"SUMMARY:{who}\nDTSTART:20261121T180000\nDURATION:PT2H" for who in ("lin", "may")))
    done = rota.ask("schedules.import", schedule="night", text=text)
    assert ([one["who"] for one in done["added"]], len(done["skipped"])) == ([["lin"]], 1)
    assert "overlaps O1" in done["skipped"][0]["why"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": "dear operator"}, "the text is not a calendar: it has no line BEGIN:VCALENDAR"),
        ({"text": "BEGIN:VCALENDAR\nBEGIN:VEVENT\n"}, "the text is not a whole calendar: END:VEVENT is missing"),
        ({"people": {"x": "lim"}}, 'there is no person "lim"; did you mean "lin"?'),
        (
            {"text": calendar(*["SUMMARY:lin\nDTSTART:20200101T180000\nDURATION:PT2H\nRRULE:FREQ=DAILY"] * 12)},
            "these are more than 1000 overrides; ask for fewer days",
        ),
    ],
)
def test_what_cannot_be_imported_at_all_is_refused(given: dict[str, Any], said: str, rota: Desk) -> None:
    with pytest.raises(Said) as caught:
        rota.ask("schedules.import", **({"schedule": "night", "text": DUTY} | given))
    assert str(caught.value) == said


def test_the_calendar_of_a_schedule_taken_in_by_another_gives_the_same_shifts(rota: Desk) -> None:
    take_over(rota)
    empty = schedule(zone=SHANGHAI, name="copy")
    known = rota.settings.schedules
    rota.settings = dataclasses.replace(rota.settings, schedules={**known, "copy": empty})
    text = rota.ask("schedules.ical", schedule="night", days=60)
    rota.ask("schedules.import", schedule="copy", text=text, days=60)
    one, other = (rota.ask("schedules.get", schedule=name, days=50)["shifts"] for name in ("night", "copy"))
    assert len(one) > 7
    assert one == other


def test_a_calendar_of_another_day_says_the_same_of_every_shift(rota: Desk) -> None:
    """So it can be taken in again and again, although it begins and ends elsewhere, and in the middle of a second."""
    rota.clock.advance(0.4)
    take_over(rota, start="", end="2h")
    copy = schedule(zone=SHANGHAI, name="copy")
    rota.settings = dataclasses.replace(rota.settings, schedules={**rota.settings.schedules, "copy": copy})
    found = []
    for _ in range(3):
        text = rota.ask("schedules.ical", schedule="night", days=30)
        done = rota.ask("schedules.import", schedule="copy", text=text, days=60)
        found.append(len(done["added"]))
        assert done["skipped"] == []
        rota.clock.advance(5 * 86_400.0)
    # Later what has come into sight: the override at Christmas with the rest of its week, then the next week.
    assert (found[0] > 5, found[1:]) == (True, [2, 1])


def test_a_schedule_of_very_short_shifts_is_not_worked_out_for_ever(rota: Desk) -> None:
    short = schedule(layer("lin", "may", start="2026-11-16", rotation="every 1 hour"), name="short")
    rota.settings = dataclasses.replace(SETTINGS, schedules={"short": short})
    assert len(rota.ask("schedules.get", schedule="short", days=30)["shifts"]) == 30 * 24
    with pytest.raises(Said, match="more than 5000 shifts; ask for fewer days"):
        rota.ask("schedules.get", schedule="short", days=366)


def test_a_moment_is_read_by_the_clock_of_the_schedule(rota: Desk) -> None:
    night = rota.settings.schedules["night"]
    assert night.instant(Moment("2026-11-21 18:00")) == when("2026-11-21T18:00")
