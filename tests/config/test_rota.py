"""People, teams and schedules: everything that is wrong with them is said, and what would be right."""

from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.config.load import Loaded
from daemon.config.shown import redacted
from daemon.oncall.roster import on_call, shifts
from daemon.oncall.schedule import Book
from rotas import SHANGHAI, at
from rotas import said as spoken

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

BASE = """\
channels: {hall: {type: room}, text: {type: sms, key: k-e-y-0}}
people:
  lin: {phone: +8613800000001, email: lin@example.com, lang: zh}
  wang: {phone: +8613800000002, telegram: "@wang_wei"}
  may: {email: may@example.com}
route: {receiver: ops}
"""
NIGHT = """\
schedules:
  night:
    time_zone: Asia/Shanghai
    layers:
      - {people: [lin, team:dba], rotation: weekly, handover: monday 09:00, start: 2026-11-23}
      - {people: [wang], hours: 18:00-09:00, weekdays: [friday-sunday]}
    overrides:
      - {who: wang, from: "2026-12-24 18:00", until: "2026-12-26 09:00"}
"""
OPS = "receivers: [{name: ops, notify: [{by: [%s], to: [%s]}]}]\n"


def test_a_whole_rota_is_read(load_text: Load) -> None:
    settings = load_text(
        BASE + "teams: {dba: [wang]}\n" + NIGHT + OPS % ("text", "lin, team:dba, schedule:night")
    ).settings
    assert (settings.people["lin"].lang, settings.people["wang"].lang) == ("zh", None)
    book = Book(schedules=settings.schedules, teams=settings.teams)
    who = [on_call(book, "night", at(f"{when}T12:00", SHANGHAI)) for when in ("2026-11-24", "2026-12-01", "2026-12-25")]
    assert who == [("lin",), ("wang",), ("wang",)]


TOGETHER = "does not always end on it; write 09:00, or rotation: weekly"
MEET = "let one end where the other begins"
FIRST = "wang from 2026-12-24 18:00 until 2026-12-26 09:00"
TURNS = "write daily, weekly, every 3 days, every 2 weeks or every 12 hours"

# What stands in the place of a layer, and what is said of it.
LAYERS = [
    (
        "{people: [linn, wang], start: 2026-11-23}",
        '[0].people: there is no person "linn"; did you mean "lin"?',
    ),
    (
        "{people: [lin, team:dbs], start: 2026-11-23}",
        '[0].people: there is no team "dbs"; did you mean "dba"?',
    ),
    ("{people: [dba]}", '[0].people: there is no person "dba"; did you mean "team:dba"?'),
    ("{people: [group:dba]}", '[0].people: "group:dba" is not a person, or team:<name>'),
    (
        "{people: [schedule:other]}",
        '[0].people: "schedule:other" does not take turns; write use: other',
    ),
    (
        "{people: []}",
        "[0].people: names nobody; write [somebody], or `use:` with the name of another schedule",
    ),
    ("{people: [lin], use: other}", "[0]: has people and use; a layer is filled by one of them"),
    ("{use: othr}", '[0].use: there is no schedule "othr"; did you mean "other"?'),
    (
        "{people: [lin, wang]}",
        "[0].start: is missing: the day on which lin takes over, such as 2026-11-23",
    ),
    (
        "{people: [lin, wang], start: 2026-11-25, handover: monday 09:00}",
        "[0].start: 2026-11-25 is a wednesday, but turns begin on monday; write 2026-11-23 or 2026-11-30",
    ),
    (
        "{people: [lin, wang], start: 2026-11-23, handover: monday 09:00, rotation: every 3 days}",
        f'[0].handover: "monday 09:00" names a day, but a turn of "every 3 days" {TOGETHER}',
    ),
    (
        "{people: [lin], start: 2026-12-01, until: 2026-11-01}",
        "[0].until: 2026-11-01 is not after the start, 2026-12-01; the layer would never be on",
    ),
    ("{people: [lin], start: 2026-02-30}", '[0].start: "2026-02-30" is not a date: February 2026 has 28 days'),
    ("{people: [lin], start: 23.11.2026}", '[0].start: "23.11.2026" is not a date; write for example 2026-11-23'),
    ("{people: [lin], start: 2026-13-01}", '[0].start: "2026-13-01" is not a date: there is no month 13'),
    (
        "{people: [lin], start: 1066-10-14}",
        '[0].start: "1066-10-14" is not a date that schedules know: years go from 1970 to 2199',
    ),
    (
        "{people: [lin], handover: moonday 09:00}",
        '[0].handover: "moonday 09:00" is not a hand-over; write for example 09:00 or monday 09:00',
    ),
    (
        "{people: [lin], handover: 24:00}",
        '[0].handover: "24:00" has a time that no clock shows: 24:00; write for example 09:00',
    ),
    ("{people: [lin], rotation: monthly}", f'[0].rotation: "monthly" is not a rotation; {TURNS}'),
    ("{people: [lin], rotation: every 0 days}", f'[0].rotation: "every 0 days" is not a rotation; {TURNS}'),
    ("{people: [lin], hours: 9-17}", '[0].hours: "9-17" is no part of a day; write for example 18:00-09:00'),
    (
        "{people: [lin], hours: 09:00-09:00}",
        '[0].hours: "09:00-09:00" begins when it ends; leave it out for the whole day',
    ),
    (
        "{people: [lin], hours: 18:00-25:00}",
        '[0].hours: "18:00-25:00" has a time that no clock shows: 25:00; write for example 09:00',
    ),
    (
        "{people: [lin], weekdays: [mondays]}",
        '[0].weekdays[0]: "mondays" is no day of the week; write for example saturday or monday-friday',
    ),
    ("{people: [lin], peple: []}", '[0]: unknown key "peple"; did you mean "people"?'),
]


@pytest.mark.parametrize(("written", "said"), LAYERS, ids=[written for written, _ in LAYERS])
def test_what_is_wrong_with_a_layer(written: str, said: str, problems_of: Problems) -> None:
    text = BASE + "teams: {dba: [lin]}\n" + OPS % ("hall", "schedule:night")
    text += f"schedules:\n  other: {{time_zone: UTC}}\n  night:\n    time_zone: UTC\n    layers:\n      - {written}\n"
    assert problems_of(text) == [f"tocsin.yml:14: schedules.night.layers{said}"]


WANG = '[{who: wang, from: "2026-12-24 18:00", until: "2026-12-26 09:00"},'
OVERRIDES = [
    (
        '[{who: wong, from: "2026-12-24 18:00", until: "2026-12-26 09:00"}]',
        ['[0].who: there is no person "wong"; did you mean "wang"?'],
    ),
    (
        '[{who: wang, from: "2026-12-24 18:00", until: "2026-12-24 18:00"}]',
        ["[0].until: 2026-12-24 18:00 is not after its beginning, 2026-12-24 18:00"],
    ),
    (
        '[{who: wang, from: "2026-12-24", until: "2026-02-29 09:00"}]',
        [
            '[0].from: "2026-12-24" is not a date and time; write for example "2026-12-24 18:00"',
            '[0].until: "2026-02-29 09:00" is not a date: February 2026 has 28 days',
        ],
    ),
    (
        '[{who: wang, from: "2026-12-24 18:60", until: "2026-12-26T09:00+19:00"}]',
        [
            '[0].from: "2026-12-24 18:60" has a time that no clock shows: 18:60; write for example 09:00',
            '[0].until: "2026-12-26T09:00+19:00" has an offset that no place on earth has: +19:00',
        ],
    ),
    (
        WANG + ' {who: lin, from: "2026-12-25 09:00", until: "2026-12-27 09:00"}]',
        [f"[1]: lin from 2026-12-25 09:00 until 2026-12-27 09:00 overlaps overrides[0], {FIRST}; {MEET}"],
    ),
    (
        '[{who: wang, until: "2026-12-26 09:00"}]',
        ['[0].from: is missing (when it begins: "2026-12-24 18:00")'],
    ),
]


@pytest.mark.parametrize(("written", "said"), OVERRIDES, ids=[written for written, _ in OVERRIDES])
def test_what_is_wrong_with_overrides(written: str, said: list[str], problems_of: Problems) -> None:
    text = BASE + OPS % ("hall", "schedule:night")
    text += f"schedules:\n  night:\n    time_zone: UTC\n    overrides: {written}\n"
    assert problems_of(text) == [f"tocsin.yml:11: schedules.night.overrides{one}" for one in said]


def test_overrides_that_touch_do_not_overlap_also_when_they_speak_of_different_clocks(load_text: Load) -> None:
    text = (
        BASE + OPS % ("hall", "schedule:night") + "schedules:\n  night:\n    time_zone: Asia/Shanghai\n    overrides:\n"
    )
    text += '      - {who: wang, from: "2026-12-24 18:00", until: "2026-12-26 09:00"}\n'
    text += '      - {who: lin, from: "2026-12-26T01:00Z", until: "2026-12-27 09:00"}\n'
    assert load_text(text).settings.schedules["night"].covers[1].begin == at("2026-12-26T09:00", SHANGHAI)


def using(**used: str) -> str:
    lines = [f"  {name}: {{time_zone: UTC, layers: [{{use: {other}}}]}}\n" for name, other in used.items()]
    return BASE + OPS % ("hall", "lin") + "schedules:\n" + "".join(lines)


def test_a_circle_of_schedules_is_spelt_out_once(problems_of: Problems) -> None:
    said = "take one `use:` out of the circle"
    assert problems_of(using(a="b", b="c", c="a", d="a", e="e")) == [
        f"tocsin.yml:9: schedules.a: uses itself: a → b → c → a; {said}",
        f"tocsin.yml:13: schedules.e: uses itself: e → e; {said}",
    ]


def test_schedules_do_not_use_one_another_without_end(problems_of: Problems) -> None:
    chain = {f"s{i}": f"s{i + 1}" for i in range(10)}
    text = using(**chain) + "  s10: {time_zone: UTC}\n"
    said = "uses a schedule that uses another, and so on, more than 8 deep"
    assert problems_of(text) == [f"tocsin.yml:{9 + i}: schedules.s{i}: {said}" for i in range(3)]


TEAMS = {
    "[]": ["has nobody in it; write [somebody]"],
    "[lin, wong]": ['there is no person "wong"; did you mean "wang"?'],
    "[lin, lin]": ['"lin" stands twice'],
    "[team:ops]": ['"team:ops" is not a person, and a team holds people only'],
}


@pytest.mark.parametrize("members", TEAMS)
def test_what_is_wrong_with_a_team(members: str, problems_of: Problems) -> None:
    text = BASE + OPS % ("hall", "team:dba") + f"teams: {{dba: {members}}}\n"
    assert problems_of(text) == [f"tocsin.yml:8: teams.dba: {said}" for said in TEAMS[members]]


LEGS = {
    "lim": 'there is no person "lim"; did you mean "lin"?',
    "dba": 'there is no person "dba"; did you mean "team:dba"?',
    "night": 'there is no person "night"; did you mean "schedule:night"?',
    "team:dbo": 'there is no team "dbo"; did you mean "dba"?',
    "schedule:nigth": 'there is no schedule "nigth"; did you mean "night"?',
    "rota:night": '"rota:night" is not a person, or team:<name>, or schedule:<name>',
}


@pytest.mark.parametrize("target", LEGS)
def test_a_leg_names_those_who_exist(target: str, problems_of: Problems) -> None:
    text = BASE + OPS % ("hall", target) + "teams: {dba: [wang]}\n" + NIGHT
    assert problems_of(text) == [f"tocsin.yml:7: receivers.ops.notify[0].to: {LEGS[target]}"]


def test_whoever_may_be_told_needs_the_address_that_the_channel_needs(problems_of: Problems) -> None:
    text = BASE + OPS % ("text", "may, team:desk, schedule:day") + "teams: {desk: [lin, may]}\n"
    text += "schedules:\n  day: {time_zone: UTC, layers: [{use: base}]}\n"
    text += "  base: {time_zone: UTC, layers: [{people: [may]}]}\n"
    where = "tocsin.yml:7: receivers.ops.notify[0].to:"
    assert problems_of(text) == [
        f"{where} may has no phone, which text needs; add people.may.phone",
        f"{where} may, whom team:desk may mean, has no phone, which text needs; add people.may.phone",
        f"{where} may, whom schedule:day may mean, has no phone, which text needs; add people.may.phone",
    ]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("phone: 12ab", 'phone: "12ab" is not a number; write for example +8613800000001'),
        ("email: lin at home", 'email: "lin at home" is no email address; write for example lin@example.com'),
        ("slack: lin", 'slack: "lin" is no slack address; write for example U024BE7LH'),
        ("telegram: lin", 'telegram: "lin" is no telegram address; write for example 123456789'),
        ("wecom: 林 伟", 'wecom: "林 伟" is no wecom address; write for example LinWei'),
        ('wecom: "@all"', 'wecom: "@all" is no wecom address; write for example LinWei'),
        ("lang: de", 'lang: "de" is not one of en, zh'),
    ],
)
def test_addresses_look_like_addresses(written: str, said: str, problems_of: Problems) -> None:
    text = f"channels: {{hall: {{type: room}}}}\nroute: {{receiver: ops}}\npeople: {{lin: {{{written}}}}}\n"
    assert problems_of(text + OPS % ("hall", "lin")) == [f"tocsin.yml:3: people.lin.{said}"]


def test_a_time_zone_that_there_is_not(problems_of: Problems) -> None:
    text = BASE + OPS % ("hall", "lin") + "schedules: {a: {time_zone: Asia/Shangai}, b: {time_zone: Mars}, c: {}}\n"
    zones = "; write for example Asia/Shanghai, UTC or Local"
    assert problems_of(text) == [
        'tocsin.yml:8: schedules.a.time_zone: "Asia/Shangai" is not a time zone; did you mean "Asia/Shanghai"?',
        f'tocsin.yml:8: schedules.b.time_zone: "Mars" is not a time zone{zones}',
        "tocsin.yml:8: schedules.c.time_zone: is missing (whose clock hand-overs go by: `Asia/Shanghai`)",
    ]


@pytest.mark.parametrize("section", ["people", "teams", "schedules"])
def test_names_have_no_colon(section: str, problems_of: Problems) -> None:
    value = {"people": "{}", "teams": "[lin]", "schedules": "{time_zone: UTC}"}[section]
    text = "channels: {hall: {type: room}}\nroute: {receiver: ops}\n" + OPS % ("hall", "")
    text += f"people:\n  lin: {{}}\n{'' if section == 'people' else section + ':'}\n  'a:b': {value}\n"
    assert [one.partition(": ")[2] for one in problems_of(text)] == [
        f"{section}.a:b: a name has 1 to 64 characters, no spaces, and none of / , :"
    ]


def test_the_first_gap_of_the_next_weeks_is_named(load_text: Load) -> None:
    text = BASE + OPS % ("hall", "schedule:day, schedule:late")
    text += "schedules:\n  day: {time_zone: Asia/Shanghai, layers: [{people: [lin], hours: 09:00-18:00}]}\n"
    text += "  late: {time_zone: UTC, layers: [{people: [wang], start: 2026-12-01}, {use: day}, {use: part}]}\n"
    text += "  part: {time_zone: UTC}\n"
    assert gaps(load_text(text, now=at("2026-11-21T12:00", SHANGHAI))) == [
        "schedules.day: nobody is on call from 2026-11-21 18:00 until 2026-11-22 09:00 (Asia/Shanghai)",
        "schedules.late: nobody is on call from 2026-11-21 10:00 until 2026-11-22 01:00 (UTC)",
    ]


def gaps(loaded: Loaded) -> list[str]:
    return [one.partition(": ")[2] for one in loaded.warnings if "on call" in one]


def test_a_schedule_without_anybody_says_so(load_text: Load) -> None:
    text = BASE + OPS % ("hall", "schedule:day") + "schedules: {day: {time_zone: UTC}}\n"
    said = "schedules.day: nobody is on call from 2026-11-21 10:00 for weeks (UTC)"
    assert gaps(load_text(text, now=at("2026-11-21T10:00", "UTC"))) == [said]


def test_teams_and_schedules_that_nobody_uses_are_doubtful(load_text: Load) -> None:
    text = BASE + OPS % ("hall", "schedule:night") + "teams: {dba: [may], desk: [lin]}\n" + NIGHT
    text += "  spare: {time_zone: UTC, layers: [{people: [team:desk]}]}\n"
    assert [one.partition(": ")[2] for one in load_text(text).warnings if "uses it" in one] == [
        "channels.text: no receiver uses it",
        "teams.desk: no receiver uses it",
        "schedules.spare: no receiver uses it",
    ]


DUTY = """\
BEGIN:VCALENDAR
BEGIN:VEVENT
SUMMARY:Wang
DTSTART:20261123T090000
DTEND:20261124T090000
RRULE:FREQ=WEEKLY
END:VEVENT
BEGIN:VEVENT
SUMMARY:on duty
ATTENDEE:mailto:may@example.com
DTSTART:20261124T090000
DTEND:20261124T120000
END:VEVENT
BEGIN:VEVENT
SUMMARY:lunch
DTSTART:20261124T120000
DTEND:20261124T130000
END:VEVENT
BEGIN:VEVENT
SUMMARY:no time
END:VEVENT
END:VCALENDAR
"""
CALENDAR = """\
schedules:
  duty:
    time_zone: Asia/Shanghai
    layers:
      - {people: [lin]}
      - {ical: duty.ics}
"""


def test_a_calendar_fills_a_layer_and_the_layer_before_it_the_rest(load_text: Load, tmp_path: Path) -> None:
    (tmp_path / "duty.ics").write_text(DUTY)
    loaded = load_text(BASE + OPS % ("hall", "schedule:duty") + CALENDAR)
    book = Book(schedules=loaded.settings.schedules)
    begin, end = (at(f"2026-{day}T00:00", SHANGHAI) for day in ("11-23", "12-02"))
    assert [(shift.who, spoken(shift.begin, SHANGHAI)[5:16]) for shift in shifts(book, "duty", begin, end)] == [
        (("lin",), "11-23 00:00"),
        (("wang",), "11-23 09:00"),
        (("may",), "11-24 09:00"),
        (("lin",), "11-24 12:00"),
        (("wang",), "11-30 09:00"),
        (("lin",), "12-01 09:00"),
    ]
    about = "tocsin.yml:13: schedules.duty.layers[1].ical: an event is left out,"
    assert [one for one in loaded.warnings if "event" in one] == [
        f'{about} "no time": it has no DTSTART, or more than one',
        f'{about} "lunch": nobody here is called so',
    ]
    assert redacted(loaded.settings)["schedules"]["duty"]["layers"][1]["ical"] == "duty.ics"


def test_whom_a_calendar_names_needs_the_address_that_the_channel_needs(problems_of: Problems, tmp_path: Path) -> None:
    (tmp_path / "duty.ics").write_text(DUTY)
    said = "may, whom schedule:duty may mean, has no phone, which text needs; add people.may.phone"
    text = BASE + OPS % ("text", "schedule:duty") + CALENDAR
    assert problems_of(text) == [f"tocsin.yml:7: receivers.ops.notify[0].to: {said}"]


@pytest.mark.parametrize(
    ("content", "said_of_it"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"dear operator", "is not a calendar: it has no line BEGIN:VCALENDAR"),
        (b"\xff\xfe", "is not UTF-8: byte 0"),
        (b"x" * 300_000, "is larger than 262144 bytes"),
    ],
)
def test_a_file_that_is_no_calendar(
    content: bytes | None, said_of_it: str, problems_of: Problems, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "duty.ics").write_bytes(content)
    text = BASE + OPS % ("hall", "schedule:duty") + CALENDAR
    assert problems_of(text) == [f'tocsin.yml:13: schedules.duty.layers[1].ical: "duty.ics" {said_of_it}']


def test_many_events_that_are_nobodys_are_counted(load_text: Load, tmp_path: Path) -> None:
    event = "BEGIN:VEVENT\nSUMMARY:lunch\nDTSTART:20261124T120000\nDURATION:PT1H\nEND:VEVENT\n"
    (tmp_path / "duty.ics").write_text(f"BEGIN:VCALENDAR\n{event * 8}END:VCALENDAR\n")
    warnings = load_text(BASE + OPS % ("hall", "schedule:duty") + CALENDAR).warnings
    assert [one.partition("ical: ")[2] for one in warnings if "event" in one] == [
        'an event is left out, "lunch": nobody here is called so',
        "3 more events are left out",
    ]
