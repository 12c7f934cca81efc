"""Cron lines beside two other implementations, where they mean the same, and beside plain counting."""

import datetime as dt
import itertools
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.calendars.cron import Cron, Firings

DAY = 86_400
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")
ZONES = (
    NEW_YORK, BERLIN, ZoneInfo("Asia/Shanghai"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/Santiago"),
    ZoneInfo("Africa/Casablanca"), ZoneInfo("America/St_Johns"), dt.UTC,
)  # fmt: skip
# Around which some of these zones change: 2026-03-08, 2026-11-01 New York; 2026-03-29, 2026-10-25 Berlin; and others.
CHANGES = (1_772_953_200, 1_793_512_800, 1_774_746_000, 1_792_890_000, 1_775_314_800, 1_788_667_200, 1_289_097_060)

instants = st.integers(1_100_000_000, 2_000_000_000) | st.builds(
    int.__add__, st.sampled_from(CHANGES), st.integers(-DAY - DAY // 2, DAY)
)


def listed(items: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(items, min_size=1, max_size=most).map(",".join)


def part(least: int, most: int, words: Sequence[str] = ()) -> st.SearchStrategy[str]:
    """What can stand in a field, but for the star alone."""
    number = st.integers(least, most)
    word = number.map(lambda one: words[one - least]) if words else number.map(str)
    # both take a range of one number, with a step, for something else
    ranges = st.tuples(number, number).filter(lambda two: two[0] != two[1]).map(lambda two: f"{min(two)}-{max(two)}")
    steps = st.integers(1, most - least).map(str)
    stepped = st.tuples(ranges, steps).map("/".join)
    return listed(number.map(str) | word | ranges | stepped)


def starred(least: int, most: int, words: Sequence[str] = ()) -> st.SearchStrategy[str]:
    steps = st.integers(2, most - least).map(lambda step: f"*/{step}")
    return st.just("*") | st.just("*") | steps | part(least, most, words)


days = st.just("*") | st.just("*") | part(1, 31) | st.just("L")
weekdays = st.just("*") | st.just("*") | part(0, 6, WEEKDAYS)
months = st.just("*") | starred(1, 12, MONTHS)
lines = st.tuples(starred(0, 59), starred(0, 23), days, months, weekdays).map(" ".join)


def told(line: Firings, start: float, most: int = 3) -> list[float]:
    return list(line.coming(start, most))


@settings(max_examples=200, deadline=None)
@given(line=lines, start=instants)
def test_croniter_finds_the_same_in_utc(line: str, start: int) -> None:
    own = told(Firings(Cron(line), dt.UTC, ""), start)
    theirs = croniter(line, start, ret_type=float, max_years_between_matches=200)
    assert own == [theirs.get_next() for _ in own]


@settings(max_examples=200, deadline=None)
@given(second=starred(0, 59), line=lines, year=st.none() | part(2020, 2060), start=instants)
def test_croniter_finds_the_same_with_seconds_first_and_the_year_last(
    second: str, line: str, year: str | None, start: int
) -> None:
    line = " ".join([second, line, *([] if year is None else [year])])
    own = told(Firings(Cron(line), dt.UTC, ""), start)
    theirs = croniter(line, start, ret_type=float, max_years_between_matches=200, second_at_beginning=True)
    assert own == [theirs.get_next() for _ in own]


@settings(max_examples=200, deadline=None)
@given(line=lines, start=instants)
def test_croniter_finds_the_same_before(line: str, start: int) -> None:
    own = Firings(Cron(line), dt.UTC, "").before(start)
    if own is not None:
        assert own == croniter(line, start, ret_type=float, max_years_between_matches=200).get_prev()


@settings(max_examples=300, deadline=None)
@given(line=lines, start=instants, zone=st.sampled_from((NEW_YORK, BERLIN)))
def test_cronsim_finds_the_same_when_the_clocks_change(line: str, start: int, zone: ZoneInfo) -> None:
    """It is Debian's cron. It begins with what clocks show: in the hour that comes again it is not asked."""
    minute, hour, *_ = line.split()
    begin = dt.datetime.fromtimestamp(start, zone)
    wholes = ({"0-59", "0-59/1", "0-23", "0-23/1"} & {minute, hour}) - {"*"}
    own = told(Firings(Cron(line), zone, ""), start)
    if begin.fold or wholes or Firings(Cron(line), zone, "")._fields.by_elapsed != ("*" in (minute[0], hour[0])):
        return
    theirs = CronSim(line, begin)
    assert own == [next(theirs).timestamp() for _ in own]


@settings(max_examples=100, deadline=None)
@given(line=lines, start=instants, zone=st.sampled_from(ZONES))
def test_what_was_before_is_what_comes_next_from_there(line: str, start: int, zone: dt.tzinfo) -> None:
    firings = Firings(Cron(line), zone, "")
    before, after = firings.before(start), firings.after(start)
    if before is not None:
        assert before < start
        following = firings.after(before)
        assert following is None or following >= start
        assert firings.after(before - 1) == before
    if after is not None:
        assert firings.before(after + 1) == after


@settings(max_examples=60, deadline=None)
@given(
    minute=st.sampled_from(("*", "*/7", "*/30")),
    hour=starred(0, 23),
    start=st.builds(int.__add__, st.sampled_from(CHANGES), st.integers(-DAY, 3_600)),
    zone=st.sampled_from(ZONES),
)
def test_by_elapsed_time_it_is_every_instant_at_which_clocks_show_what_is_named(
    minute: str, hour: str, start: int, zone: dt.tzinfo
) -> None:
    line = Firings(Cron(f"{minute} {hour} * * *"), zone, "")
    minutes, hours = line._fields.minutes, line._fields.hours
    end = start + DAY + DAY // 2
    first = start - start % 60 + 60
    counted = [
        float(at)
        for at in range(first, end, 60)
        if (shown := dt.datetime.fromtimestamp(at, zone)).minute in minutes and shown.hour in hours
    ]
    assert list(itertools.takewhile(lambda at: at < end, line.coming(start, 3_000))) == counted


@pytest.mark.parametrize(
    ("line", "start", "ours", "theirs"),
    [
        # croniter has seconds last, unless it is told where they are
        ("15 10 9 * * *", "2026-11-21T00:00:00", "2026-11-21T09:10:15", "2026-12-09T10:15:00"),
    ],
)
def test_where_croniter_means_another_thing(line: str, start: str, ours: str, theirs: str) -> None:
    begin = dt.datetime.fromisoformat(start).replace(tzinfo=dt.UTC)
    assert told(Firings(Cron(line), dt.UTC, ""), begin.timestamp(), 1) == [stamp(ours)]
    assert croniter(line, begin).get_next(dt.datetime).timestamp() == stamp(theirs)


@pytest.mark.parametrize("line", ["0 0 * * 5L", "0 0 LW * *"])
def test_what_croniter_refuses_and_scf_documents(line: str) -> None:
    assert not croniter.is_valid(line)
    assert told(Firings(Cron(line), dt.UTC, ""), 0.0, 1)


def test_croniter_fires_twice_in_the_hour_that_comes_twice() -> None:
    start = dt.datetime(2026, 11, 1, 0, 0, tzinfo=NEW_YORK)
    theirs = croniter("30 1 * * *", start)
    assert [theirs.get_next(dt.datetime).day for _ in range(2)] == [1, 1]
    own = told(Firings(Cron("30 1 * * *"), NEW_YORK, ""), start.timestamp(), 2)
    assert [dt.datetime.fromtimestamp(one, NEW_YORK).day for one in own] == [1, 2]


def test_debian_takes_every_second_day_for_a_star() -> None:
    start = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    assert [next(CronSim("0 0 */2 * 1", start)).day] == [23]
    theirs = CronSim("0 0 */2 * 1", start)
    assert [next(theirs).weekday() for _ in range(3)] == [0, 0, 0]
    own = told(Firings(Cron("0 0 */2 * 1"), dt.UTC, ""), start.timestamp(), 3)
    assert [dt.datetime.fromtimestamp(one, dt.UTC).day for one in own] == [23, 25, 27]


def stamp(text: str) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()
