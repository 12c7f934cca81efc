"""For any interval and any instant: the rules agree with plain words, and an edge is the first minute that differs."""

import calendar
import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.calendars.edges import DAY
from daemon.calendars.interval import Interval
from daemon.calendars.spans import MONTHS, WEEKDAYS
from timed import interval, named

ZONES = (
    "UTC", "Asia/Shanghai", "Asia/Kolkata", "America/New_York", "Europe/London",
    "Australia/Lord_Howe",  # half an hour of summer time
    "America/Santiago",  # changes at midnight
    "America/St_Johns",  # changed at a minute past midnight, and went back into the day before
    "Pacific/Apia",  # left a day out
    "Africa/Casablanca",  # changes for a month in between
)  # fmt: skip
CHANGES = (  # instants around which some of these zones change
    1_772_953_200, 1_793_512_800, 1_775_314_800, 1_788_667_200, 1_289_097_060,
    1_268_537_460, 1_325_239_200, 1_771_123_600,
)  # fmt: skip

instants = st.integers(1_100_000_000, 1_900_000_000) | st.builds(
    int.__add__, st.sampled_from(CHANGES), st.integers(-2 * DAY, DAY)
)


def spans(least: int, most: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(least, most), st.integers(least, most)).map(lambda two: (min(two), max(two)))


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def some(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(texts, max_size=2).map(" ".join)


texts = st.fixed_dictionaries(
    {
        "times": some(
            spans(0, 1440).filter(lambda two: two[0] < two[1]).map(lambda two: f"{clock(two[0])}-{clock(two[1])}")
        ),
        "weekdays": some(spans(0, 6).map(lambda two: f"{WEEKDAYS[two[0]]}:{WEEKDAYS[two[1]]}")),
        "days": some(
            spans(1, 31).map(lambda two: f"{two[0]}:{two[1]}") | spans(-31, -1).map(lambda two: f"{two[0]}:{two[1]}")
        ),
        "months": st.just("") | some(spans(1, 12).map(lambda two: f"{MONTHS[two[0] - 1]}:{two[1]}")),
        "years": st.just("") | some(spans(2005, 2030).map(lambda two: f"{two[0]}:{two[1]}")),
        "location": st.sampled_from(ZONES),
    }
)


def expanded(text: str, words: list[str]) -> set[str]:
    """All words that ranges name, by their places in a list of all that there are."""
    found: set[str] = set()
    for one in text.split():
        first, last = one.split(":")
        found |= set(words[words.index(first) : words.index(last) + 1])
    return found


def plainly(entry: dict[str, str], instant: float) -> bool:
    """Read an entry as a person would: with a calendar and a clock on the wall, by the words."""
    then = dt.datetime.fromtimestamp(instant, dt.UTC).astimezone(ZoneInfo(entry["location"]))
    weekdays = expanded(entry["weekdays"], list(WEEKDAYS))
    numbers = [str(month) for month in range(1, 13)]
    months = {
        month
        for one in entry["months"].split()
        for month in numbers[MONTHS.index(one.split(":")[0]) : numbers.index(one.split(":")[1]) + 1]
    }
    years = expanded(entry["years"], [str(year) for year in range(2000, 2040)])
    of_month = list(range(1, calendar.monthrange(then.year, then.month)[1] + 1))
    days: set[int] = set()
    for one in entry["days"].split():
        first, last = map(int, one.split(":"))
        days |= set(of_month[first - 1 : last]) if first > 0 else set(of_month[first : last + 1 or None])
    wall = then.strftime("%H:%M")
    return (
        (not weekdays or then.strftime("%A").lower() in weekdays)
        and (not months or str(then.month) in months)
        and (not years or str(then.year) in years)
        and (not entry["days"] or then.day in days)
        and (not entry["times"] or any(a <= wall < b for a, b in (one.split("-") for one in entry["times"].split())))
    )


def naive_edge(one: Interval, since: int, until: int) -> float | None:
    inside = one.contains(since)
    minutes = range((since // 60 + 1) * 60, until, 60)
    return next((float(minute) for minute in minutes if one.contains(minute) != inside), None)


@settings(max_examples=300, deadline=None)
@given(texts, instants)
def test_an_entry_contains_what_its_words_say(entry: dict[str, str], instant: int) -> None:
    assert interval(**entry).contains(instant) == plainly(entry, instant)


@settings(max_examples=120, deadline=None)
@given(texts, instants)
def test_an_edge_is_the_first_minute_that_differs(entry: dict[str, str], instant: int) -> None:
    one = interval(**entry)
    assert one.edge(instant, instant + 2 * DAY) == naive_edge(one, instant, instant + 2 * DAY)


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, max_size=3), instants, st.lists(st.floats(0, 1, exclude_max=True), max_size=40))
def test_nothing_changes_before_the_edge_of_a_named_interval(
    entries: list[dict[str, str]], instant: int, between: list[float]
) -> None:
    one = named("x", *(interval(**entry) for entry in entries))
    inside, edge = one.contains(instant), one.edge(instant)
    end = instant + 400 * DAY if edge is None else edge
    assert instant < end <= instant + 400 * DAY
    assert all(one.contains(instant + int(part * (end - instant))) == inside for part in between)
    assert edge is None or (one.contains(edge - 1), one.contains(edge)) == (inside, not inside)
