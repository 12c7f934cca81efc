"""The real amtool on a running tocsin."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from programs import amtool
from running import Tocsind, running
from until import until

CONFIG = """
channels: {room: {type: console}}
receivers: [{name: ops, notify: [{by: [room]}]}, {name: db, notify: [{by: [room]}]}, {name: web}]
route:
  receiver: ops
  group_by: ['...']
  group_wait: 0s
  group_interval: 0s
  routes:
    - {receiver: db, matchers: ['team="db"'], mute_time_intervals: [never], continue: true}
    - {receiver: web, matchers: ['team=~"web|db"', 'env!=""']}
inhibit_rules: [{source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: [alertname]}]
time_intervals: [{name: never, time_intervals: [{years: ['1999'], workdays: cn, location: Asia/Shanghai}]}]
"""
ALERTMANAGER = "route: {receiver: ops, group_interval: 1m}\nreceivers: [{name: ops}]\n"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tocsind]:
    with running(tmp_path_factory.mktemp("amtool"), CONFIG) as one:
        yield one


def query(daemon: Tocsind, *arguments: str) -> list[Any]:
    return list(json.loads(amtool(daemon.http, "-o", "json", *arguments)))


def named(found: list[Any]) -> list[str]:
    return sorted(one["labels"].get("instance", "") for one in found)


def test_alerts_are_added_and_asked_for(daemon: Tocsind) -> None:
    add = ("alert", "add", "Disk", "team=db")
    more = ("--annotation=summary=97% full", "--generator-url=http://prom.example.com/x")
    amtool(daemon.http, *add, "instance=db-1", "severity=critical", *more)
    amtool(daemon.http, *add, "instance=db-2", "severity=warning")
    amtool(daemon.http, *add, "instance=db-3", "--end=2020-01-01T00:00:00Z", "--start=2019-01-01T00:00:00Z")
    assert named(query(daemon, "alert", "query", "Disk")) == ["db-1"]
    assert named(query(daemon, "alert", "query", "--inhibited", "alertname=Disk")) == ["db-2"]
    assert named(query(daemon, "alert", "query", "-a", "-i", "--receiver=db")) == ["db-1", "db-2"]
    assert query(daemon, "alert", "query", "alertname=~Net.*") == []
    shown = amtool(daemon.http, "-o", "extended", "alert", "query", "instance=db-1")
    assert all(word in shown for word in ('severity="critical"', 'summary="97% full"', "prom.example.com/x", "active"))
    assert "failed to parse receiver" in amtool(daemon.http, "alert", "query", "--receiver=(", fails=True)
    (known,) = daemon.rpc("alerts.list", source="prometheus", limit=1)
    assert (known["title"], known["state"]) == ("Disk", "firing")


def test_silences_are_added_changed_imported_and_expired(daemon: Tocsind, tmp_path: Path) -> None:
    amtool(daemon.http, "alert", "add", "Net", "instance=gw-1")
    name = amtool(
        daemon.http, "silence", "add", "Net", "instance=~gw.*", "-c", "cable", "-a", "lin", "-d", "1h"
    ).strip()
    assert named(query(daemon, "alert", "query", "-s", "Net")) == ["gw-1"]
    assert query(daemon, "alert", "query", "Net") == []
    (shown,) = query(daemon, "silence", "query", "Net")
    assert (shown["id"], shown["createdBy"], shown["comment"], shown["status"]["state"]) == (
        name, "lin", "cable", "active",
    )  # fmt: skip
    changed = amtool(daemon.http, "-o", "json", "silence", "update", name, "-c", "long cable", "-d", "3h")
    assert [one["id"] for one in json.loads(changed)] == [name]
    assert amtool(daemon.http, "silence", "query", "-q", "instance=~gw.*").split() == [name]
    (tmp_path / "silences.json").write_text(amtool(daemon.http, "-o", "json", "silence", "query", "Net"))
    amtool(daemon.http, "silence", "expire", name)
    assert query(daemon, "silence", "query", "Net") == []
    assert [one["comment"] for one in query(daemon, "silence", "query", "--expired", "Net")] == ["long cable"]
    amtool(daemon.http, "silence", "expire", name, fails=True)
    until(lambda: named(query(daemon, "alert", "query", "Net")) == ["gw-1"])

    amtool(daemon.http, "silence", "import", str(tmp_path / "silences.json"), "--force")
    (again,) = query(daemon, "silence", "query", "Net")
    assert (again["comment"], again["id"] == name) == ("long cable", False)
    assert "must not match the empty string" in amtool(
        daemon.http, "silence", "add", "instance=~.*", "-c", "all", fails=True
    )


def test_the_configuration_and_its_routes_are_shown_and_tried(daemon: Tocsind) -> None:
    assert "- receiver: db" in amtool(daemon.http, "config", "show")
    tree = amtool(daemon.http, "config", "routes", "show")
    assert '{team="db"}  continue: true  receiver: db' in tree
    for labels, receivers in {
        ("team=db", "env=live"): "db,web", ("team=web", "env=live"): "web", ("team=db",): "db", ("a=b",): "ops",
    }.items():  # fmt: skip
        tried = amtool(daemon.http, "config", "routes", "test", f"--verify.receivers={receivers}", *labels)
        assert tried.strip() == receivers
    assert "disabled" in amtool(daemon.http, "cluster", "show")


def test_amtool_s_own_check_passes_what_tocsin_shows_and_an_alertmanager_file(daemon: Tocsind, tmp_path: Path) -> None:
    shown, theirs = tmp_path / "shown.yml", tmp_path / "alertmanager.yml"
    shown.write_text(amtool(daemon.http, "config", "show"))
    theirs.write_text(ALERTMANAGER)
    said = amtool(daemon.http, "check-config", str(shown), str(theirs))
    assert said.count("SUCCESS") == 2
    assert "3 receivers" in said


def test_with_a_token_in_its_file_amtool_may_do_what_the_token_may(tmp_path: Path) -> None:
    tokens = "auth: {tokens: [{name: ops, token: ops-token, may: [read]}]}\n"
    (tmp_path / "http.yml").write_text("authorization: {credentials: ops-token}\n")
    (tmp_path / "basic.yml").write_text("basic_auth: {username: ops, password: ops-token}\n")
    with running(tmp_path, CONFIG + tokens) as locked:
        amtool(locked.http, "alert", "query", fails=True)
        for file in ("http.yml", "basic.yml"):
            with_token = f"--http.config.file={tmp_path / file}"
            assert "Alertname" in amtool(locked.http, with_token, "alert", "query")
            amtool(locked.http, with_token, "alert", "add", "Disk", fails=True)
        assert (locked.home / "stderr").read_text().count("ops-token") == 0
