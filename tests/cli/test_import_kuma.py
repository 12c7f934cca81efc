"""A backup of Uptime Kuma becomes probes that load, and what could not be carried over is named with its place."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.cli.importing.command import source_of
from daemon.cli.importing.imported import LARGEST, Imported
from daemon.cli.importing.kuma import convert
from daemon.cli.importing.kuma_kinds import LEFT
from daemon.errors import ConfigError
from imported_probes import loaded, plans, probes
from spoilt import Spot, spoilt, spots

FOLDER = Path(__file__).parent / "kuma"
NAMES = sorted(path.name for path in FOLDER.iterdir())


def imported(name: str) -> Imported:
    return convert((FOLDER / name).read_text(), name, "")


def of(*monitors: dict[str, Any], **more: Any) -> Imported:
    return convert(json.dumps({"version": "1.23.13", "monitorList": list(monitors)} | more), "backup.json", "")


def monitor(kind: str, **more: Any) -> dict[str, Any]:
    return {"id": 1, "name": "shop", "type": kind, "active": True, "interval": 60, "maxretries": 1} | more


def page(**more: Any) -> dict[str, Any]:
    return monitor("http", url="https://shop.example.com/") | more


@pytest.mark.parametrize("name", NAMES)
def test_what_is_made_loads(name: str, tmp_path: Path) -> None:
    assert [line for line in loaded(imported(name), tmp_path).warnings if "probes" in line] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_of_the_source_shows(name: str) -> None:
    one = imported(name)
    assert "canary" not in one.text + repr(one)
    assert "canary" in (FOLDER / name).read_text() or name == "old.json"


def test_a_name_without_a_latin_letter_makes_no_variable_that_means_something_else() -> None:
    """These stand in /etc/default/tocsin: a header of a monitor must not become the PATH of the daemon."""
    made = of(
        page(name="商城", headers='{"Path": "s3cret", "Home": "s3cret-2"}', url="https://a.example/?token=s3cret-3")
    )
    assert set(made.variables) == {"IMPORTED_PATH", "IMPORTED_HOME", "IMPORTED_URL"}


@pytest.mark.parametrize("form", ['{"monitorList": %s}', "%s", '["monitorList", %s]'])
def test_what_the_socket_io_interface_gives_is_read_as_it_comes(form: str) -> None:
    """Version 2 has no backup: the event `monitorList` carries monitors by their id, in a list with its name."""
    text = form % json.dumps({"1": page(name="A"), "12": page(name="B", id=12)})
    assert source_of(text) == "uptime-kuma"
    made = convert(text, "monitors.json", "")
    assert (list(probes(made)), made.not_carried) == (["A", "B"], [])


def test_secrets_go_to_the_environment() -> None:
    values = {name: one.value for name, one in imported("whole.json").variables.items()}
    assert values["API_AUTHORIZATION"] == "Bearer canary-of-the-header"
    assert values["API_PASSWORD"] == "canary-of-basic"
    assert values["API_PROXY"] == "http://u:canary%40of%2Fproxy@proxy.internal:3128"
    assert values["QUEUE_URL"] == "https://api.example.com/queue?token=canary-of-the-query"
    assert values["REDIS_PASSWORD"] == "canary-of-redis"
    assert values["BACKUP_JOB_KEY"] == "canary0of0the0push0token"
    assert values["OLD_JOB_KEY"] is None


def test_every_monitor_is_a_probe_or_named() -> None:
    one, whole = imported("whole.json"), json.loads((FOLDER / "whole.json").read_text())
    kept = len(probes(one))
    gone = [line for line in one.not_carried if "].type: " in line or "].upsideDown: " in line or "].active: " in line]
    groups = sum(one["type"] == "group" for one in whole["monitorList"])
    assert kept + len(gone) + groups == len(whole["monitorList"])


def test_a_place_is_the_line_of_the_monitor() -> None:
    text = (FOLDER / "whole.json").read_text()
    line = next(number for number, one in enumerate(text.splitlines(), 1) if '"name": "container"' in one) - 2
    [said] = [one for one in imported("whole.json").not_carried if "container" in one]
    assert said.startswith(f'whole.json:{line}: monitorList[19].type: "container": containers are not looked at')


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {}),
        ({"interval": 20}, {"every": "20s"}),
        ({"interval": 86_400}, {"every": "24h"}),
        ({"maxretries": 0}, {"fail_after": 1}),
        ({"maxretries": 4, "retryInterval": 20}, {"fail_after": 5, "every_while_failing": "20s"}),
        ({"maxretries": 4, "retryInterval": 60}, {"fail_after": 5}),
        ({"maxretries": 4_000}, {"fail_after": 100}),
        ({"timeout": 4.5}, {"timeout": "4500ms"}),
        ({"ignoreTls": True, "expiryNotification": True}, {"verify": False}),
        ({"expiryNotification": True}, {"degraded": ["cert.days > 21"]}),
        ({"accepted_statuscodes": ["200-299", "304"]}, {"status": ["200-299", "304"]}),
        ({"maxredirects": 10}, {"redirects": 10}),
        ({"maxredirects": 99}, {"redirects": 20}),
        ({"method": "post"}, {"method": "POST"}),
        ({"parent": 7, "tags": [{"name": "team", "value": "web"}]}, {"labels": {"team": "web"}}),
        ({"type": "keyword", "keyword": "ok"}, {"down": ['body has "ok"']}),
        ({"type": "keyword", "keyword": 'a"\\n\n', "invertKeyword": 1}, {"down": [r'body not has "a\"\\n\n"']}),
        ({"type": "json-query", "jsonPath": "$", "expectedValue": "5"}, {"down": ['json "$" == 5']}),
        (
            {"type": "json-query", "jsonPath": "$.a.b[0]", "expectedValue": "true"},
            {"down": ['json "$.a.b[0]" == true']},
        ),
        ({"type": "json-query", "jsonPath": "[0].a", "expectedValue": "x"}, {"down": ['json "$[0].a" == "x"']}),
        (
            {"type": "json-query", "jsonPath": "a", "expectedValue": "5", "jsonPathOperator": "contains"},
            {"down": ['json "$.a" has "5"']},
        ),
    ],
)
def test_how_a_page_is_looked_at(more: dict[str, Any], expected: dict[str, Any]) -> None:
    [probe] = probes(of(page(**more))).values()
    assert probe == {"type": "http", "url": "https://shop.example.com/"} | expected


def test_groups_become_a_label_also_in_one_another() -> None:
    groups = [{"id": 1, "name": "A", "type": "group"}, {"id": 2, "name": "B", "type": "group", "parent": 1}]
    assert probes(of(*groups, page(id=3, parent=2)))["shop"]["labels"] == {"group": "A / B"}


def test_groups_in_a_circle_end() -> None:
    groups = [
        {"id": 1, "name": "A", "type": "group", "parent": 2},
        {"id": 2, "name": "B", "type": "group", "parent": 1},
    ]
    assert probes(of(*groups, page(id=3, parent=2)))["shop"]["labels"] == {"group": "A / B"}


def test_a_name_that_stands_twice_is_numbered() -> None:
    one = of(page(), page(url="https://b.example.com"), page(url="https://c.example.com"))
    assert list(probes(one)) == ["shop", "shop-2", "shop-3"]
    assert len(one.different) == 1


@pytest.mark.parametrize("kind", sorted(LEFT))
def test_what_tocsin_does_not_do_is_named(kind: str) -> None:
    one = of(monitor(kind))
    assert probes(one) == {}
    assert one.not_carried == [f'backup.json:1: monitorList[0].type: "shop": {LEFT[kind]}']


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (monitor("teleport"), 'type: "shop": tocsin has nothing like the type "teleport"'),
        (page(active=False), 'active: "shop": is paused, and left out'),
        (page(url="https://"), 'url: "shop": is not an http:// or https:// address'),
        (page(url=None), 'url: "shop": is not an http:// or https:// address'),
        (page(headers="{broken"), 'headers: "shop": is not JSON, and left out'),
        (page(headers='["x"]'), 'headers: "shop": is not an object of texts, and left out'),
        (page(headers='{"a b": "x"}'), "headers: \"shop\": the header 'a b' cannot be sent"),
        (page(accepted_statuscodes=["2xx"]), "accepted_statuscodes: \"shop\": '2xx' is neither a code nor a range"),
        (page(interval="soon"), 'interval: "shop": is not a number, and left out'),
        (page(method={}), 'method: "shop": is not a text, and left out'),
        (monitor("port", hostname="a b", port=5), 'hostname: "shop": is neither a name nor an address'),
        (monitor("port", hostname="a", port=99_999), 'port: "shop": is not a port'),
        (monitor("dns", hostname="a", dns_resolve_type="ANY"), 'dns_resolve_type: "shop": cannot be asked of a'),
        (monitor("mysql", databaseConnectionString="x"), 'databaseConnectionString: "shop": is not an address that'),
        (
            monitor("json-query", url="http://a", jsonPath="a", jsonPathOperator="=~"),
            'jsonPathOperator: "shop": is not',
        ),
        (page(authMethod="oauth2-cc"), 'authMethod: "shop": tocsin has no OAuth 2.0'),
        (page(conditions='[{"type":"expression"}]'), 'conditions: "shop": this condition is not carried over'),
    ],
)
def test_what_cannot_be_carried_over_is_named_with_its_place(given: dict[str, Any], said: str) -> None:
    [line] = of(given).not_carried
    assert line.startswith(f"backup.json:1: monitorList[0].{said}")


def test_what_else_a_backup_holds_is_named() -> None:
    one = of(page(), notificationList=[{"name": "ops", "config": "{}"}], statusPageList=[{"title": "all"}], extra=[1])
    assert [line.partition(": ")[2].partition(":")[0] for line in one.not_carried] == [
        "notificationList[0]",
        "statusPageList[0]",
        "extra",
    ]


def test_monitors_may_be_a_mapping_or_all_there_is() -> None:
    assert list(probes(convert(json.dumps({"monitorList": {"7": page()}}), "x.json", ""))) == ["shop"]
    assert list(probes(convert(json.dumps([page()]), "x.json", ""))) == ["shop"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "x.json:1: cannot be read as JSON: an object was expected"),
        ("route: {}", "x.json:1: cannot be read as JSON: an object was expected"),
        ("{}", "x.json:1: has no monitorList; is it a backup of Uptime Kuma (Settings, Backup, Export)?"),
        ('{\n"monitorList": [\n{"id": 1,}\n]}', "x.json:3: cannot be read as JSON: "),
        ('{"monitorList": [{}', "x.json:1: cannot be read as JSON: a comma or ] was expected"),
        ('{"monitorList" []}', "x.json:1: cannot be read as JSON: a name and a colon were expected"),
        ("[" * 100_000, "x.json:1: cannot be read as JSON: nested too deeply, or no JSON"),
    ],
)
def test_what_is_no_backup_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        convert(text, "x.json", "")
    assert caught.value.problems[0].startswith(problem)


@pytest.mark.slow
def test_ten_thousand_monitors_become_files_that_load_in_time(tmp_path: Path) -> None:
    monitors = [page(name=f"Shop {n}", headers=f'{{"X-Key": "canary-{n}"}}', description="x") for n in range(10_000)]
    began = time.thread_time()
    one = of(*monitors)
    assert time.thread_time() - began < 20
    assert len(one.more) >= 4
    assert all(len(text.encode()) <= LARGEST for text in (one.text, *one.more))
    assert len(one.not_carried) == 10_000
    few = Imported(text=one.text, not_carried=[], different=[], needed=[], variables=one.variables)
    assert 1_000 < len(plans(few, tmp_path)) <= 2_000


def test_a_backup_is_known_by_what_is_in_it() -> None:
    assert source_of((FOLDER / "old.json").read_text()) == "uptime-kuma"
    assert source_of(json.dumps([page()])) == "uptime-kuma"
    assert source_of('{"route": {}}') == "alertmanager"


WHOLE = json.loads((FOLDER / "whole.json").read_text())
JUNK = (None, "", [], {}, "x", ["x"], {"x": "y"}, [[]], [{}], "${x}", "$$", "0", -1, 1e300, True, "a b", "file:/etc")
JUNK += ("\x07", "\ud800", 10**400, "x" * 3_000, "https://[", "[]", "{}", '"', "\\")


PLACES = list(spots(WHOLE))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loaded")


@pytest.mark.slow
@settings(max_examples=250)
@given(st.sampled_from(PLACES), st.sampled_from(JUNK))
@example(("monitorList", 1, "url"), "file:/etc")
@example(("monitorList", 8, "basic_auth_user"), "file:/etc")
@example(("monitorList", 10, "hostname"), "192.0.2.1:80")
@example(("monitorList", 1, "tags", 0, "value"), "file:/etc")
@example(("monitorList", 2, "keyword"), "${x}")
@example(("monitorList", 4, "expectedValue"), "$$")
def test_whatever_stands_anywhere_the_rest_is_carried_over(home: Path, place: Spot, junk: Any) -> None:
    changed = spoilt(WHOLE, place, junk)
    if not isinstance(changed["monitorList"], list | dict) or not changed["monitorList"]:
        return
    made = convert(json.dumps(changed), "x.json", "")
    loaded(made, home)
    assert "canary" not in made.text.replace("canary-of-" + str(junk), "")
