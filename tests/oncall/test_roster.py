"""Who is on call: a table of schedules made by hand, the nights when clocks are changed, and what always holds."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.oncall.roster import first_gap, next_shift, on_call, shifts
from daemon.oncall.schedule import Book, Cover, Layer, Schedule, Shift
from rotas import BERLIN, NEW_YORK, SHANGHAI, at, book, layer, override, said, schedule

WEEKLY = layer("lin", "wang", "zhao", start="2026-11-23", handover="monday 09:00")
NIGHTS = layer("night", hours="18:00-09:00")
DAY = 86_400.0

# A schedule, and who is on call when, on a wall of its zone.
TABLE: dict[str, tuple[Schedule, dict[str, str]]] = {
    "weekly, with its hand-over on a day": (
        schedule(WEEKLY),
        {
            "2026-11-23T08:59": "",
            "2026-11-23T09:00": "lin",
            "2026-11-30T08:59": "lin",
            "2026-11-30T09:00": "wang",
            "2026-12-07T09:00": "zhao",
            "2026-12-14T09:00": "lin",
            "2027-11-22T08:59": "lin",
        },
    ),
    "daily": (
        schedule(layer("lin", "wang", rotation="daily", start="2026-11-21", handover="08:30")),
        {"2026-11-21T08:29": "", "2026-11-21T08:30": "lin", "2026-11-22T08:30": "wang", "2026-11-24T08:29": "lin"},
    ),
    "every three days": (
        schedule(layer("lin", "wang", rotation="every 3 days", start="2026-11-21")),
        {"2026-11-24T08:59": "lin", "2026-11-24T09:00": "wang", "2026-11-27T09:00": "lin"},
    ),
    "every twelve hours": (
        schedule(layer("day", "night", rotation="every 12 hours", start="2026-11-21")),
        {"2026-11-21T20:59": "day", "2026-11-21T21:00": "night", "2026-11-22T09:00": "day"},
    ),
    "nights over days": (
        schedule(layer("day"), NIGHTS),
        {
            "2026-11-21T17:59": "day",
            "2026-11-21T18:00": "night",
            "2026-11-22T08:59": "night",
            "2026-11-22T09:00": "day",
        },
    ),
    "the nights of weekends begin on saturday and sunday": (
        schedule(layer("lin"), layer("wang", hours="18:00-09:00", weekdays=["saturday-sunday"])),
        {
            "2026-11-20T20:00": "lin",  # friday
            "2026-11-21T20:00": "wang",
            "2026-11-22T20:00": "wang",
            "2026-11-23T08:59": "wang",
            "2026-11-23T20:00": "lin",
        },
    ),
    "whole days of the week, and a run of them over its end": (
        schedule(layer("lin", weekdays=["friday-monday", "wednesday"])),
        {"2026-11-20T00:00": "lin", "2026-11-23T23:59": "lin", "2026-11-24T12:00": "", "2026-11-25T12:00": "lin"},
    ),
    "a layer that begins and ends": (
        schedule(layer("lin"), layer("wang", start="2026-12-01", until="2026-12-05", handover="10:00")),
        {"2026-12-01T09:59": "lin", "2026-12-01T10:00": "wang", "2026-12-05T09:59": "wang", "2026-12-05T10:00": "lin"},
    ),
    "an override goes before all layers": (
        schedule(WEEKLY, NIGHTS, overrides=(override("zhao", "2026-11-24 20:00", "2026-11-25 03:00"),)),
        {"2026-11-24T19:59": "night", "2026-11-24T20:00": "zhao", "2026-11-25T03:00": "night"},
    ),
    "an override by somebody else's clock": (
        schedule(layer("lin"), overrides=(override("wang", "2026-11-24T20:00+08:00", "2026-11-24T20:00Z"),)),
        {"2026-11-24T12:59": "lin", "2026-11-24T13:00": "wang", "2026-11-24T20:59": "wang", "2026-11-24T21:00": "lin"},
    ),
    "whoever stands twice has twice as many turns": (
        schedule(layer("lin", "lin", "wang", rotation="daily", start="2026-11-21")),
        {"2026-11-21T10:00": "lin", "2026-11-22T10:00": "lin", "2026-11-23T10:00": "wang", "2026-11-24T10:00": "lin"},
    ),
    "no layers, nobody": (schedule(), {"2026-11-24T12:00": ""}),
}


@pytest.mark.parametrize("case", TABLE, ids=list(TABLE))
def test_who_is_on_call(case: str) -> None:
    made, expected = TABLE[case]
    assert {when: ", ".join(on_call(book(made), "s", at(when))) for when in expected} == expected


def test_a_team_takes_its_turn_together() -> None:
    rota = book(schedule(layer("lin", "team:dba", rotation="daily", start="2026-11-21")), dba=("wang", "zhao"))
    assert on_call(rota, "s", at("2026-11-22T12:00")) == ("wang", "zhao")


def test_a_schedule_fills_a_layer_of_another_also_with_its_gaps() -> None:
    nights = schedule(layer("wang", hours="18:00-09:00"), name="nights", overrides=())
    day = schedule(layer("lin"), layer(use="nights"))
    rota = book(day, nights)
    assert [on_call(rota, "s", at(f"2026-11-24T{hour}")) for hour in ("12:00", "19:00")] == [("lin",), ("wang",)]
    swap = Cover(who=("zhao",), begin=at("2026-11-24T18:00"), end=at("2026-11-24T20:00"))
    swapped = Book(schedules=rota.schedules, stored={"nights": (swap,)})
    assert on_call(swapped, "s", at("2026-11-24T19:00")) == ("zhao",)


def test_the_override_that_was_said_last_counts() -> None:
    first, second = (Cover(who=(who,), begin=0.0, end=9e9) for who in ("wang", "zhao"))
    assert on_call(book(schedule(layer("lin")), stored=(first, second)), "s", 1.0) == ("zhao",)


def test_shifts_are_cut_at_the_ends_and_merged_where_nobody_hands_over() -> None:
    rota = book(schedule(layer("lin", hours="00:00-12:00"), layer("lin", hours="12:00-24:00"), WEEKLY))
    found = shifts(rota, "s", at("2026-11-22T06:00"), at("2026-12-02T06:00"))
    assert [(shift.who, said(shift.begin), said(shift.end)) for shift in found] == [
        (("lin",), "2026-11-22 06:00+01:00", "2026-11-30 09:00+01:00"),
        (("wang",), "2026-11-30 09:00+01:00", "2026-12-02 06:00+01:00"),
    ]


def test_the_next_shift_is_that_of_somebody_else() -> None:
    rota = book(schedule(WEEKLY))
    shift = next_shift(rota, "s", at("2026-11-25T12:00"))
    assert shift == Shift(who=("wang",), begin=at("2026-11-30T09:00"), end=at("2026-12-07T09:00"))
    assert next_shift(book(schedule(layer("lin"))), "s", 0.0) is None


def test_after_a_gap_the_next_shift_may_be_ones_own() -> None:
    rota = book(schedule(layer("lin", hours="09:00-17:00")))
    shift = next_shift(rota, "s", at("2026-11-25T12:00"))
    assert shift == Shift(who=("lin",), begin=at("2026-11-26T09:00"), end=at("2026-11-26T17:00"))


def test_the_first_gap_is_found_wherever_it_is() -> None:
    begin = at("2026-11-23T09:00")
    assert first_gap(book(schedule(WEEKLY)), "s", begin, begin + 30 * DAY) is None
    assert first_gap(book(schedule(WEEKLY)), "s", begin - 60, begin + DAY) == (begin - 60, begin)
    hours = book(schedule(layer("lin", hours="09:00-17:00")))
    assert first_gap(hours, "s", begin, begin + DAY) == (at("2026-11-23T17:00"), at("2026-11-24T09:00"))
    assert first_gap(book(schedule()), "s", begin, begin + DAY) == (begin, begin + DAY)


# zone, the day before, the hand-over, and the three hand-overs around the change as instants
CHANGES = [
    (BERLIN, "2026-03-28", "09:00", ["03-28 09:00+01:00", "03-29 09:00+02:00", "03-30 09:00+02:00"]),
    (BERLIN, "2026-03-28", "02:30", ["03-28 02:30+01:00", "03-29 03:00+02:00", "03-30 02:30+02:00"]),
    (BERLIN, "2026-10-24", "09:00", ["10-24 09:00+02:00", "10-25 09:00+01:00", "10-26 09:00+01:00"]),
    (BERLIN, "2026-10-24", "02:30", ["10-24 02:30+02:00", "10-25 02:30+02:00", "10-26 02:30+01:00"]),
    (NEW_YORK, "2026-03-07", "02:00", ["03-07 02:00-05:00", "03-08 03:00-04:00", "03-09 02:00-04:00"]),
    (NEW_YORK, "2026-03-07", "09:00", ["03-07 09:00-05:00", "03-08 09:00-04:00", "03-09 09:00-04:00"]),
    (NEW_YORK, "2026-10-31", "01:15", ["10-31 01:15-04:00", "11-01 01:15-04:00", "11-02 01:15-05:00"]),
    (SHANGHAI, "2026-03-28", "02:30", ["03-28 02:30+08:00", "03-29 02:30+08:00", "03-30 02:30+08:00"]),
    ("Australia/Lord_Howe", "2026-10-03", "02:15", ["10-03 02:15+10:30", "10-04 02:30+11:00", "10-05 02:15+11:00"]),
]


@pytest.mark.parametrize(("zone", "start", "handover", "expected"), CHANGES)
def test_a_daily_hand_over_is_at_its_hour_also_when_the_clocks_are_changed(
    zone: str, start: str, handover: str, expected: list[str]
) -> None:
    daily = schedule(layer("lin", "wang", rotation="daily", start=start, handover=handover), zone=zone)
    begin = at(f"{start}T00:00", zone)
    found = shifts(book(daily), "s", begin, begin + 3 * DAY)
    assert [said(shift.begin, zone)[5:] for shift in found] == expected
    assert [shift.who for shift in found] == [("lin",), ("wang",), ("lin",)]


def test_the_night_in_which_the_clocks_go_forward_is_an_hour_shorter() -> None:
    rota = book(schedule(layer("lin", hours="18:00-09:00")))
    nights = shifts(rota, "s", at("2026-03-27T12:00"), at("2026-03-30T12:00"))
    assert [(night.end - night.begin) / 3_600 for night in nights] == [15, 14, 15]


ZONES = st.sampled_from([BERLIN, NEW_YORK, SHANGHAI, "Australia/Lord_Howe", "America/St_Johns", "UTC"])
# Around the changes of 2026, where it matters.
STARTS = st.sampled_from(["2026-03-01", "2026-03-27", "2026-10-20", "2026-10-31"])
PEOPLE = st.lists(st.sampled_from(["lin", "wang", "zhao"]), min_size=1, max_size=4)
TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))


@st.composite
def layers(draw: st.DrawFn, *, always: bool = False) -> Layer:
    people, more = draw(PEOPLE), {}
    more["rotation"] = draw(st.sampled_from(["daily", "weekly", "every 2 days", "every 5 hours", "every 36 hours"]))
    more["handover"] = draw(TIMES)
    more["start"] = "2026-01-01" if always else draw(STARTS)
    if not always and draw(st.booleans()):
        more["until"] = "2026-11-03"
    if not always and draw(st.booleans()):
        begin, end = draw(st.lists(TIMES, min_size=2, max_size=2, unique=True))
        more["hours"] = f"{begin}-{end}"
    if not always and draw(st.booleans()):
        more["weekdays"] = draw(st.lists(st.sampled_from(["monday", "friday-sunday", "wednesday"]), min_size=1))
    return layer(*people, **more)


@st.composite
def books(draw: st.DrawFn, *, covered: bool = False) -> Book:
    drawn = draw(st.lists(layers(), max_size=3))
    if covered:
        drawn.append(draw(layers(always=True)))
    begin = at(draw(st.sampled_from(["2026-03-28T12:00", "2026-10-25T00:30"])))
    stored = [
        Cover(who=(who,), begin=begin + offset * 900, end=begin + (offset + length) * 900)
        for who, offset, length in draw(
            st.lists(
                st.tuples(st.sampled_from(["gao", "lin"]), st.integers(-200, 200), st.integers(1, 300)), max_size=2
            )
        )
    ]
    return book(schedule(*drawn, zone=draw(ZONES)), stored=tuple(stored))


MOMENTS = st.sampled_from(["2026-03-06T00:00", "2026-03-27T00:00", "2026-10-24T00:00", "2026-10-30T00:00"])


@settings(max_examples=60, deadline=None)
@given(books(covered=True), MOMENTS, st.integers(0, 5 * 86_400))
def test_one_answer_at_every_instant_when_the_last_layer_is_always_on(rota: Book, begin: str, later: int) -> None:
    who = on_call(rota, "s", at(begin) + later)
    assert len(who) == 1
    assert first_gap(rota, "s", at(begin), at(begin) + 5 * DAY) is None


@settings(max_examples=60, deadline=None)
@given(books(), MOMENTS, st.lists(st.integers(0, 4 * 96 - 1), min_size=1, max_size=20))
def test_shifts_partition_the_time_and_say_what_on_call_says(rota: Book, begin: str, quarters: list[int]) -> None:
    since = at(begin)
    found = shifts(rota, "s", since, since + 4 * DAY)
    assert all(shift.begin < shift.end and shift.who for shift in found)
    for one, after in pairwise(found):
        assert one.end < after.begin or (one.end == after.begin and one.who != after.who)
    for quarter in quarters:
        instant = since + quarter * 900 + 7
        on = [shift.who for shift in found if shift.begin <= instant < shift.end]
        assert on == ([who] if (who := on_call(rota, "s", instant)) else [])


@settings(max_examples=40, deadline=None)
@given(books(), MOMENTS)
def test_the_shifts_of_two_halves_are_those_of_the_whole(rota: Book, begin: str) -> None:
    since = at(begin)
    halves = shifts(rota, "s", since, since + DAY) + shifts(rota, "s", since + DAY, since + 2 * DAY)
    joined: list[Shift] = []
    for shift in halves:
        if joined and joined[-1].end == shift.begin and joined[-1].who == shift.who:
            joined[-1] = Shift(who=shift.who, begin=joined[-1].begin, end=shift.end)
        else:
            joined.append(shift)
    assert joined == shifts(rota, "s", since, since + 2 * DAY)


@settings(max_examples=60, deadline=None)
@given(ZONES, TIMES, st.integers(1, 9), st.integers(0, 300 * 86_400))
def test_turns_are_those_that_counting_hand_overs_gives(zone: str, time: str, days: int, later: int) -> None:
    """Counted one by one: a hand-over that the clock jumps over is the first instant that shows it or a later time."""
    people = ("lin", "wang", "zhao")
    made = schedule(layer(*people, rotation=f"every {days} days", start="2026-01-05", handover=time), zone=zone)
    instant = at("2026-01-06T00:00", zone) + later
    count, day = -1, datetime.fromisoformat(f"2026-01-05T{time}")
    while datetime.fromtimestamp(instant, ZoneInfo(zone)).replace(tzinfo=None) >= day:
        count, day = count + 1, day + timedelta(days=days)
    # An hour that is shown twice was counted as soon as it was shown once; before that, nothing tells the two apart.
    assert on_call(book(made), "s", instant) == ((people[count % 3],) if count >= 0 else ())
