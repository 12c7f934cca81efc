"""Cron lines: what each field means, what is refused, and when the clocks change."""

import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import pytest

from daemon.calendars.cron import Cron, Firings

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def firings(text: str, zone: dt.tzinfo = dt.UTC, seed: str = "shop") -> Firings:
    return Firings(Cron.parse(text), zone, seed)


def at(text: str, zone: dt.tzinfo = dt.UTC, *, fold: int = 0) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def shown(instant: float, zone: dt.tzinfo = dt.UTC) -> str:
    return dt.datetime.fromtimestamp(instant, zone).isoformat(sep=" ").removesuffix("+00:00")


def coming(text: str, start: str, most: int, zone: dt.tzinfo = dt.UTC) -> list[str]:
    return [shown(one, zone) for one in firings(text, zone).coming(at(start, zone), most)]


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        ("* * * * *", "2026-11-21 01:00:00", ["2026-11-21 01:01:00", "2026-11-21 01:02:00"]),
        ("*/20 * * * *", "2026-11-21 01:00:01", ["2026-11-21 01:20:00", "2026-11-21 01:40:00", "2026-11-21 02:00:00"]),
        ("1/10 0 * * *", "2026-11-21 00:40:00", ["2026-11-21 00:41:00", "2026-11-21 00:51:00", "2026-11-22 00:01:00"]),
        ("5,35 8-9 * * *", "2026-11-21 08:05:00", ["2026-11-21 08:35:00", "2026-11-21 09:05:00"]),
        ("0 22-2/2 * * *", "2026-11-21 21:00:00", ["2026-11-21 22:00:00", "2026-11-22 00:00:00"]),
        ("0 0 * JAN,jul *", "2026-07-31 00:00:00", ["2027-01-01 00:00:00"]),
        ("0 0 1 NOV-FEB/2 *", "2026-02-01 00:00:00", ["2026-11-01 00:00:00", "2027-01-01 00:00:00"]),
        ("0 9 * * mon-fri", "2026-11-20 10:00:00", ["2026-11-23 09:00:00"]),
        ("0 9 * * FRI-MON", "2026-11-20 10:00:00", ["2026-11-21 09:00:00", "2026-11-22 09:00:00"]),
        ("0 9 * * 0", "2026-11-20 10:00:00", ["2026-11-22 09:00:00", "2026-11-29 09:00:00"]),
        ("0 9 * * 7", "2026-11-20 10:00:00", ["2026-11-22 09:00:00", "2026-11-29 09:00:00"]),
        ("0 9 * * 5-7", "2026-11-21 10:00:00", ["2026-11-22 09:00:00", "2026-11-27 09:00:00"]),
        ("0 9 * * 7-1", "2026-11-21 10:00:00", ["2026-11-22 09:00:00", "2026-11-23 09:00:00", "2026-11-29 09:00:00"]),
        ("0 0 28-2 * *", "2026-11-29 00:00:00", ["2026-11-30 00:00:00", "2026-12-01 00:00:00", "2026-12-02 00:00:00"]),
        ("@yearly", "2026-11-21 01:00:00", ["2027-01-01 00:00:00"]),
        ("@Monthly", "2026-11-21 01:00:00", ["2026-12-01 00:00:00"]),
        ("@weekly", "2026-11-21 01:00:00", ["2026-11-22 00:00:00"]),
        ("@midnight", "2026-11-21 01:00:00", ["2026-11-22 00:00:00"]),
        ("@hourly", "2026-11-21 01:00:00", ["2026-11-21 02:00:00"]),
    ],
)
def test_five_fields_and_macros(text: str, start: str, expected: list[str]) -> None:
    assert coming(text, start, len(expected)) == expected


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        # SCF's own: seconds first, the year last
        ("*/30 * * * * * *", "2026-11-21 01:00:00", ["2026-11-21 01:00:30", "2026-11-21 01:01:00"]),
        ("0 0 2 1 * ? *", "2026-11-21 01:00:00", ["2026-12-01 02:00:00", "2027-01-01 02:00:00"]),
        ("0 15 10 ? * MON-FRI *", "2026-11-20 12:00:00", ["2026-11-23 10:15:00"]),
        ("0 0 10 ? * 5L *", "2026-11-21 00:00:00", ["2026-11-27 10:00:00", "2026-12-25 10:00:00"]),
        ("15 30 9 * * *", "2026-11-21 09:30:14", ["2026-11-21 09:30:15", "2026-11-22 09:30:15"]),
        ("59 59 23 31 12 ? 2027", "2026-01-01 00:00:00", ["2027-12-31 23:59:59"]),
        ("0 0 0 1 1 ? 2027-2031/2", "2028-01-01 00:00:00", ["2029-01-01 00:00:00", "2031-01-01 00:00:00"]),
    ],
)
def test_six_fields_begin_with_seconds_and_the_seventh_is_the_year(text: str, start: str, expected: list[str]) -> None:
    assert coming(text, start, len(expected)) == expected


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        ("0 0 L * *", "2028-02-01 00:00:00", ["2028-02-29 00:00:00", "2028-03-31 00:00:00", "2028-04-30 00:00:00"]),
        ("0 0 LW * *", "2027-01-01 00:00:00", ["2027-01-29 00:00:00", "2027-02-26 00:00:00"]),
        ("0 0 15W 8 *", "2027-01-01 00:00:00", ["2027-08-16 00:00:00"]),  # a Sunday
        ("0 0 1W 5 *", "2027-01-01 00:00:00", ["2027-05-03 00:00:00"]),  # a Saturday: never in another month
        ("0 0 31W 10 *", "2027-01-01 00:00:00", ["2027-10-29 00:00:00"]),  # a Sunday at the month's end
        ("0 0 31W * *", "2027-04-01 00:00:00", ["2027-05-31 00:00:00"]),  # April has no 31st
        ("0 0 15,L * *", "2027-02-01 00:00:00", ["2027-02-15 00:00:00", "2027-02-28 00:00:00"]),
        ("0 0 * * 5#2", "2026-11-01 00:00:00", ["2026-11-13 00:00:00", "2026-12-11 00:00:00"]),
        ("0 0 * * SUN#1", "2026-11-02 00:00:00", ["2026-12-06 00:00:00"]),
        ("0 0 * * 7#1", "2026-11-02 00:00:00", ["2026-12-06 00:00:00"]),
        ("0 0 * * FRIL", "2026-11-01 00:00:00", ["2026-11-27 00:00:00"]),
        ("0 0 * * L5", "2026-11-01 00:00:00", ["2026-11-27 00:00:00"]),
        ("0 0 * 2 MON#5", "2020-01-01 00:00:00", ["2044-02-29 00:00:00", "2072-02-29 00:00:00", "2112-02-29 00:00:00"]),
    ],
)
def test_last_days_working_days_and_the_second_friday(text: str, start: str, expected: list[str]) -> None:
    assert coming(text, start, len(expected)) == expected


def test_with_day_and_weekday_both_set_either_will_do() -> None:
    either = coming("0 0 2 1 * MON *", "2026-11-28 00:00:00", 3)
    assert either == ["2026-11-30 02:00:00", "2026-12-01 02:00:00", "2026-12-07 02:00:00"]


@pytest.mark.parametrize("left_open", ["*", "?", "*/1"])
def test_of_day_and_weekday_the_one_that_is_left_open_does_not_count(left_open: str) -> None:
    assert coming(f"0 0 {left_open} * MON", "2026-11-21 00:00:00", 1) == ["2026-11-23 00:00:00"]
    assert coming(f"0 0 13 * {left_open}", "2026-11-21 00:00:00", 1) == ["2026-12-13 00:00:00"]


def test_every_second_day_is_set_and_not_left_open() -> None:
    """Debian's cron would take it for a star, and look only on odd days that are Mondays."""
    expected = ["2026-11-23 00:00:00", "2026-11-25 00:00:00", "2026-11-27 00:00:00", "2026-11-29 00:00:00",
                "2026-11-30 00:00:00"]  # fmt: skip
    assert coming("0 0 */2 * 1", "2026-11-21 00:00:00", 5) == expected


def test_the_29th_of_february_waits_for_its_year() -> None:
    assert coming("0 0 29 2 *", "2096-02-29 00:00:00", 2) == ["2104-02-29 00:00:00", "2108-02-29 00:00:00"]


@pytest.mark.parametrize(
    "text", ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 0 29 2 ? 2027", "0 0 31W 2 *", "0 0 0 30 2 ? *"]
)
def test_an_impossible_date_ends_the_search(text: str) -> None:
    line = firings(text)
    assert line.after(0.0) is None
    assert line.before(at("2026-11-21 00:00:00")) is None


def test_a_line_whose_years_are_over_never_fires_again() -> None:
    line = firings("0 0 12 * * ? 2026-2027", SHANGHAI)
    last = at("2027-12-31 12:00:00", SHANGHAI)
    assert line.after(at("2027-12-31 11:00:00", SHANGHAI)) == last
    assert line.after(last) is None
    assert line.before(at("2090-01-01 00:00:00")) == last
    assert line.before(at("2026-01-01 12:00:00", SHANGHAI)) is None
    assert list(line.coming(at("2027-12-30 13:00:00", SHANGHAI), 5)) == [last]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it has 5 (minute hour day month weekday), 6 (second first) or 7 (second first, year last)"),
        ("* * * *", "it has 5"),
        ("* * * * * * * *", "it has 5"),
        ("60 * * * *", "minute '60' is none; 0 to 59"),
        ("* 24 * * *", "hour '24' is none; 0 to 23"),
        ("* * 0 * *", "day '0' is none; 1 to 31"),
        ("* * 32 * *", "day '32' is none; 1 to 31"),
        ("* * * 13 *", "month '13' is none; 1 to 12, or JAN to DEC"),
        ("* * * FOO *", "month 'FOO' is none"),
        ("* * * * 8", "weekday '8' is none; 0 to 6, or SUN to SAT"),
        ("* * * * MONDAY", "weekday 'MONDAY' is none"),
        ("0 0 0 1 1 ? 1969", "year '1969' is none; 1970 to 2099"),
        ("0 0 0 1 1 ? 2028-2026", "year 2028-2026 ends before it begins"),
        ("*/0 * * * *", "minute: a step goes from 1 to 60, not '0'"),
        ("*/90 * * * *", "minute: a step goes from 1 to 60, not '90'"),
        ("*/x * * * *", "a step goes from 1 to 60"),
        ("*/ * * * *", "minute '*/' cannot be read"),
        ("-5 * * * *", "minute '-5' cannot be read"),
        ("1,,2 * * * *", "minute '' cannot be read"),
        ("1-2-3 * * * *", "minute '1-2-3' cannot be read"),
        ("? * * * *", "`?`, `L`, `W` and `#` have their places in those of day and weekday only"),
        ("* L * * *", "hour 'L'"),
        ("* * * * 15W", "weekday '15W'"),
        ("* * 5#2 * *", "day '5#2'"),
        ("* * 5L * *", "day '5L'"),
        ("* * 0W * *", "day '0' is none"),
        ("* * 32W * *", "day '32' is none"),
        ("* * * * 5#6", "weekday '5#6': a month has 1 to 5 of each"),
        ("* * * * 5#", "weekday '5#'"),
        ("* * * * L", "write 5L for the last Friday of the month, or SAT"),
        ("* * * * 8L", "weekday '8' is none"),
        ("* * * * FOOL", "weekday 'FOO' is none"),
        ("H(50-10) * * * *", "H(50-10) ends before it begins"),
        ("H(0-70) * * * *", "minute '70' is none"),
        ("0 0 0 1 1 ? H", "a year cannot be `H`"),
        ("@reboot", "a probe looks soon after every start by itself"),
        ("@every 5m", "write every: 5m in place of cron:"),
        ("@fortnightly", "the words are @yearly, "),
        ("٣ * * * *", "minute '٣' cannot be read"),
        ("1 " * 2_000, "it has 5"),
        ("1," * 2_000 + "1 * * * *", "it has 5"),
    ],
)
def test_what_cannot_be_read_says_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"^is not a ") as refused:
        Cron.parse(text)
    assert says in str(refused.value)


def test_what_is_hashed_is_the_same_for_a_name_and_another_for_others() -> None:
    start = at("2026-11-21 00:00:00")
    seen = {firings("H * * * *", seed=f"probe-{number}").after(start) for number in range(200)}
    assert len(seen) >= 50
    assert firings("H * * * *", seed="shop").after(start) == firings("H * * * *", seed="shop").after(start)
    assert firings("H H * * *", seed="shop").after(start) == at("2026-11-21 05:55:00")


@pytest.mark.parametrize(
    ("text", "field", "allowed"),
    [
        ("H * * * *", "minute", range(60)),
        ("H(10-19) * * * *", "minute", range(10, 20)),
        ("0 H(22-23) * * *", "hour", range(22, 24)),
        ("0 0 H * *", "day", range(1, 29)),
        ("0 0 1 H *", "month", range(1, 13)),
        ("H 0 0 * * *", "second", range(60)),
    ],
)
def test_what_is_hashed_stays_in_its_range(text: str, field: str, allowed: range) -> None:
    found = set()
    for number in range(100):
        one = firings(text, seed=f"p{number}").after(at("2026-01-01 00:00:00"))
        assert one is not None
        found.add(getattr(dt.datetime.fromtimestamp(one, dt.UTC), field))
    assert found <= set(allowed)
    assert len(found) > 1


def test_a_hashed_step_begins_where_the_name_says() -> None:
    for seed in ("a", "b", "c", "d"):
        found = [dt.datetime.fromtimestamp(one, dt.UTC) for one in firings("H/15 * * * *", seed=seed).coming(0.0, 8)]
        assert len({one.minute for one in found}) == 4
        assert {one.minute % 15 for one in found} == {found[0].minute % 15}


SPRING = "2026-03-08"  # New York leaves out 02:00 to 03:00
AUTUMN = "2026-11-01"  # and has 01:00 to 02:00 twice
EST, EDT = "-05:00", "-04:00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 2 * * *", ["03-08 03:00:00-04:00", "03-09 02:30:00-04:00"]),
        ("0,30 2 * * *", ["03-08 03:00:00-04:00", "03-09 02:00:00-04:00"]),
        ("30 2,3 * * *", ["03-08 03:00:00-04:00", "03-08 03:30:00-04:00", "03-09 02:30:00-04:00"]),
        ("0 2-3 * * *", ["03-08 03:00:00-04:00", "03-09 02:00:00-04:00"]),
        ("15 30 2 * * *", ["03-08 03:00:00-04:00", "03-09 02:30:15-04:00"]),
        ("*/30 2 * * *", ["03-09 02:00:00-04:00", "03-09 02:30:00-04:00"]),
        ("30 * * * *", ["03-08 00:30:00-05:00", "03-08 01:30:00-05:00", "03-08 03:30:00-04:00"]),
        ("@daily", ["03-09 00:00:00-04:00"]),
    ],
)
def test_a_time_that_the_clocks_leave_out_comes_once_right_after(text: str, expected: list[str]) -> None:
    found = coming(text, f"{SPRING} 00:00:00", len(expected), NEW_YORK)
    assert found == [f"2026-{one}" for one in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 1 * * *", ["11-01 01:30:00-04:00", "11-02 01:30:00-05:00"]),
        ("0,30 1 * * *", ["11-01 01:00:00-04:00", "11-01 01:30:00-04:00", "11-02 01:00:00-05:00"]),
        ("30 1,2 * * *", ["11-01 01:30:00-04:00", "11-01 02:30:00-05:00"]),
        ("30 * * * *", ["11-01 00:30:00-04:00", "11-01 01:30:00-04:00", "11-01 01:30:00-05:00"]),
        (
            "*/30 1 * * *",
            ["11-01 01:00:00-04:00", "11-01 01:30:00-04:00", "11-01 01:00:00-05:00", "11-01 01:30:00-05:00"],
        ),
        (
            "0-59/30 0-23 * * *",
            ["11-01 00:30:00-04:00", "11-01 01:00:00-04:00", "11-01 01:30:00-04:00", "11-01 01:00:00-05:00"],
        ),
    ],
)
def test_a_time_that_comes_twice_counts_once_unless_the_line_goes_by_time_that_passes(
    text: str, expected: list[str]
) -> None:
    found = coming(text, f"{AUTUMN} 00:00:00", len(expected), NEW_YORK)
    assert found == [f"2026-{one}" for one in expected]


def test_in_the_hour_that_comes_again_a_fixed_time_is_over() -> None:
    second_time = at(f"{AUTUMN} 01:10:00", NEW_YORK, fold=1)
    assert shown(firings("30 1 * * *", NEW_YORK).after(second_time) or 0, NEW_YORK) == "2026-11-02 01:30:00-05:00"
    assert shown(firings("0 2 * * *", NEW_YORK).after(second_time) or 0, NEW_YORK) == "2026-11-01 02:00:00-05:00"


def test_the_last_second_before_a_change_and_the_first_after_it() -> None:
    line = firings("30 2 * * *", NEW_YORK)
    change = at(f"{SPRING} 03:00:00", NEW_YORK)
    assert line.after(change - 1) == change
    assert line.after(change - 0.25) == change
    assert line.after(change) == at("2026-03-09 02:30:00", NEW_YORK)
    assert line.before(change + 1) == change
    assert line.before(change) == at("2026-03-07 02:30:00", NEW_YORK)


def test_berlin_changes_at_other_hours() -> None:
    assert coming("30 2 * * *", "2026-03-28 12:00:00", 2, BERLIN) == [
        "2026-03-29 03:00:00+02:00",
        "2026-03-30 02:30:00+02:00",
    ]
    assert coming("30 2 * * *", "2026-10-24 12:00:00", 2, BERLIN) == [
        "2026-10-25 02:30:00+02:00",
        "2026-10-26 02:30:00+01:00",
    ]


def test_half_an_hour_and_a_whole_day_are_left_out_like_an_hour() -> None:
    lord_howe, apia = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia")
    assert coming("15 2 * * *", "2026-10-03 12:00:00", 1, lord_howe) == ["2026-10-04 02:30:00+11:00"]
    assert coming("0 12 * * *", "2011-12-29 13:00:00", 2, apia) == [
        "2011-12-31 00:00:00+14:00",
        "2011-12-31 12:00:00+14:00",
    ]


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25)])
def test_a_look_every_minute_has_as_many_minutes_as_the_day_has(day: str, hours: int) -> None:
    begin = at(f"{day} 00:00:00", NEW_YORK)
    found = [one for one in firings("* * * * *", NEW_YORK).coming(begin - 1, 1_600) if one < begin + hours * 3_600]
    assert len(found) == hours * 60
    assert {after - before for before, after in itertools.pairwise(found)} == {60.0}
