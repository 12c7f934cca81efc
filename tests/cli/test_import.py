"""An Alertmanager configuration becomes a tocsin.yml that loads, routes alike, and shows no secret."""

import copy
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon import loading
from daemon.alerting.route import compiled, matching
from daemon.cli.importing.alertmanager import convert
from daemon.cli.importing.imported import Imported
from daemon.config.findings import Findings, Place
from daemon.config.load import Loaded, load
from daemon.config.nodes import Items, Node, Table, compose
from daemon.errors import ConfigError
from needs import need_program

FOLDER = Path(__file__).parent / "alertmanager"
CATALOG = loading.catalog("")
NAMES = sorted(path.name for path in FOLDER.iterdir())
BARE = "route: {receiver: a}\nreceivers: [{name: a}]\n"


def imported(name: str) -> Imported:
    return convert((FOLDER / name).read_text(), name, "/etc/alertmanager")


def loaded(one: Imported, home: Path) -> Loaded:
    """Load the result as tocsind does, with the secrets where they are to be."""
    text = one.text.replace("file:/etc/alertmanager/", f"file:{home}/")
    (home / "secrets").mkdir(exist_ok=True)
    for secret in ("password", "token", "url"):
        (home / "secrets" / secret).write_text("https://example.com/")
    (home / "tocsin.yml").write_text(text)
    (home / "tocsin.yml").chmod(0o640)
    environ = {name: variable.value or "known-elsewhere" for name, variable in one.variables.items()}
    return load(home / "tocsin.yml", lambda _: CATALOG, environ)


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        convert(text, "am.yml", "/etc/alertmanager")
    return caught.value.problems


def hours(entry: str) -> str:
    return f"time_intervals: [{{name: n, time_intervals: [{{{entry}}}]}}]\n"


def of(text: str) -> Imported:
    return convert(text, "am.yml", "/etc/alertmanager")


@pytest.mark.parametrize("name", NAMES)
def test_alertmanager_itself_takes_the_configurations_of_these_tests(name: str) -> None:
    amtool = need_program("amtool", "prometheus-alertmanager")
    done = subprocess.run([amtool, "check-config", FOLDER / name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_what_is_made_can_be_used(name: str, tmp_path: Path) -> None:
    doubts = loaded(imported(name), tmp_path).warnings
    told_by_the_import = (
        "recorded only",
        "no route uses it",
        "no probe uses it",
        "everybody on this machine can read that file",
    )
    assert [doubt for doubt in doubts if not any(known in doubt for known in told_by_the_import)] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_of_the_source_shows(name: str) -> None:
    one = imported(name)
    assert "canary" not in one.text + repr(one)
    assert "canary" in (FOLDER / name).read_text() or name == "small.yml"


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("small.yml", {"team": "shop", "severity": "critical"}),
        ("small.yml", {"severity": "info"}),
        ("small.yml", {"severity": "warning"}),
        ("classic.yml", {"service": "foo1", "severity": "critical"}),
        ("classic.yml", {"service": "foo1", "severity": "warning"}),
        ("classic.yml", {"service": "xfoo1", "severity": "critical"}),
        ("classic.yml", {"service": "database", "owner": "team-$$Y"}),
        ("classic.yml", {"service": "database", "owner": "team-$Y"}),
        ("platform.yml", {"namespace": "web-12", "summary": "disk is full"}),
        ("platform.yml", {"namespace": "web-12", "summary": "disk is full", "env": "dev"}),
        ("platform.yml", {"namespace": "web-12", "summary": "disk is full", "note": 'say "hi"\n$${x}'}),
        ("platform.yml", {"namespace": "web-12", "summary": "disk is full", "instance": "db-1:${PORT}"}),
        ("platform.yml", {"alertname": "BatchLate"}),
        ("platform.yml", {"alertname": "BatchLate", "owner": "somebody"}),
        ("every_kind.yml", {"alertname": "Any"}),
    ],
)
def test_an_alert_goes_where_it_went(name: str, labels: dict[str, str], tmp_path: Path) -> None:
    amtool = need_program("amtool", "prometheus-alertmanager")
    given = [f'{label}="{_escaped(value)}"' for label, value in labels.items()]
    done = subprocess.run(
        [amtool, "config", "routes", "test", f"--config.file={FOLDER / name}", *given],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    now_called = {"平台 值班": "平台-值班", "web / front": "web-front", "web, front": "web-front-2"}
    went = done.stdout.strip()
    for old, new in now_called.items():
        went = went.replace(old, new)
    root = loaded(imported(name), tmp_path).settings.route
    assert [node.receiver for node in matching(compiled(root), labels)] == went.split(",")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def test_a_configuration_of_webhooks_is_carried_over_whole(tmp_path: Path) -> None:
    one = imported("small.yml")
    assert one.not_carried == []
    assert one.needed == []
    told = loaded(one, tmp_path).settings.receivers.values()
    legs = {one.name: [(leg.by, leg.send_resolved) for leg in one.notify] for one in told}
    assert legs == {"room": [(("room-webhook",), True)], "pager": [(("pager-webhook",), False)], "nobody": []}
    assert "group_by: ['...']" in one.text
    assert "repeat_interval: 3h" in one.text


def test_what_is_left_is_named_with_its_place() -> None:
    said = [line.removeprefix("classic.yml:") for line in imported("classic.yml").not_carried]
    assert said == [
        "4: global.smtp_smarthost: smtp_… are settings of e-mail, which is not carried over",
        "9: templates: texts in Go's template language are not read: tocsin writes its own",
        "33: receivers[0]: team-X-mails tells nobody now: its alarms are recorded only",
        '35: receivers[0].email_configs[0]: e-mail is not carried over (to "team-X+alerts@example.org")',
        "36: receivers[1]: team-X-pager tells nobody now: its alarms are recorded only",
        '38: receivers[1].email_configs[0]: e-mail is not carried over (to "team-X+alerts-critical@example.org")',
        "41: receivers[1].pagerduty_configs[0]: tocsin speaks Events API v2: give the service such an integration",
        "45: receivers[2].slack_configs[0].text: tocsin's kind slack has no such setting",
    ]


def test_the_head_of_the_file_says_the_same() -> None:
    one = imported("classic.yml")
    comments = [line.removeprefix("#").strip() for line in one.text.splitlines() if line.startswith("#")]
    for sentence in (*one.not_carried, *one.different, *one.needed):
        assert any(comment.endswith(f". {sentence}") for comment in comments), sentence


def test_every_kind_that_is_left_out_is_named() -> None:
    said = "\n".join(imported("every_kind.yml").not_carried)
    for kind in ("Discord", "e-mail", "Opsgenie", "Pushover", "Amazon SNS", "VictorOps", "Webex", "WeChat Work"):
        assert f"{kind} is not carried over" in said
    assert not any(kind in said for kind in ("Slack", "PagerDuty", "Telegram"))


def test_secrets_become_references_and_the_list_says_what_to_set() -> None:
    one = imported("platform.yml")
    assert one.variables["WEB_FRONT_WEBHOOK_URL"].value == "https://example.com/a?token=canary-of-the-query"
    basic = one.variables["WEB_FRONT_WEBHOOK_BASIC"].value
    assert basic == "YWxhcm1zOmNhbmFyeS0kJHtvZn06ImJhc2ljIg=="
    assert "url: '${WEB_FRONT_WEBHOOK_URL}'" in one.text
    assert "Authorization: 'Basic ${WEB_FRONT_WEBHOOK_BASIC}'" in one.text
    assert "Authorization: 'Token ${WEB_FRONT_2_WEBHOOK_2_CREDENTIALS}'" in one.text
    assert "token: 'file:/etc/alertmanager/secrets/token'" in one.text
    assert one.variables["WEB_FRONT_2_WEBHOOK_BASIC"].value is None
    (about,) = [line for line in one.needed if line.startswith("WEB_FRONT_2_WEBHOOK_BASIC")]
    assert "the password is in /etc/alertmanager/secrets/password (platform.yml:69)" in about
    assert "/etc/alertmanager/secrets/token: a file that tocsin's user can read (platform.yml:88)" in one.needed


def test_the_http_config_of_global_holds_for_webhooks_without_their_own(tmp_path: Path) -> None:
    channels = loaded(imported("platform.yml"), tmp_path).settings.channels
    assert channels["平台-值班-webhook"].sender.token.reveal() == "canary-of-everybody"  # type: ignore[attr-defined]
    assert channels["web-front-webhook-2"].sender.token is None  # type: ignore[attr-defined]


def test_names_that_tocsin_cannot_have_become_others_that_stay_apart() -> None:
    one = of(
        "route: {receiver: 'a b', routes: [{receiver: a-b}, {receiver: 'a/b'}, {receiver: ' '}]}\n"
        "receivers: [{name: 'a b'}, {name: a-b}, {name: 'a/b'}, {name: ' '}]\n"
    )
    assert [line.rpartition(": ")[2] for line in one.different] == [
        'the receiver "a b" is called a-b-2',
        'the receiver "a/b" is called a-b-3',
        'the receiver " " is called receiver',
    ]
    assert "- receiver: a-b\n    - receiver: a-b-3\n    - receiver: receiver\n" in one.text


def test_hours_keep_names_with_spaces() -> None:
    text = "time_intervals: [{name: a b}, {name: 'a$b'}]\n"
    one = of(
        f"route: {{receiver: a, routes: [{{mute_time_intervals: [a b, 'a$b']}}]}}\nreceivers: [{{name: a}}]\n{text}"
    )
    assert one.different == ['am.yml:3: time_intervals[1]: the time interval "a$b" is called a-b']
    assert "mute_time_intervals: ['a b', a-b]" in one.text


def test_an_entry_in_which_no_instant_is_is_left_out() -> None:
    entries = "[{weekdays: [], times: [{start_time: '09:00', end_time: '10:00'}]}, {months: [may], years: null}]"
    one = of(f"{BARE}time_intervals:\n- name: may\n  time_intervals: {entries}\n")
    assert one.text.endswith("  - name: may\n    time_intervals:\n      - months: [may]\n")
    assert one.different == ["am.yml:5: time_intervals[0].time_intervals[0]: is left out, for no instant is in it"]
    never = of(BARE + hours("months: [february], days_of_month: [30]").replace("name: n", "name: may"))
    assert never.text.endswith("  - name: may\n    time_intervals: []\n")


def test_a_route_whose_matcher_cannot_be_had_is_left_out_whole() -> None:
    long = "x" * 1_001
    one = of(
        f"route: {{receiver: a, routes: [{{matchers: ['b=~\"{long}\"'], receiver: a}}, {{matchers: [c=d]}}]}}\n"
        "receivers: [{name: a}]\n"
    )
    assert "matchers: ['c=\"d\"']" in one.text
    assert "xxx" not in one.text.partition("\nroute:")[2]
    assert [line.partition(" ")[0] for line in one.not_carried] == ["am.yml:1:", "am.yml:1:"]
    assert "this route and those below it are left out" in one.not_carried[1]


def test_a_rule_that_cannot_be_carried_over_whole_hides_nothing() -> None:
    one = of(BARE + "inhibit_rules: [{source_matchers: [a=b], target_matchers: [c=d], sources: []}, {equal: [x]}]\n")
    assert 'am.yml:3: inhibit_rules[0]: this rule is left out: tocsin does not know "sources"' in one.not_carried
    assert 'a="b"' not in one.text


def test_a_label_that_would_be_read_as_a_file_is_not_carried_over() -> None:
    one = of(
        "route: {receiver: a, group_by: ['file:/etc/passwd', b]}\nreceivers: [{name: a}]\n"
        "inhibit_rules: [{source_matchers: [a=b], target_matchers: [c=d], equal: [x, 'file:/etc/passwd']}]\n"
    )
    assert "passwd" not in one.text.partition("\nroute:")[2]
    assert "group_by: [b]" in one.text
    assert "inhibit_rules:\n" not in one.text
    assert len(one.not_carried) == 3


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a=b", ['a="b"']),
        ("a = disk is full ", ['a="disk is full"']),
        ('{a="b", c!~"x,y"}', ['a="b"', 'c!~"x,y"']),
        ('{ a="b" , }', ['a="b"']),
        ('"a"="b"', ['a="b"']),
        ("a=", ['a=""']),
        (r'a="x\"y\\z\n"', [r'a="x\"y\\z\n"']),
        (r'a=~"web-\d+\.x"', [r'a=~"web-\\d+\\.x"']),
    ],
)
def test_matchers_mean_what_they_meant(written: str, meant: list[str]) -> None:
    text = {"route": {"receiver": "a", "routes": [{"matchers": [written]}]}, "receivers": [{"name": "a"}]}
    one = of(json.dumps(text))
    quoted = ", ".join(f"'{matcher}'" for matcher in meant)
    assert f"    - matchers: [{quoted}]\n" in one.text


def test_an_empty_group_by_is_inherited() -> None:
    assert "group_by" not in imported("platform.yml").text
    assert "group_by" not in of("route: {receiver: a, group_by: []}\nreceivers: [{name: a}]\n").text


def test_settings_of_a_newer_alertmanager_are_named() -> None:
    one = of(BARE.replace("name: a", "name: a, labels: {x: y}, newest_configs: [{}]") + "tracing: {endpoint: x}\n")
    assert one.not_carried == [
        "am.yml:2: receivers[0].labels: tocsin does not know this setting",
        "am.yml:2: receivers[0].newest_configs[0]: newest is not carried over",
        "am.yml:2: receivers[0]: a tells nobody now: its alarms are recorded only",
        "am.yml:3: tracing: tocsin does not know this setting",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "am.yml:1: there is nothing in it"),
        ("route: [", "am.yml:2: cannot be read as YAML"),
        ("- route\n", "am.yml:1: must be a mapping"),
        ("just words", "am.yml:1: must be a mapping"),
        ("receivers: [{name: a}]\n", "am.yml:1: has no route"),
        ("route: {}\nreceivers: [{name: a}]\n", "am.yml:1: route: has no receiver"),
        ("route: {receiver: b}\nreceivers: [{name: a}]\n", 'am.yml:1: route.receiver: there is no receiver "b"'),
        (
            "route:\n  receiver: a\n  routes:\n  - receiver: b\nreceivers: [{name: a}]\n",
            'am.yml:4: route.routes[0].receiver: there is no receiver "b"',
        ),
        ("a: &a {a: *a}\n" + BARE, "am.yml:1: there is no such anchor"),
        ("a: &a [*a]\n" + BARE, "am.yml:1: there is no such anchor"),
        (BARE + "\treceivers: []\n", "am.yml:3: cannot be read as YAML: a tab is used for indentation"),
        (BARE + "route: {receiver: a}\n", 'am.yml:3: "route" stands twice; first in line 1'),
        (BARE + "---\n" + BARE, "am.yml:3: a second document begins here"),
        (BARE.replace("{name: a}", "{name: a}, {name: a}"), 'receivers[1]: the receiver "a" stands twice'),
        (BARE.replace("name: a", "nom: a"), "receivers[0]: has no name"),
        (BARE.replace("r: a", "r: a, group_wait: soon"), 'route.group_wait: "soon" is not a duration'),
        (BARE.replace("r: a", "r: a, group_interval: 0s"), "route.group_interval: must be longer than nothing"),
        (BARE.replace("r: a", "r: a, group_by: [x, '...']"), "route.group_by: '...' stands for all labels"),
        (BARE.replace("r: a", "r: a, group_by: [x, x]"), 'route.group_by: "x" stands twice'),
        (BARE.replace("r: a", "r: a, matchers: [x=y]"), "route.matchers: the root route takes every alert"),
        (BARE.replace("r: a", "r: a, match: {x: y}"), "route.match: the root route takes every alert"),
        (BARE.replace("r: a", "r: a, continue: true"), "route.continue: the root route takes every alert"),
        (BARE.replace("r: a", "r: a, routes: [{matchers: [x]}]"), "'x' is not a matcher"),
        (BARE.replace("r: a", "r: a, routes: [{matchers: ['x=\"y']}]"), "has a quote that does not end"),
        (BARE.replace("r: a", "r: a, routes: [{matchers: ['x=~\"(\"']}]"), "'(' is not an RE2 pattern"),
        (BARE.replace("r: a", "r: a, routes: [{match_re: {x: '['}}]"), "'[' is not an RE2 pattern"),
        (BARE.replace("r: a", "r: a, routes: {receiver: a}"), "route.routes: must be a list"),
        (BARE.replace("r: a", "r: a, routes: [{continue: perhaps}]"), "continue: is neither true nor false"),
        (
            BARE.replace("r: a", "r: a, routes: [{mute_time_intervals: [night]}]"),
            'mute_time_intervals[0]: there is no time interval "night"',
        ),
        (BARE + "time_intervals: [{name: n}, {name: n}]\n", 'time_intervals[1]: the time interval "n" stands twice'),
        (BARE + hours("weekdays: [funday]"), '.weekdays[0]: "funday" names no day of the week'),
        (BARE + hours("times: [{start_time: '9'}]"), ".times[0]: has no end_time"),
        (BARE + hours("times: [{start_time: '9', end_time: '10:00'}]"), '.start_time: "9" is not a time of day'),
        (BARE + hours("times: [{start_time: '11:00', end_time: '10:00'}]"), ".times[0]: 11:00 to 10:00 ends before"),
        (BARE + hours("location: Atlantis"), '.location: "Atlantis" is not a time zone'),
        (BARE.replace("name: a", "name: a, webhook_configs: [{}]"), "must have one of url and url_file"),
        (
            BARE.replace("name: a", "name: a, webhook_configs: [{url: 'ftp://canary'}]"),
            "webhook_configs[0].url: is not an http:// or https:// address",
        ),
        (
            BARE.replace("name: a", "name: a, webhook_configs: [{url: 'http://[canary'}]"),
            "webhook_configs[0].url: is not an http:// or https:// address",
        ),
        (
            BARE.replace(
                "name: a",
                "name: a, webhook_configs: [{url: 'http://b', http_config: {bearer_token: x, basic_auth: {}}}]",
            ),
            "http_config: has credentials twice: basic_auth and bearer_token",
        ),
    ],
)
def test_what_alertmanager_would_refuse_is_refused_with_its_place(text: str, said: str) -> None:
    found = "\n".join(problems(text))
    assert said in found
    assert "canary" not in found


def test_all_that_is_wrong_is_said_at_once() -> None:
    text = "route:\n  receiver: b\n  group_wait: soon\n  routes:\n  - receiver: c\nreceivers: [{name: a}]\n"
    assert [line.partition(" ")[0] for line in problems(text)] == ["am.yml:2:", "am.yml:3:", "am.yml:5:"]


def test_an_alias_that_would_grow_without_end_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 8)}]" for i in range(1, 9)]
    assert "holds more than 500000 values" in problems("\n".join(lines) + "\n" + BARE)[0]


def test_a_tree_that_is_too_deep_is_refused() -> None:
    text = "route: {receiver: a, routes: [" + "{routes: [" * 30 + "]}" * 30 + "]}\nreceivers: [{name: a}]\n"
    assert "is nested deeper than 40 levels" in problems(text)[0]


JUNK = (None, "", [], {}, "x", ["x"], {"x": "y"}, [[]], [{}], "${x}", "$$", "0", "-1", "\x07", True, "a b", "file:/etc")


def _values(node: Node) -> Any:
    match node:
        case Table(entries=entries):
            return {key: _values(entry.value) for key, entry in entries.items()}
        case Items(items=items):
            return [_values(item) for item in items]
    return node.text


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield (*path, key)
        yield from _paths(below, (*path, key))


WHOLE = {
    name: _values(compose((FOLDER / name).read_text(), name, Findings()) or Items(Place("", 1), ())) for name in NAMES
}
PLACES = [(name, path) for name in NAMES for path in _paths(WHOLE[name])]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loaded")


@settings(max_examples=120)
@given(st.sampled_from(PLACES), st.sampled_from(JUNK))
@example(next(one for one in PLACES if one[1][-1] == "credentials_file"), None)
def test_whatever_stands_anywhere_is_refused_with_its_place_or_makes_a_configuration(
    home: Path, place: tuple[str, tuple[Any, ...]], junk: Any
) -> None:
    name, path = place
    changed = copy.deepcopy(WHOLE[name])
    within = changed
    for key in path[:-1]:
        within = within[key]
    within[path[-1]] = junk
    made = _tried(lambda: convert(json.dumps(changed), name, "/etc/alertmanager"))
    if isinstance(made, list):
        assert all(problem.startswith(f"{name}:1: ") for problem in made)
        return
    refused = _tried(lambda: loaded(made, home))
    # A file that the source names and that is not there is nothing that an import can mend.
    assert not isinstance(refused, list) or all(f"the file {home}" in problem for problem in refused)


def _tried(work: Callable[[], Any]) -> Any:
    """What came of it, or the list of problems."""
    try:
        return work()
    except ConfigError as error:
        return error.problems


@pytest.mark.parametrize(
    ("given", "carried", "said"),
    [("5m", "", 0), ("1h30m", "resolve_timeout: 1h30m\n", 0), ("500ms", "", 1), ("0s", "", 1)],
)
def test_how_long_an_alert_lasts_that_does_not_say_is_carried_over(given: str, carried: str, said: int) -> None:
    one = of(f"global: {{resolve_timeout: {given}}}\n{BARE}")
    assert [line for line in one.text.splitlines(keepends=True) if line.startswith("resolve_timeout")] == (
        [carried] if carried else []
    )
    assert len(one.not_carried) == said


def test_a_resolve_timeout_that_is_no_duration_is_named() -> None:
    assert problems(f"global: {{resolve_timeout: soon}}\n{BARE}")[0].startswith("am.yml:1: global.resolve_timeout")
