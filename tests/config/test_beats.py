"""When probes look, in the configuration: what is said of lines, zones, hours, and the keys of those that call in."""

from collections.abc import Callable

import pytest

from daemon.config.load import Loaded
from daemon.config.settings import Settings
from daemon.config.shown import redacted
from daemon.loading import catalog
from daemon.probing.coming import coming, never
from daemon.units import Quorum
from fake_clock import BEGIN
from timed import at

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

HEAD = "receivers: [{name: ops}]\nroute: {receiver: ops}\nprobes:\n  db: {type: touch, host: db, "
FIRST = "tocsin.yml:4: probes.db"
OFFICE = "time_intervals: [{name: office, time_intervals: [{times: [{start_time: '09:00', end_time: '17:00'}]}]}]\n"
HEARTBEAT = "receivers: [{name: ops}]\nroute: {receiver: ops}\nprobes:\n  job: {type: heartbeat, key: '${KEY}', "
KEY = "a-key-of-enough-characters"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cron: '* * * *'", '.cron: "* * * *" is not a cron line: it has 5 (minute hour day month weekday)'),
        ("cron: '61 * * * *'", ".cron: \"61 * * * *\" is not a cron line: minute '61' is none; 0 to 59"),
        ("cron: '*/5 * * * *', every: 5m", ".cron: stands beside every: keep the one that is meant"),
        ("cron: '0 0 30 2 *'", ': cron "0 0 30 2 *" never fires: no year has such a day'),
        ("cron: '0 0 0 29 2 ? 2027'", ': cron "0 0 0 29 2 ? 2027" never fires'),
        ("cron: '0 9 * * *', timezone: Asia/Shanghia", '.timezone: "Asia/Shanghia" is not a time zone; did you mean'),
        ("timezone: Asia/Shanghai", ": timezone says where cron is meant: write cron, or leave it out"),
        ("every: 10s, every_while_failing: 10s", ": every_while_failing (10s) is to be shorter than every (10s)"),
        ("every: 10s, every_while_failing: 0s", '.every_while_failing: "0s" is too small; at least 1s'),
        ("active: [offcie]", '.active: there is no time interval "offcie"; did you mean "office"?'),
        ("active: office", ".active: must be a list"),
        ("crone: '* * * * *'", ': unknown key "crone"; did you mean "cron"?'),
    ],
)
def test_what_cannot_be_is_said_with_what_would_be_right(problems_of: Problems, text: str, said: str) -> None:
    problems = problems_of(f"{HEAD}{text}}}\n{OFFICE}")
    assert len(problems) == 1, problems
    assert problems[0].startswith(FIRST + said)


def test_an_interval_that_is_not_defined_at_all_says_where_it_would_be(problems_of: Problems) -> None:
    assert problems_of(HEAD + "active: [night]}") == [
        f'{FIRST}.active: there is no time interval "night"; define it below time_intervals:'
    ]


def test_what_is_written_is_what_holds_and_what_is_shown(load_text: Load) -> None:
    text = "cron: '*/5 9-17 * * MON-FRI', timezone: Asia/Shanghai, every_while_failing: 30s, active: [office]}\n"
    settings = load_text(HEAD + text + OFFICE).settings
    plan = settings.probes["db"]
    assert (str(plan.cron), str(plan.timezone), plan.every_while_failing) == (
        "*/5 9-17 * * MON-FRI",
        "Asia/Shanghai",
        30.0,
    )
    shown = redacted(settings)["probes"]["db"]
    assert (shown["cron"], shown["timezone"], shown["active"]) == ("*/5 9-17 * * MON-FRI", "Asia/Shanghai", ["office"])


def test_an_interval_that_only_a_probe_names_is_used(load_text: Load) -> None:
    assert not [one for one in load_text(HEAD + "active: [office]}\n" + OFFICE).warnings if "office" in one]
    assert [one for one in load_text(HEAD + "every: 5s}\n" + OFFICE).warnings if "no route and no probe" in one]


def test_years_that_are_over_are_doubtful_and_no_error(load_text: Load) -> None:
    text = HEAD + "cron: '0 0 12 * * ? 2026'}"
    assert not [one for one in load_text(text, now=at("2026-12-30 00:00")).warnings if "cron" in one]
    said = "tocsin.yml:4: probes.db.cron: has fired for the last time: its years are over"
    assert said in load_text(text, now=at("2027-01-01 00:00")).warnings


def settings_of(load_text: Load, text: str) -> Settings:
    return load_text(HEAD + text + OFFICE).settings


def test_a_check_prints_the_next_five_looks_of_each_line(load_text: Load) -> None:
    every_day = settings_of(load_text, "cron: '0 9 * * *', timezone: Asia/Shanghai}\n")
    days = "; ".join(f"2026-11-{day} 09:00:00" for day in range(22, 27))
    assert list(coming(every_day, BEGIN)) == [f"db (0 9 * * *, Asia/Shanghai): {days}"]
    every_hour = settings_of(load_text, "cron: '30 * * * *', active: [office]}\n")
    assert list(coming(every_hour, BEGIN)) == [
        "db (30 * * * *, UTC): 2026-11-21 09:30:00, 10:30:00, 11:30:00, 12:30:00, 13:30:00"
    ]
    assert list(coming(settings_of(load_text, "cron: '0 0 0 1 1 ? 2020'}\n"), BEGIN)) == [
        "db (0 0 0 1 1 ? 2020, UTC): never any more"
    ]
    assert list(coming(settings_of(load_text, "every: 5s}\n"), BEGIN)) == []


def test_a_line_none_of_whose_instants_lies_in_the_hours_is_doubtful(load_text: Load) -> None:
    apart = settings_of(load_text, "cron: '0 3 * * *', active: [office]}\n")
    assert list(never(apart, BEGIN)) == [
        "probes.db: never looks: no instant of its cron line lies in its active hours (office)"
    ]
    assert list(never(settings_of(load_text, "cron: '0 10 * * *', active: [office]}\n"), BEGIN)) == []


# --- what calls in


def test_a_heartbeat_is_expected_once_a_day_and_believed_at_once(load_text: Load) -> None:
    plan = load_text(f"{HEARTBEAT}}}", catalog=catalog(""), KEY=KEY).settings.probes["job"]
    one = Quorum(1, 1)
    assert (plan.every, plan.fail_after, plan.recover_after, plan.steady) == (86_400.0, one, one, 0.0)
    own = "every: 5m, fail_after: 2, steady: 1h, longest: 1h, grace: 1m}"
    plan = load_text(HEARTBEAT + own, catalog=catalog(""), KEY=KEY).settings.probes["job"]
    assert (plan.every, plan.fail_after, plan.recover_after, plan.steady) == (300.0, Quorum(2, 2), one, 3_600.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "every_while_failing: 5s",
            ": every_while_failing is nothing for a heartbeat: others call in, and nobody looks",
        ),
        ("active: [office]", ": active is nothing for a heartbeat: others call in, and nobody looks"),
        ("grace: 0s", '.grace: "0s" is too small; at least 1s'),
        ("every: 1d, cron: '0 2 * * *'", ".cron: stands beside every"),
    ],
)
def test_what_a_heartbeat_cannot_have(problems_of: Problems, text: str, said: str) -> None:
    (problem,) = problems_of(f"{HEARTBEAT}{text}}}\n{OFFICE}", catalog=catalog(""), KEY=KEY)
    assert problem.startswith(f"tocsin.yml:4: probes.job{said}")


@pytest.mark.parametrize("key", ["short", "with a space in the midst", "a/step/and/another/one"])
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(problems_of: Problems, key: str) -> None:
    (problem,) = problems_of(f"{HEARTBEAT}}}", catalog=catalog(""), KEY=key)
    assert problem.startswith("tocsin.yml:4: probes.job.key: a key ")
    assert key not in problem


def test_no_two_have_the_same_key(problems_of: Problems) -> None:
    text = f"{HEARTBEAT}}}\n  other: {{type: heartbeat, key: '${{KEY}}'}}\n"
    (problem,) = problems_of(text, catalog=catalog(""), KEY=KEY)
    assert problem == "tocsin.yml:5: probes.other.key: is the key of job too; each needs one of its own"


def test_a_port_that_there_is_not_would_be_a_reference_or_a_node_that_never_answers(problems_of: Problems) -> None:
    head = "receivers: [{name: ops}]\nroute: {receiver: ops}\n"
    assert problems_of(f"{head}sight: {{references: ['1.1.1.1:65536', '1.1.1.1:65535']}}") == [
        "tocsin.yml:3: sight.references[0]: is not host:port; write for example 223.5.5.5:53"
    ]
    assert problems_of(f"{head}sight: {{names: ['a b', www.example.com]}}") == [
        "tocsin.yml:3: sight.names[0]: is no name that could be looked up; write for example www.example.com"
    ]
    (said,) = problems_of(f"{head}nodes: {{far: {{url: 'tcp://10.0.0.1:65536'}}}}")
    assert said.startswith("tocsin.yml:3: nodes.far.url: is not a ZeroMQ endpoint")
