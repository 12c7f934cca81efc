"""Calendars: what stands in them, what cannot be used, and that what is written is read again."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.oncall.ical import MAX_EVENTS, Unread, read, write
from daemon.oncall.recurring import Event, occurrences
from daemon.oncall.roster import shifts
from daemon.oncall.schedule import Book, Cover, Shift
from rotas import BERLIN, NEW_YORK, SHANGHAI, at, book, layer, said, schedule

HERE = ZoneInfo(SHANGHAI)
BEGIN, END = at("2026-11-21T00:00", SHANGHAI), at("2027-02-21T00:00", SHANGHAI)


def calendar(*events: str) -> str:
    wrapped = (f"BEGIN:VEVENT\n{one.strip()}\nEND:VEVENT\n" for one in events)
    return ("BEGIN:VCALENDAR\nVERSION:2.0\n" + "".join(wrapped) + "END:VCALENDAR\n").replace("\n", "\r\n")


def events(*written: str) -> list[Event | Unread]:
    return [one for one in read(calendar(*written), HERE) if one is not None]


def times(*written: str, zone: str = SHANGHAI, begin: float = BEGIN, end: float = END) -> list[str]:
    """When the events are, each as `begin > end`."""
    found = []
    for one in events(*written):
        assert isinstance(one, Event), one
        found += [f"{said(since, zone)} > {said(until, zone)}" for since, until in occurrences(one, begin, end)]
    return found


def test_an_event_with_a_zone_is_on_its_wall_one_without_on_ours() -> None:
    assert times("DTSTART;TZID=Europe/Berlin:20261124T090000\nDTEND;TZID=Europe/Berlin:20261124T170000") == [
        "2026-11-24 16:00+08:00 > 2026-11-25 00:00+08:00"
    ]
    assert times("DTSTART:20261124T090000\nDTEND:20261124T170000") == [
        "2026-11-24 09:00+08:00 > 2026-11-24 17:00+08:00"
    ]
    assert times("DTSTART:20261124T010000Z\nDURATION:PT8H") == ["2026-11-24 09:00+08:00 > 2026-11-24 17:00+08:00"]


def test_windows_names_of_zones_are_known() -> None:
    assert times("DTSTART;TZID=China Standard Time:20261124T090000\nDURATION:PT1H") == [
        "2026-11-24 09:00+08:00 > 2026-11-24 10:00+08:00"
    ]


def test_whole_days_are_from_midnight_to_midnight() -> None:
    assert times("DTSTART;VALUE=DATE:20261124") == ["2026-11-24 00:00+08:00 > 2026-11-25 00:00+08:00"]
    assert times("DTSTART;VALUE=DATE:20261124\nDTEND;VALUE=DATE:20261201") == [
        "2026-11-24 00:00+08:00 > 2026-12-01 00:00+08:00"
    ]


def test_what_comes_again_keeps_to_the_wall_over_the_change_of_the_clocks() -> None:
    rule = (
        "DTSTART;TZID=Europe/Berlin:20261023T090000\nDTEND;TZID=Europe/Berlin:20261024T090000\nRRULE:FREQ=DAILY;COUNT=3"
    )
    assert times(rule, zone=BERLIN, begin=at("2026-10-01T00:00")) == [
        "2026-10-23 09:00+02:00 > 2026-10-24 09:00+02:00",
        "2026-10-24 09:00+02:00 > 2026-10-25 09:00+01:00",
        "2026-10-25 09:00+01:00 > 2026-10-26 09:00+01:00",
    ]


def test_dates_are_added_left_out_moved_and_called_off() -> None:
    weekly = "UID:1\nDTSTART:20261124T090000\nDTEND:20261124T100000\nRRULE:FREQ=WEEKLY;UNTIL=20261216T000000"
    found = times(
        weekly + "\nEXDATE:20261201T090000\nRDATE:20261125T090000",
        "UID:1\nRECURRENCE-ID:20261208T010000Z\nDTSTART:20261209T200000\nDTEND:20261209T210000",
        "UID:1\nRECURRENCE-ID:20261215T090000\nDTSTART:20261215T090000\nSTATUS:CANCELLED",
        "UID:2\nDTSTART:20261224T090000\nSTATUS:CANCELLED",
    )
    assert [one[5:16] for one in found] == ["11-24 09:00", "11-25 09:00", "12-09 20:00"]


def test_only_what_touches_the_time_is_told() -> None:
    daily = "DTSTART:20200101T200000\nDTEND:20200102T080000\nRRULE:FREQ=DAILY"
    found = times(daily, begin=at("2026-11-21T08:00", SHANGHAI), end=at("2026-11-22T20:00", SHANGHAI))
    assert [one[5:16] for one in found] == ["11-21 20:00"]


def test_folded_lines_and_what_is_nested_do_no_harm() -> None:
    text = "SUMMARY:li\n n\nDESCRIPTION:see\n END:VEVENT\nBEGIN:VALARM\nDTSTART:1\nSUMMARY:no\nEND:VALARM\n"
    (event,) = events(text + "ATTENDEE;CN=Lin:MAILTO:Lin@Example.com\nDTSTART:20261124T090000\nDURATION:P1D")
    assert isinstance(event, Event)
    assert (event.summary, event.attendees, event.is_exact) == ("lin", ("lin@example.com",), False)


UNREAD = {
    "DURATION:PT1H": "it has no DTSTART, or more than one",
    "DTSTART:20261124T090000\nDTSTART:20261124T090000\nDURATION:PT1H": "it has no DTSTART, or more than one",
    "DTSTART:20261124T090000": "it ends when it begins, or before",
    "DTSTART:20261124T090000\nDTEND:20261124T080000": "it ends when it begins, or before",
    "DTSTART:20261124T090000\nDTEND:20291124T080000": "it is longer than a year",
    "DTSTART;TZID=Moon/Base:20261124T090000\nDURATION:PT1H": "its time zone 'Moon/Base' is not known",
    "DTSTART:10661014T090000\nDURATION:PT1H": "its DTSTART is not between 1970 and 2199",
    "DTSTART:20261124T090000\nDURATION:PT1H\nRRULE:FREQ=MINUTELY": (
        "it comes again MINUTELY; only DAILY, WEEKLY, MONTHLY, YEARLY are understood here"
    ),
    "DTSTART:20261124T090000\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1": (
        "its rule says BYSETPOS, which is not understood here"
    ),
    "DTSTART:20261124T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=2MO": (
        "its rule numbers weekdays, which WEEKLY cannot do"
    ),
    "DTSTART:20261124T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;INTERVAL=0": "its rule has an INTERVAL below 1",
}


@pytest.mark.parametrize("written", UNREAD)
def test_an_event_that_cannot_be_used_says_why_and_the_others_are_read(written: str) -> None:
    bad, good = events(f"SUMMARY:lin\n{written}", "DTSTART:20261124T090000\nDURATION:PT1H")
    assert bad == Unread(summary="lin", why=UNREAD[written])
    assert isinstance(good, Event)


@pytest.mark.parametrize(
    "broken", ["DTSTART:2026", "DTSTART:20260230T090000", "RRULE:FREQ=HUH\nDTSTART:20261124T090000"]
)
def test_what_no_calendar_program_would_write_is_unread(broken: str) -> None:
    (one,) = events(f"SUMMARY:lin\n{broken}\nDURATION:PT1H")
    assert isinstance(one, Unread)
    assert one.why


NO_CALENDARS = {
    "": "it has no line BEGIN:VCALENDAR",
    "dear operator": "it has no line BEGIN:VCALENDAR",
    "BEGIN:VCALENDAR\nBEGIN:VEVENT\n": "is not a whole calendar: END:VEVENT is missing",
    "BEGIN:VCALENDAR\nEND:VEVENT\n": "END:VEVENT ends nothing that has begun",
    calendar(*["DTSTART:1"] * (MAX_EVENTS + 1)): f"holds more than {MAX_EVENTS} events",
}


@pytest.mark.parametrize("text", NO_CALENDARS, ids=list(NO_CALENDARS.values()))
def test_what_is_no_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=NO_CALENDARS[text]):
        list(read(text, HERE))


@given(st.text(alphabet='BEGINVCALDRT:;=\r\n\t 0159Z-,\\"é\u2028', max_size=300))
@settings(max_examples=60, deadline=None)
def test_nothing_makes_the_reader_fail_otherwise(inside: str) -> None:
    try:
        found = [one for one in read(calendar(inside), HERE) if one is not None]
    except ValueError:
        return
    for one in found:
        assert isinstance(one, Unread) or list(occurrences(one, BEGIN, END)) is not None


@pytest.mark.parametrize("rule", ["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;INTERVAL=12;BYMONTH=3"])
def test_a_rule_that_never_comes_true_ends(rule: str) -> None:
    """A library that looks for the next day until the year 9999 would take seconds."""
    assert times(f"DTSTART:20260124T090000\nDURATION:PT1H\nRRULE:{rule}") == []


DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


@st.composite
def rules(draw: st.DrawFn) -> str:
    every = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={every}", f"INTERVAL={draw(st.integers(1, 4))}", f"WKST={draw(st.sampled_from(DAYS))}"]
    if draw(st.booleans()):
        days = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=3, unique=True))
        numbered = every in ("MONTHLY", "YEARLY") and draw(st.booleans())
        parts.append(
            "BYDAY=" + ",".join(f"{draw(st.sampled_from(['1', '2', '-1', '5'])) if numbered else ''}{d}" for d in days)
        )
    if draw(st.booleans()):
        parts.append(f"BYMONTHDAY={draw(st.sampled_from(['1', '13', '31', '-1', '7,8,9,10,11,12,13']))}")
    if draw(st.booleans()):
        parts.append(f"BYMONTH={draw(st.sampled_from(['1', '2,11', '1,2,3,4,5,6']))}")
    if draw(st.booleans()):
        parts.append(f"COUNT={draw(st.integers(1, 20))}")
    elif draw(st.booleans()):
        parts.append(f"UNTIL=2026{draw(st.integers(1, 12)):02}15T090000")
    return ";".join(parts)


@pytest.mark.slow
@given(rules(), st.dates(date(2025, 1, 1), date(2026, 3, 1)), st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_rules_mean_what_a_library_takes_them_to_mean(rule: str, first: date, later: int) -> None:
    start = datetime.fromisoformat(f"{first}T09:00:00")
    begin = start + timedelta(days=later)
    end = begin + timedelta(days=500)
    bounded = rule if "COUNT" in rule or "UNTIL" in rule else f"{rule};UNTIL={end:%Y%m%dT%H%M%S}"
    expected = [one for one in rrulestr(bounded, dtstart=start) if begin <= one < end]
    (event,) = events(f"DTSTART:{start:%Y%m%dT%H%M%S}\nDURATION:PT1S\nRRULE:{rule}")
    assert isinstance(event, Event), event
    since, until = (one.replace(tzinfo=HERE).timestamp() for one in (begin, end))
    found = [datetime.fromtimestamp(one, HERE).replace(tzinfo=None) for one, _ in occurrences(event, since, until)]
    assert found == expected


@pytest.mark.slow
@given(
    st.sampled_from([BERLIN, NEW_YORK, SHANGHAI]),
    st.sampled_from(["2026-03-06T12:00", "2026-03-27T05:00", "2026-10-24T00:30", "2026-10-30T23:00"]),
    st.sampled_from(["daily", "every 7 hours", "every 2 days"]),
    st.sampled_from(["00:00", "02:30", "09:15"]),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_what_is_exported_is_imported_as_the_same_shifts(
    zone: str, begin: str, rotation: str, handover: str, nights: bool
) -> None:
    rotating = layer("lin", "team:dba", "zhao", rotation=rotation, handover=handover, start="2026-03-01")
    layers = [rotating, layer("may", hours="22:00-02:30")] if nights else [rotating]
    since = at(begin, zone)
    until = since + 6 * 86_400
    shown = shifts(book(schedule(*layers, zone=zone), dba=("wang", "gao")), "s", since, until)
    covers = []
    for one in read(write("s", shown, since), ZoneInfo(zone)):
        if one is not None:
            assert isinstance(one, Event)
            who = tuple(one.summary.split(", "))
            covers += [Cover(who=who, begin=b, end=e) for b, e in occurrences(one, since, until)]
    empty = schedule(zone=zone)
    again = Book(schedules={"s": empty}, stored={"s": tuple(covers)})
    assert len(shown) > 2
    assert shifts(again, "s", since, until) == shown


def test_a_calendar_names_its_shifts_and_each_keeps_its_id() -> None:
    shift = Shift(who=("林", "wang"), begin=BEGIN, end=BEGIN + 3_600)
    texts = [write("night", [one], BEGIN) for one in (shift, Shift(who=shift.who, begin=BEGIN + 60, end=shift.end))]
    assert "X-WR-CALNAME:night" in texts[0]
    assert "SUMMARY:林\\, wang" in texts[0]
    ids = [[line for line in text.splitlines() if line.startswith("UID:")] for text in texts]
    assert all(one == after for one, after in pairwise(ids))
    assert texts[0].splitlines()[0] == "BEGIN:VCALENDAR"
