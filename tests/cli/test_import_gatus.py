"""Gatus's endpoints become probes that load, and what could not be carried over is named with its place."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.cli.importing.command import source_of
from daemon.cli.importing.gatus import convert
from daemon.cli.importing.imported import Imported
from daemon.errors import ConfigError
from imported_probes import loaded, plans, probes
from spoilt import Spot, spoilt, spots

FOLDER = Path(__file__).parent / "gatus"
NAMES = sorted(path.name for path in FOLDER.iterdir())


def imported(name: str) -> Imported:
    return convert((FOLDER / name).read_text(), name, "/etc/gatus")


def of(endpoint: dict[str, Any] | None = None, **top: Any) -> Imported:
    endpoints = {"endpoints": [{"name": "shop", "url": "https://a.example.com"} | endpoint]} if endpoint else {}
    return convert(json.dumps(endpoints | top), "gatus.yaml", "/etc/gatus")


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        convert(text, "gatus.yaml", "/etc/gatus")
    return caught.value.problems


@pytest.mark.parametrize("name", NAMES)
def test_what_is_made_loads(name: str, tmp_path: Path) -> None:
    assert [line for line in loaded(imported(name), tmp_path).warnings if "probes" in line] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_of_the_source_shows(name: str) -> None:
    one = imported(name)
    assert "canary" not in one.text + repr(one)
    assert "canary" in (FOLDER / name).read_text() or name == "small.yaml"


def test_secrets_go_to_the_environment_and_references_stay() -> None:
    one = imported("whole.yaml")
    values = {name: one.value for name, one in one.variables.items()}
    assert values["API_AUTHORIZATION"] == "Bearer canary-of-the-header"
    assert values["API_URL"] == "https://api.example.org/graph?token=canary-of-the-query"
    assert json.loads(str(values["API_BODY"]))["query"].startswith("{ users(gender")
    assert {name for name, value in values.items() if value is None} == {"API_KEY", "HOST", "NIGHTLY_KEY"}
    assert "X-Key: '${API_KEY}-$$5'\n" in one.text


def test_every_endpoint_is_a_probe_or_named() -> None:
    one, whole = imported("whole.yaml"), yaml.safe_load((FOLDER / "whole.yaml").read_text())
    gone = [line for line in one.not_carried if "is disabled" in line or "].url: " in line or "while something" in line]
    gone += [line for line in one.not_carried if ": external-endpoints[" in line and "]: " in line]
    assert len(probes(one)) + len(gone) == len(whole["endpoints"]) + len(whole["external-endpoints"])


def test_what_gatus_needs_to_see_is_a_reference(tmp_path: Path) -> None:
    sight = loaded(imported("whole.yaml"), tmp_path).settings.sight
    assert (sight.references, sight.every) == (("1.1.1.1:53",), 60)


CONDITIONS = {
    "[STATUS] == 200": "status == 200",
    "[status] == 200": "status == 200",
    "200 == [STATUS]": "status == 200",
    "300 > [STATUS]": "status < 300",
    "[STATUS] == any(200, 429)": "status in 200, 429",
    "[STATUS] != any(500,502)": "status not in 500, 502",
    "[STATUS] == pat(2*)": "status in 200-299",
    "[STATUS] != pat(50?)": "status not in 500-509",
    "[RESPONSE_TIME] < 300": "time < 300ms",
    "[RESPONSE_TIME] <= 1s": "time <= 1s",
    "[RESPONSE_TIME] < 1.5s": "time < 1500ms",
    "[RESPONSE_TIME] > 0": "time > 0",
    "[CERTIFICATE_EXPIRATION] > 48h": "cert.days > 48h",
    "[CERTIFICATE_EXPIRATION] > 1h30m": "cert.days > 90m",
    "[CERTIFICATE_EXPIRATION] >= 86400000": "cert.days >= 24h",
    "[IP] == 127.0.0.1": 'ip == "127.0.0.1"',
    "[IP] == any(127.0.0.1, ::1)": 'ip in "127.0.0.1", "::1"',
    "[IP] == pat(10.*)": r'ip ~ "(?s)^10\."',
    "[BODY] == pong": 'body == "pong"',
    "[BODY] == pat(*checkout*)": 'body has "checkout"',
    "[BODY] != pat(*error*)": 'body not has "error"',
    "[BODY] == pat(<html>*</html>)": 'body ~ "(?s)^<html>.*</html>$"',
    "[BODY] == pat(*a?b*)": 'body ~ "(?s)a.b"',
    "[BODY].name == john": 'json "$.name" == "john"',
    "[BODY].name == john doe": 'json "$.name" == "john doe"',
    '[BODY].name == say "x"': r'json "$.name" == "say \"x\""',
    "[BODY].age == 42": 'json "$.age" == 42',
    "[BODY].ok == true": 'json "$.ok" == true',
    "[BODY].none == null": 'json "$.none" == null',
    "[BODY].name ==": 'json "$.name" == ""',
    "[BODY].age != 42": 'json "$.age?" != 42',
    "[BODY].age > 5": 'json "$.age" > 5',
    "5 < [BODY].age": 'json "$.age" > 5',
    "[BODY][0].id == 1": 'json "$[0].id" == 1',
    "[BODY].a[1].b-c.d_e == x": 'json "$.a[1].b-c.d_e" == "x"',
    "[BODY].name == pat(john*)": 'json "$.name" ~ "(?s)^john"',
    "pat(*doe) == [BODY].name": 'json "$.name" ~ "(?s)doe$"',
    "[BODY].name == any(a, b)": 'json "$.name" in "a", "b"',
    "[BODY].users[*].ok == true": 'all json "$.users[*].ok" == true',
    "len([BODY].users) > 2": 'length json "$.users" > 2',
    "len([BODY]) < 100": "body.size < 100",
    "has([BODY].errors) == false": 'json "$.errors" not exists',
    "has([BODY].errors) != true": 'json "$.errors" not exists',
    "has([BODY].data) == true": 'json "$.data" exists',
}

LEFT = {
    "[DOMAIN_EXPIRATION] > 720h": "when a domain expires is not seen: no registry is asked",
    "[CONTEXT].token == x": "there are no suites",
    "[DNS_RCODE] == NOERROR": "only dns has such a code",
    "[BODY].a == [BODY].b": "compares two values of the answer",
    "1 == 1": "is about no value of the answer",
    "[STATUS]==200": "is not <value> <comparison> <value>",
    "[STATUS] is 200": "is not <value> <comparison> <value>",
    "[STATUS] == ok": '"ok" is not a number',
    "[RESPONSE_TIME] < soon": '"soon" is not a time',
    "[RESPONSE_TIME] < pat(3*)": "pat() is compared with == or !=, and of texts",
    "[STATUS] > any(1, 2)": "any() is compared with == or !=",
    "[BODY].x == pat([a-z]*)": "classes of characters in pat() are not carried over",
    "[BODY].x > text": "compares what is no number",
    "[BODY].a b == 1": "this path is not known here",
    "[BODY].x == len([BODY].y)": "compares two values of the answer",
    "[WEATHER] == sunny": "tocsin does not see this here",
    "len([STATUS]) == 3": "there is no status here",
    "has([BODY]) == true": "there is a body, or there is none: length body > 0",
    "has([BODY].x) == 5": "has() is true or false",
}


@pytest.mark.parametrize(("theirs", "ours"), CONDITIONS.items(), ids=list(CONDITIONS))
def test_a_condition_is_said_in_our_words(theirs: str, ours: str, tmp_path: Path) -> None:
    one = of({"conditions": [theirs]})
    assert one.not_carried == []
    assert probes(one)["shop"]["down"] == [ours]
    assert [str(condition) for condition in plans(one, tmp_path)["shop"].down] == [ours]


@pytest.mark.parametrize(("theirs", "why"), LEFT.items(), ids=list(LEFT))
def test_a_condition_that_cannot_be_said_is_named(theirs: str, why: str) -> None:
    one = of({"conditions": [theirs]})
    shown = theirs.replace('"', '\\"')
    assert one.not_carried == [f'gatus.yaml:1: endpoints[0].conditions[0]: "{shown}": {why}']
    assert "down" not in probes(one)["shop"]


def test_what_can_be_reached_is_well_by_itself() -> None:
    assert "down" not in probes(of({"conditions": ["[CONNECTED] == true"]}))["shop"]


def test_what_must_not_be_reached_is_upside_down() -> None:
    one = of({"conditions": ["[CONNECTED] == false"]})
    assert probes(one)["shop"]["upside_down"] is True
    assert "down" not in probes(one)["shop"]
    assert one.not_carried == []


def test_what_must_not_be_reached_and_must_answer_is_left_out_whole() -> None:
    one = of({"conditions": ["[CONNECTED] == false", "[STATUS] == 200"]})
    assert probes(one) == {}
    said = 'gatus.yaml:1: endpoints[0]: "shop": must not be reached, and has conditions on what it answers'
    assert one.not_carried == [said]


def test_gatus_judges_by_the_conditions_alone() -> None:
    assert probes(of({"conditions": ["[BODY] == x"]}))["shop"]["status"] == ["100-599"]
    assert "status" not in probes(of({"conditions": ["[STATUS] == 401"]}))["shop"]


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ({"url": "tcp://a:6379"}, {"type": "tcp", "host": "a", "port": 6379}),
        ({"url": "tcp://[::1]:22"}, {"type": "tcp", "host": "::1", "port": 22}),
        ({"url": "tls://a:853"}, {"type": "tcp", "host": "a", "port": 853, "tls": True}),
        ({"url": "starttls://a:587"}, {"type": "smtp", "host": "a", "port": 587, "starttls": True}),
        ({"url": "ssh://a"}, {"type": "ssh", "host": "a", "port": 22}),
        ({"url": "icmp://a"}, {"type": "ping", "host": "a"}),
        ({"url": "icmp://2001:db8::1"}, {"type": "ping", "host": "2001:db8::1"}),
        (
            {"url": "icmp://a", "conditions": ["[RESPONSE_TIME] < 50"]},
            {"type": "ping", "host": "a", "down": ["rtt < 50ms"]},
        ),
        (
            {"url": "8.8.8.8", "dns": {"query-name": "a.org", "query-type": "mx"}},
            {"type": "dns", "name": "a.org", "server": "8.8.8.8", "least": 0, "record": "MX"},
        ),
        (
            {
                "url": "ns:5353",
                "dns": {"query-name": "a.org", "query-type": "A"},
                "conditions": ["[DNS_RCODE] == NXDOMAIN", "[BODY] == pat(*1.1*)", "[BODY] != 6.6.6.6", "[BODY] > 5"],
            },
            {
                "type": "dns", "name": "a.org", "server": "ns:5353", "least": 0, "rcode": "NXDOMAIN",
                "down": ['any answers has "1.1"', 'all answers != "6.6.6.6"'],
            },
        ),
    ],
)  # fmt: skip
def test_other_addresses_are_other_kinds(endpoint: dict[str, Any], expected: dict[str, Any]) -> None:
    assert probes(of(endpoint))["shop"] == expected


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ({"interval": "5m"}, {"every": "5m"}),
        ({"interval": "1m30s"}, {"every": "90s"}),
        ({"interval": "60s"}, {}),
        ({"client": {"timeout": "500ms", "insecure": True}}, {"timeout": "500ms", "verify": False}),
        ({"client": {"network": "ip6"}}, {"family": "ipv6"}),
        ({"alerts": [{"type": "slack"}]}, {"fail_after": 3}),
        ({"alerts": [{"type": "slack", "failure-threshold": 2, "success-threshold": 5}]}, {"recover_after": 5}),
        ({"alerts": [{"type": "custom"}]}, {"fail_after": 7}),
        ({"alerts": [{"type": "custom", "failure-threshold": 9}, {"type": "slack"}]}, {"fail_after": 3}),
        ({"group": "core", "extra-labels": {"env": "prod"}}, {"labels": {"group": "core", "env": "prod"}}),
        ({"method": "PUT"}, {"method": "PUT"}),
    ],
)
def test_how_an_endpoint_is_looked_at(endpoint: dict[str, Any], expected: dict[str, Any]) -> None:
    alerting = {"custom": {"default-alert": {"failure-threshold": 7}}}
    probe = probes(of(endpoint | {"conditions": ["[STATUS] == 200"]}, alerting=alerting))["shop"]
    common = {"type": "http", "url": "https://a.example.com", "redirects": 10, "down": ["status == 200"]}
    assert probe == common | expected


@pytest.mark.parametrize("scheme", ["udp", "sctp", "ws", "wss", "grpc", "gopher"])
def test_what_tocsin_does_not_speak_is_named(scheme: str) -> None:
    one = of({"url": f"{scheme}://a:5"})
    assert probes(one) == {}
    [said] = one.not_carried
    assert said.startswith("gatus.yaml:1: endpoints[0].url: tocsin does not ")


def test_references_are_gatus_own() -> None:
    one = of({"url": "https://$HOST/${PATH_TO}", "headers": {"X-A": "$$5", "X-B": "a$KEY-b", "Accept": "$$$A"}})
    probe = probes(one)["shop"]
    assert probe["url"] == "https://${HOST}/${PATH_TO}"
    assert probe["headers"] == {"X-A": "${SHOP_X_A}", "X-B": "a${KEY}-b", "Accept": "$$${A}"}
    assert one.variables["SHOP_X_A"].value == "$5"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "gatus.yaml:1: has no endpoints; is it Gatus's configuration?"),
        ("[]", "gatus.yaml:1: must be a mapping"),
        ("route: {receiver: a}", "gatus.yaml:1: has no endpoints; is it Gatus's configuration?"),
        ("endpoints: {a: b}", "gatus.yaml:1: endpoints: must be a list"),
        ("endpoints: [{name: a}]", "gatus.yaml:1: endpoints[0]: must have a name and a url"),
        (
            "endpoints:\n- {name: a, url: 'http://a', interval: x}",
            'gatus.yaml:2: endpoints[0].interval: "x" is not',
        ),
        ("endpoints: [{name: a, url: 'http://a', conditions: {}}]", "gatus.yaml:1: endpoints[0].conditions: must be a"),
        ("endpoints: [", "gatus.yaml:2: cannot be read as YAML"),
        ("external-endpoints: [{token: x}]", "gatus.yaml:1: external-endpoints[0]: has no name"),
    ],
)
def test_what_gatus_would_refuse_is_refused_with_its_place(text: str, problem: str) -> None:
    assert problems(text)[0].startswith(problem)


def test_an_alias_that_would_grow_without_end_is_refused() -> None:
    lines = ["x0: &x0 [a, a, a, a, a, a, a, a]"]
    lines += [f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 8)}]" for i in range(1, 9)]
    assert "holds more than" in problems("\n".join([*lines, "endpoints: []", ""]))[0]


def test_a_configuration_is_known_by_what_is_in_it() -> None:
    for name in NAMES:
        assert source_of((FOLDER / name).read_text()) == "gatus"
    assert source_of("route: {receiver: endpoints}\n") == "alertmanager"


JUNK = (None, "", [], {}, "x", ["x"], {"x": "y"}, [[]], [{}], "${x}", "$$", "0", -1, True, "a b", "file:/etc", "\x07")
JUNK += ("x" * 3_000, "https://[", "tcp://a:99999999", "[BODY] == pat(\\)", "[BODY].x == any(,)", "[STATUS] == -0", '"')
WHOLE = yaml.safe_load((FOLDER / "whole.yaml").read_text())


PLACES = list(spots(WHOLE))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loaded")


@pytest.mark.slow
@settings(max_examples=250)
@given(st.sampled_from(PLACES), st.sampled_from(JUNK))
@example(("endpoints", 1, "conditions", 1), "[BODY].x == pat(\\)")
@example(("endpoints", 0, "name"), "file:/etc")
@example(("endpoints", 1, "extra-labels", "severity"), "file:/etc")
def test_whatever_stands_anywhere_is_refused_with_its_place_or_loads(home: Path, place: Spot, junk: Any) -> None:
    changed = spoilt(WHOLE, place, junk)
    try:
        made = convert(json.dumps(changed), "g.yaml", "/etc/gatus")
    except ConfigError as error:
        found = error.problems
    else:
        found = []
        loaded(made, home)
        assert "canary" not in made.text
    assert all(problem.startswith("g.yaml:1: ") for problem in found)
