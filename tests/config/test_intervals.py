"""Time intervals in the file: Alertmanager's pastes in, and what can never be is told with what would be right."""

from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.calendars import china
from daemon.calendars.interval import TimeInterval
from daemon.config import intervals
from daemon.config.audience import Route
from daemon.config.load import Loaded
from daemon.config.settings import Settings
from daemon.config.shown import redacted
from timed import at, interval, named

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

HEAD = """\
channels: {hall: {type: room}}
receivers: [{name: ops, notify: [{by: [hall]}]}]
route:
  receiver: ops
  routes:
    - matchers: [team=shop]
      mute_time_intervals: [night, weekends]
      active_time_intervals: [office]
"""
FIRST = HEAD.count("\n") + 1
USED = """\
time_intervals:
  - {name: night, time_intervals: [{times: [{start_time: '22:00', end_time: '24:00'}]}]}
  - {name: weekends, time_intervals: [{weekdays: ['saturday', 'sunday']}]}
"""


def entry(text: str) -> str:
    """A file whose interval `office` has this one entry, in line 14."""
    return f"{HEAD}{USED}  - name: office\n    time_intervals:\n      - {text}\n"


def test_the_intervals_of_an_alertmanager_paste_in_unchanged(load_text: Load) -> None:
    text = """\
time_intervals:
  - name: offhours
    time_intervals:
      - times:
          - start_time: 00:00
            end_time: 08:30
          - {start_time: "18:00", end_time: "24:00"}
        weekdays: ['Monday:Friday']
        location: 'Asia/Shanghai'
      - weekdays: [saturday, sunday]
  - name: end of quarter
    time_intervals:
      - days_of_month: ['1:2', '-3:-1', 15]
        months: ['march', 6, 'September:december']
        years: ['2026:2028', 2030]
  - name: at work
    time_intervals: [{workdays: cn, location: Local}, {holidays: cn}]
"""
    assert load_text(HEAD.replace("mute_", "# ").replace("active_", "# ") + text).settings.time_intervals == {
        "offhours": named(
            "offhours",
            interval("00:00-08:30 18:00-24:00", "monday:friday", location="Asia/Shanghai"),
            interval(weekdays="saturday sunday"),
        ),
        "end of quarter": named(
            "end of quarter", interval(days="1:2 -3:-1 15", months="march 6 9:12", years="2026:2028 2030")
        ),
        "at work": named("at work", interval(workdays="cn", location="Local"), interval(holidays="cn")),
    }


def test_the_old_name_of_the_section_is_another_list_of_the_same(load_text: Load, tmp_path: Path) -> None:
    (tmp_path / "more.yml").write_text(
        "mute_time_intervals: [{name: weekends, time_intervals: [{weekdays: [sunday]}]}]"
    )
    text = "mute_time_intervals: [{name: night}]\ntime_intervals: [{name: office}]\ninclude: more.yml\n"
    assert list(load_text(HEAD + text).settings.time_intervals) == ["night", "office", "weekends"]


def test_a_name_stands_once_in_both_lists_together(problems_of: Problems) -> None:
    text = "mute_time_intervals: [{name: night}]\ntime_intervals: [{name: night}]\n"
    assert f"tocsin.yml:{FIRST + 1}: time_intervals.night: stands twice; first at tocsin.yml:{FIRST}" in problems_of(
        HEAD + text
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{times: [{start_time: '25:00', end_time: '24:00'}]}",
         '.times[0].start_time: "25:00" is not a time of day; write for example 09:00, or 24:00 for its end'),
        ("{times: [{start_time: '9:00', end_time: '17:00'}]}",
         '.times[0].start_time: "9:00" is not a time of day; write for example 09:00, or 24:00 for its end'),
        ("{times: [{start_time: '08:00', end_time: '24:01'}]}",
         '.times[0].end_time: "24:01" is not a time of day; write for example 09:00, or 24:00 for its end'),
        ("{times: [{start_time: '22:00', end_time: '06:00'}]}",
         ".times[0]: 22:00 to 06:00 ends before it begins; write two: 22:00 to 24:00, and 00:00 to 06:00"),
        ("{times: [{start_time: '09:00', end_time: '09:00'}]}",
         ".times[0]: 09:00 to 09:00 contains nothing; a whole day is 00:00 to 24:00"),
        ("{times: [{start_time: '09:00', end_time: '00:00'}]}",
         ".times[0]: 09:00 to 00:00 contains nothing; the end of the day is 24:00"),
        ("{times: [{start_time: '09:00'}]}",
         ".times[0].end_time: is missing (the first minute after it, such as 17:00; 24:00 ends the day)"),
        ("{times: ['09:00-17:00']}",
         ".times[0]: must be a mapping: lines of `name: value`, indented below it"),
        ("{weekdays: ['monday:foo']}",
         ('.weekdays[0]: "monday:foo" names no day of the week; '
         "they are sunday, monday, tuesday, wednesday, thursday, friday, saturday")),
        ("{weekdays: ['saturday:sunday']}",
         ('.weekdays[0]: "saturday:sunday" ends before it begins, for the week begins on sunday; '
         "write two: saturday and sunday")),
        ("{weekdays: ['friday:monday']}",
         ('.weekdays[0]: "friday:monday" ends before it begins, for the week begins on sunday; '
         "write two: friday:saturday and sunday:monday")),
        ("{weekdays: ['monday:friday:sunday']}",
         '.weekdays[0]: "monday:friday:sunday" is not a range; write for example monday:friday'),
        ("{weekdays: monday}",
         ".weekdays: must be a list: write [one, two], or lines that begin with `- `"),
        ("{days_of_month: ['0']}",
         '.days_of_month[0]: "0" is not a day of the month; they are 1 to 31, or -1 for the last one to -31'),
        ("{days_of_month: ['1:32']}",
         '.days_of_month[0]: "1:32" is not a day of the month; they are 1 to 31, or -1 for the last one to -31'),
        ("{days_of_month: ['20:5']}",
         '.days_of_month[0]: "20:5" ends before it begins; write two: 20:-1 and 1:5'),
        ("{days_of_month: ['-1:-3']}",
         '.days_of_month[0]: "-1:-3" ends before it begins; write -3:-1'),
        ("{days_of_month: ['-3:2']}",
         '.days_of_month[0]: "-3:2" goes beyond the month; write two: -3:-1 and 1:2'),
        ("{days_of_month: ['28:-20']}",
         '.days_of_month[0]: "28:-20" ends before it begins; write for example 28:-1'),
        ("{months: [smarch]}",
         ('.months[0]: "smarch" is not a month; they are january, february, march, april, may, june, july, august, '
         "september, october, november, december, or 1 to 12")),
        ("{months: [13]}",
         ('.months[0]: "13" is not a month; they are january, february, march, april, may, june, july, august, '
         "september, october, november, december, or 1 to 12")),
        ("{months: ['november:2']}",
         '.months[0]: "november:2" ends before it begins; write two: november:december and january:february'),
        ("{years: ['2027:2025']}",
         '.years[0]: "2027:2025" ends before it begins; write 2025:2027'),
        ("{years: [26]}",
         '.years[0]: "26" is not a year; write four digits, for example 2026 or 2025:2027'),
        ("{location: Asia/Shangai}",
         '.location: "Asia/Shangai" is not a time zone; did you mean "Asia/Shanghai"?'),
        ("{workdays: us}", '.workdays: "us" is not one of cn'),
        ("{workday: cn}", ': unknown key "workday"; did you mean "workdays"?'),
        ("{weekdays: []}", ".weekdays: names nothing, so no instant is in it; name something, or remove the line"),
        ("{times: }", ".times: names nothing, so no instant is in it; name something, or remove the line"),
        ("{days_of_month: ['30:31'], months: [february], times: [{start_time: '09:00', end_time: '10:00'}]}",
         ": can never be: there is no day with days_of_month 30:31, months february"),
        ("{days_of_month: [29], months: [february], years: ['2025:2027']}",
         ": can never be: there is no day with days_of_month 29, months february, years 2025:2027"),
        ("{workdays: cn, holidays: cn}", ": can never be: there is no day with workdays cn, holidays cn"),
    ],
)  # fmt: skip
def test_what_no_calendar_has_is_told_with_its_place_and_what_would_be_right(
    text: str, sentence: str, problems_of: Problems
) -> None:
    path = "time_intervals.office.time_intervals[0]"
    assert problems_of(entry(text)) == [f"tocsin.yml:{FIRST + 5}: {path}{sentence}"]


def test_all_that_is_wrong_is_told_at_once(problems_of: Problems) -> None:
    text = "{weekdays: [monday:foo], months: [13], location: Mars}\n      - {months: ['2'], days_of_month: [30]}"
    assert len(problems_of(entry(text))) == 4


def settings(*named_intervals: TimeInterval, **names: tuple[str, ...]) -> Settings:
    below = Route(routes=(Route(**names),))
    return Settings(route=below, time_intervals={one.name: one for one in named_intervals})


def test_routes_name_intervals_that_are_defined_also_where_these_have_problems(problems_of: Problems) -> None:
    text = (
        HEAD.replace("[night, weekends]", "[nigth, elsewhere]")
        + "time_intervals: [{name: night}, {name: office, x: 1}]"
    )
    path = "route.routes[0].mute_time_intervals"
    assert problems_of(text) == [
        f'tocsin.yml:7: {path}: there is no time interval "nigth"; did you mean "night"?',
        f'tocsin.yml:7: {path}: there is no time interval "elsewhere"; define it below time_intervals:',
        f'tocsin.yml:{FIRST}: time_intervals.office: unknown key "x"; known here: name, time_intervals',
    ]


def test_the_root_is_never_muted(problems_of: Problems) -> None:
    text = HEAD.replace("  receiver: ops\n", "  receiver: ops\n  active_time_intervals: [office]\n")
    said = "tocsin.yml:5: route.active_time_intervals: the root route is never muted: move it to a route below it"
    assert problems_of(text + USED + "  - {name: office}\n") == [said]


def test_a_name_can_be_printed(problems_of: Problems) -> None:
    text = f"time_intervals: [{{name: ' '}}, {{name: {'x' * 65}}}, {{name: \"a\\nb\"}}, {{name: out of hours}}]"
    said = [problem for problem in problems_of(HEAD + text) if "a name has" in problem]
    assert len(said) == 3
    assert said[0] == f"tocsin.yml:{FIRST}: time_intervals. : a name has 1 to 64 characters that can be printed"


def test_what_is_never_used_or_empty_is_doubtful() -> None:
    spare = settings(named("night", interval("22:00-24:00")), named("never"), active_time_intervals=("night",))
    assert list(intervals.doubts(spare, at("2026-01-01 00:00"))) == [
        (("time_intervals", "never"), "no route and no probe uses it, no rule does, and only a silence can name it"),
        (("time_intervals", "never"), "has no entry, so no instant is in it"),
    ]


def test_an_entry_that_names_nothing_is_doubtful(load_text: Load) -> None:
    text = "{location: Asia/Shanghai}"
    sentence = "names nothing, so it contains every instant"
    path = f"tocsin.yml:{FIRST + 5}: time_intervals.office.time_intervals[0]"
    assert f"{path}: {sentence}" in load_text(entry(text)).warnings


def test_years_that_are_over_are_doubtful_from_the_new_year_of_their_zone() -> None:
    over = settings(
        named("x", interval(years="2020 2024:2026", location="Asia/Shanghai")), active_time_intervals=("x",)
    )
    assert list(intervals.doubts(over, at("2026-12-31 23:59+08:00"))) == []
    assert list(intervals.doubts(over, at("2027-01-01 00:00+08:00"))) == [
        (("time_intervals", "x", "time_intervals", "[0]", "years"), "is over since the end of 2026")
    ]


def test_who_loads_a_calendar_that_ends_soon_is_told(load_text: Load) -> None:
    last = china.known_until()
    end = at(f"{last + 1}-01-01 00:00")

    def warnings(now: float) -> list[str]:
        return [one for one in load_text(entry("{workdays: cn}"), now=now).warnings if "calendar" in one]

    assert warnings(end - intervals.AHEAD - 1) == []
    (said,) = warnings(end - intervals.AHEAD)
    place, _, sentence = said.partition(": the Chinese calendar is known up to ")
    assert place == f"tocsin.yml:{FIRST + 5}: time_intervals.office.time_intervals[0].workdays"
    assert sentence == (
        f"{last}: from {last + 1} on, working days are Monday to Friday and there are no holidays; "
        "install a newer version of chinesecalendar"
    )


def test_an_interval_is_shown_as_it_is_written(load_text: Load) -> None:
    times = "{start_time: '09:00', end_time: '24:00'}"
    text = f"{{times: [{times}], weekdays: ['monday:friday'], location: Local, workdays: cn}}"
    shown = redacted(load_text(entry(text)).settings)["time_intervals"]
    assert [one["name"] for one in shown] == ["night", "weekends", "office"]
    assert shown[2]["time_intervals"] == [
        {
            "times": [{"start_time": "09:00", "end_time": "24:00"}],
            "weekdays": ["monday:friday"],
            "days_of_month": [],
            "months": [],
            "years": [],
            "location": "Local",
            "workdays": "cn",
            "holidays": None,
        }
    ]
