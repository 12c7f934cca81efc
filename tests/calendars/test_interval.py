"""What is in an interval: Alertmanager's rules, minute by minute and month by month."""

import os
import time
from collections.abc import Iterator

import pytest

from daemon.calendars.possible import can_be
from timed import at, interval, named


@pytest.mark.parametrize(
    ("entry", "inside", "outside"),
    [
        ({}, ["2026-01-01 00:00", "1999-12-31 23:59"], []),
        (
            {"times": "09:00-17:00"},
            ["2026-11-23 09:00:00", "2026-11-23 16:59:59.9"],
            ["2026-11-23 08:59:59.9", "2026-11-23 17:00:00"],
        ),
        ({"times": "22:00-24:00 00:00-06:00"}, ["2026-11-23 23:59:59", "2026-11-24 00:00"], ["2026-11-24 06:00"]),
        (
            {"weekdays": "monday:friday"},
            ["2026-11-23 00:00", "2026-11-27 23:59"],
            ["2026-11-22 23:59", "2026-11-28 00:00"],
        ),
        ({"weekdays": "saturday sunday"}, ["2026-11-28 12:00", "2026-11-29 12:00"], ["2026-11-27 12:00"]),
        ({"weekdays": "SUNDAY:monday"}, ["2026-11-29 12:00", "2026-11-30 12:00"], ["2026-11-28 12:00"]),
        ({"days": "1:5"}, ["2026-11-01 00:00", "2026-11-05 23:59"], ["2026-11-06 00:00", "2026-10-31 23:59"]),
        ({"days": "-1"}, ["2026-11-30 12:00", "2027-02-28 12:00", "2028-02-29 12:00"], ["2028-02-28 12:00"]),
        ({"days": "-3:-1"}, ["2026-02-26 00:00", "2026-02-28 23:59"], ["2026-02-25 23:59", "2026-03-01 00:00"]),
        ({"days": "29"}, ["2028-02-29 12:00"], ["2027-02-28 12:00", "2027-03-01 12:00"]),
        ({"days": "30:31"}, ["2026-11-30 12:00", "2026-12-31 12:00"], ["2026-02-28 12:00", "2026-12-29 12:00"]),
        ({"days": "29:-1"}, ["2026-11-30 12:00", "2028-02-29 12:00"], ["2027-02-28 12:00"]),
        ({"days": "-31"}, ["2026-12-01 12:00"], ["2026-12-02 12:00", "2026-11-01 12:00"]),
        ({"days": "-31:-28"}, ["2026-02-01 12:00", "2026-12-04 12:00"], ["2026-02-02 12:00", "2026-12-05 12:00"]),
        ({"months": "january:march 5 december"}, ["2026-03-31 12:00", "2026-05-01 12:00"], ["2026-04-30 12:00"]),
        ({"years": "2025:2027 2030"}, ["2025-01-01 00:00", "2030-12-31 23:59"], ["2024-12-31 23:59", "2028-01-01"]),
        (
            {"times": "09:00-17:00", "weekdays": "monday", "days": "1:7", "months": "6", "location": "Asia/Shanghai"},
            ["2026-06-01 09:00+08:00", "2026-06-01 16:59+08:00"],
            ["2026-06-01 08:59+08:00", "2026-06-08 09:00+08:00", "2026-06-02 09:00+08:00", "2026-07-06 09:00+08:00"],
        ),
        ({"days": "1", "location": "Asia/Shanghai"}, ["2026-10-31 16:00", "2026-11-01 15:59"], ["2026-11-01 16:00"]),
    ],
)  # fmt: skip
def test_what_an_entry_contains(entry: dict[str, str], inside: list[str], outside: list[str]) -> None:
    built = interval(**entry)
    assert [text for text in inside if not built.contains(at(text))] == []
    assert [text for text in outside if built.contains(at(text))] == []


def test_one_entry_is_enough_and_without_any_nothing_is_in_it() -> None:
    off = named("off", interval(weekdays="saturday sunday"), interval(times="00:00-09:00"))
    assert off.contains(at("2026-11-28 12:00"))
    assert off.contains(at("2026-11-27 08:59"))
    assert not off.contains(at("2026-11-27 12:00"))
    assert not named("none").contains(at("2026-11-27 12:00"))
    assert named("none").edge(at("2026-11-27 12:00")) is None


# New York: on 2026-03-08 two o'clock is three o'clock at once, on 2026-11-01 it is one o'clock once more.
@pytest.mark.parametrize(
    ("times", "since", "edges"),
    [
        ("02:15-02:45", "2026-03-08 00:00+00:00", "2026-03-09 06:15; 2026-03-09 06:45"),
        ("01:30-02:30", "2026-03-08 05:00", "2026-03-08 06:30; 2026-03-08 07:00"),
        ("02:30-04:00", "2026-03-08 05:00", "2026-03-08 07:00; 2026-03-08 08:00"),
        ("01:15-01:45", "2026-11-01 04:00", "2026-11-01 05:15; 2026-11-01 05:45; 2026-11-01 06:15; 2026-11-01 06:45"),
        ("01:30-02:30", "2026-11-01 04:00", "2026-11-01 05:30; 2026-11-01 06:00; 2026-11-01 06:30; 2026-11-01 07:30"),
        ("00:00-24:00", "2026-11-01 04:00", ""),
    ],
)  # fmt: skip
def test_on_the_days_of_the_change_the_clock_on_the_wall_counts(times: str, since: str, edges: str) -> None:
    expected = [at(text) for text in edges.split("; ") if text]
    one = interval(times=times, location="America/New_York")
    found, then = [], at(since)
    for _ in expected:
        edge = one.edge(then, then + 400 * 86_400)
        assert edge is not None
        assert one.contains(edge) != one.contains(edge - 1)
        found.append(edge)
        then = edge
    assert found == expected
    assert expected or one.edge(then, then + 400 * 86_400) is None


@pytest.mark.parametrize(
    ("entries", "since", "edge"),
    [
        ([{"times": "09:00-17:00", "weekdays": "monday:friday"}], "2026-11-27 17:00", "2026-11-30 09:00"),
        ([{"times": "09:00-17:00", "weekdays": "monday:friday"}], "2026-11-27 09:00", "2026-11-27 17:00"),
        ([{"times": "22:00-24:00"}, {"times": "00:00-06:00"}], "2026-11-27 22:30", "2026-11-28 06:00"),
        ([{"days": "29", "months": "february"}], "2027-03-01 00:00", "2028-02-29 00:00"),
        ([{"days": "29", "months": "february"}], "2025-03-01 00:00", None),
        ([{"years": "2020:2026"}], "2026-11-27 22:30", "2027-01-01 00:00"),
        ([{"years": "2020:2026"}], "2027-01-01 00:00", None),
        ([{"weekdays": "sunday:wednesday"}, {"weekdays": "thursday:saturday"}], "2026-11-27 22:30", None),
        ([{"months": "december"}, {"years": "2027", "location": "Asia/Tokyo"}], "2026-12-01 00:00", "2028-01-01 00:00"),
    ],
)  # fmt: skip
def test_when_that_changes_next(entries: list[dict[str, str]], since: str, edge: str | None) -> None:
    one = named("x", *(interval(**entry) for entry in entries))
    assert one.edge(at(since)) == (at(edge) if edge else None)


def test_a_day_that_a_country_left_out_is_left_out() -> None:
    friday = interval(days="30", months="december", years="2011", location="Pacific/Apia")  # it went over the date line
    assert friday.edge(at("2011-12-25 00:00"), at("2012-01-10 00:00")) is None
    saturday = interval(days="31", months="december", years="2011", location="Pacific/Apia")
    assert saturday.edge(at("2011-12-25 00:00"), at("2012-01-10 00:00")) == at("2011-12-30 10:00")


@pytest.fixture
def in_new_york() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "America/New_York"
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("in_new_york")
def test_local_is_the_zone_of_the_machine_with_its_changes() -> None:
    local = interval(times="01:30-02:30", location="Local")
    there = interval(times="01:30-02:30", location="America/New_York")
    for since in ("2026-03-08 05:00", "2026-11-01 04:00", "2026-11-01 05:45", "2026-11-01 06:45", "2026-07-01 00:00"):
        until = at(since) + 86_400
        assert local.contains(at(since)) == there.contains(at(since))
        assert local.edge(at(since), until) == there.edge(at(since), until) is not None


@pytest.mark.parametrize(
    ("entry", "possible"),
    [
        ({"days": "30", "months": "february"}, False),
        ({"days": "31", "months": "april june september november"}, False),
        ({"days": "31", "months": "april:may"}, True),
        ({"days": "29", "months": "february"}, True),
        ({"days": "29", "months": "february", "years": "2025:2027"}, False),
        ({"days": "29", "months": "february", "years": "2025:2028"}, True),
        ({"days": "29", "months": "february", "years": "2100"}, False),
        ({"days": "-31", "months": "february"}, False),
        ({"days": "-29", "months": "february", "weekdays": "monday"}, True),  # the first of a leap year's
        ({"days": "25", "months": "december", "years": "2026", "weekdays": "sunday:thursday"}, False),
        ({"days": "25", "months": "december", "years": "2026", "weekdays": "friday"}, True),
        ({"years": "1000:9999", "weekdays": "tuesday"}, True),
        ({"workdays": "cn", "holidays": "cn"}, False),
        ({"holidays": "cn", "months": "july:august"}, False),
        ({"holidays": "cn", "years": "2099"}, False),
        ({"workdays": "cn", "years": "2099", "weekdays": "saturday"}, False),
        ({"workdays": "cn", "weekdays": "saturday"}, True),
        ({"holidays": "cn", "days": "23", "months": "february", "weekdays": "monday"}, True),  # in 2015, not in 2009
        ({"workdays": "cn", "years": "2099", "weekdays": "friday"}, True),
    ],
)
def test_whether_an_entry_can_ever_be(entry: dict[str, str], possible: bool) -> None:
    assert can_be(interval(**entry)) == possible


def test_an_entry_is_written_in_one_line() -> None:
    one = interval("09:00-17:00 20:00-24:00", "monday:friday", "1:5 -1", "1:3 december", "2026", "Asia/Shanghai", "cn")
    assert str(one) == (
        "times 09:00-17:00 20:00-24:00, weekdays monday:friday, days_of_month 1:5 -1, months january:march december, "
        "years 2026, location Asia/Shanghai, workdays cn"
    )
    assert str(interval()) == "always"
