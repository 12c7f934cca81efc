"""intervals.*: what is in a time interval, and until when."""

import dataclasses

import pytest

from daemon.calendars import china
from daemon.cli.command import Command
from daemon.cli.commands import command
from daemon.methods.table import INVALID_PARAMS, NOT_FOUND
from fake_parts import Desk, Said
from timed import at, interval, named


@pytest.fixture
def timed(desk: Desk) -> Desk:
    """A desk with hours of several kinds; its clock shows Saturday, 2026-11-21 01:00 UTC."""
    every = (
        named("office", interval("09:00-17:00", "monday:friday", location="Asia/Shanghai")),
        named("off", interval(weekdays="saturday sunday"), interval("18:00-24:00"), interval("00:00-08:00")),
        named("work", interval(workdays="cn", location="Asia/Shanghai")),
        named("empty"),
    )
    desk.settings = dataclasses.replace(desk.settings, time_intervals={one.name: one for one in every})
    return desk


def test_the_list_says_of_each_whether_it_is_now_and_until_when(timed: Desk) -> None:
    assert [(one["name"], one["inside"], one["until"]) for one in timed.ask("intervals.list")] == [
        ("office", False, at("2026-11-23 01:00")),
        ("off", True, at("2026-11-23 08:00")),
        ("work", False, at("2026-11-22 16:00")),
        ("empty", False, None),
    ]


def test_a_test_says_which_entries_contain_the_instant(timed: Desk) -> None:
    answer = timed.ask("intervals.test", name="off")
    assert answer["entries"] == [
        {"says": "weekdays saturday sunday", "inside": True},
        {"says": "times 18:00-24:00", "inside": False},
        {"says": "times 00:00-08:00", "inside": True},
    ]
    assert (answer["at"], answer["note"]) == (timed.clock.now(), "")


@pytest.mark.parametrize(
    "instant", ["2026-10-10T09:30:00+08:00", "2026-10-10 01:30:00Z", "2026-10-10T01:30:00", 1_791_595_800, "1791595800"]
)
def test_an_instant_is_named_in_iso_8601_or_in_seconds(instant: str | float, timed: Desk) -> None:
    answer = timed.ask("intervals.test", name="work", at=instant)
    assert (answer["at"], answer["inside"]) == (at("2026-10-10 01:30"), True)  # a Saturday that is worked
    assert answer["until"] == at("2026-10-11 00:00+08:00")


def test_what_rests_on_no_calendar_says_so(timed: Desk) -> None:
    after = f"{china.known_until() + 1}-01-01T09:00:00+08:00"
    note = timed.ask("intervals.test", name="work", at=after)["note"]
    assert note.startswith(f"the Chinese calendar is known from {china.known_since()} to {china.known_until()};")
    assert timed.ask("intervals.test", name="office", at=after)["note"] == ""
    before = f"{china.known_until()}-12-31T15:59:59Z"
    assert timed.ask("intervals.test", name="work", at=before)["note"] == ""


@pytest.mark.parametrize("instant", ["tomorrow", "2026-02-30T00:00:00Z", "26:00", -5, 1e300])
def test_what_is_no_instant_is_refused_with_an_example(instant: str | float, timed: Desk) -> None:
    with pytest.raises(Said, match="is not a time; write for example 2026-10-01T09:00:00") as said:
        timed.ask("intervals.test", name="office", at=instant)
    assert (said.value.code, said.value.data) == (INVALID_PARAMS, {"field": "at"})


def test_an_interval_that_is_not_there_is_answered_with_those_that_are(timed: Desk) -> None:
    with pytest.raises(Said, match="there is no time interval 'nigth'; there are: office, off, work, empty") as said:
        timed.ask("intervals.test", name="nigth")
    assert said.value.code == NOT_FOUND


def shown(timed: Desk, words: str, **params: str) -> list[str]:
    one: Command = command(words)
    return one.show(timed.ask(one.method, **params)).splitlines()


def test_people_see_in_or_out_and_why(timed: Desk) -> None:
    first, *entries = shown(timed, "intervals test", name="off")
    assert first.startswith("in off at 2026-11-2")
    assert ", until 2026-11-2" in first
    assert entries == ["  + weekdays saturday sunday", "  - times 18:00-24:00", "  + times 00:00-08:00"]
    assert shown(timed, "intervals test", name="empty")[0].endswith(", for more than a year")
    assert shown(timed, "intervals test", name="work", at="2099-01-01T00:00:00Z")[-1].startswith("  ! the Chinese")


def test_people_see_one_line_an_entry(timed: Desk) -> None:
    _, office, *off, _, empty = shown(timed, "intervals list")
    assert office.split()[:2] == ["office", "out"]
    assert office.endswith("times 09:00-17:00, weekdays monday:friday, location Asia/Shanghai")
    assert [line.split()[0] for line in off] == ["off", "times", "times"]
    assert empty.endswith("never: it has no entry")
