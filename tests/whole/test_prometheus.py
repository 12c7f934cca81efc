"""A real Prometheus that pushes its alerts to a running tocsin."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from programs import prometheus
from running import Tocsind, running
from until import until

CONFIG = """
auth: {tokens: [{name: prometheus, token: prometheus-token, may: [act]}, {name: ops, token: ops-token, may: [read]}]}
channels: {room: {type: console}}
receivers: [{name: ops, notify: [{by: [room]}]}]
route: {receiver: ops, group_by: ['...'], group_wait: 0s, group_interval: 0s}
"""
PROMETHEUS = """
global: {{evaluation_interval: 1s, external_labels: {{site: north}}}}
rule_files: [{home}/rules.yml]
alerting:
  alertmanagers:
    - {credentials}
      static_configs: [{{targets: ['127.0.0.1:{port}']}}]
"""
RULES = """
groups:
  - name: always
    rules:
      - alert: Always
        expr: vector(97) > {least}
        labels: {{severity: page}}
        annotations: {{summary: 'it is {{{{ $value }}}}', runbook_url: 'http://wiki.example.com/always'}}
"""
LABELS = {"alertname": "Always", "severity": "page", "site": "north"}

pytestmark = pytest.mark.slow


def write_rules(home: Path, least: int) -> None:
    (home / "rules.yml").write_text(RULES.format(least=least))


def config(home: Path, port: int, credentials: str) -> str:
    return PROMETHEUS.format(home=home, port=port, credentials=credentials)


def open_alerts(daemon: Tocsind) -> list[Any]:
    status, body = daemon.request("GET", "/api/v2/alerts", headers={"Authorization": "Bearer ops-token"})
    assert status == 200
    return list(json.loads(body))


def story(daemon: Tocsind) -> Any:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "alerts.get", "params": {"id": "A1"}}
    _, body = daemon.post("/rpc", asked, Authorization="Bearer ops-token")
    return json.loads(body)["result"]


def test_its_alerts_are_told_once_and_end_when_it_says_so(tmp_path: Path) -> None:
    write_rules(tmp_path, 90)
    bearer = "authorization: {credentials: prometheus-token}"
    with running(tmp_path, CONFIG) as daemon:
        with prometheus(tmp_path, config(tmp_path, daemon.http, bearer)) as server:
            until(lambda: open_alerts(daemon), within=40)
            (shown,) = open_alerts(daemon)
            assert (shown["labels"], shown["annotations"]["summary"]) == (LABELS, "it is 97")
            until(lambda: story(daemon)["alert"]["count"] >= 4, within=20)
            assert [notice["reason"] for notice in story(daemon)["notices"]] == ["first"]
            write_rules(tmp_path, 99)
            server.send_signal(signal.SIGHUP)
            until(lambda: not open_alerts(daemon), within=20)
        told = story(daemon)
    assert [notice["reason"] for notice in told["notices"]] == ["first", "all_resolved"]
    assert (told["alert"]["title"], told["alert"]["severity"], told["alert"]["text"]) == ("it is 97", "critical", "")
    assert told["alert"]["links"]["runbook"] == "http://wiki.example.com/always"
    assert len(told["trace"]) == 2  # it began and was told, it ended and that was told: no line for all the rest


def test_when_it_dies_its_alerts_end_by_themselves(tmp_path: Path) -> None:
    write_rules(tmp_path, 90)
    basic = "basic_auth: {username: anybody, password: prometheus-token}"
    with running(tmp_path, CONFIG) as daemon:
        with prometheus(tmp_path, config(tmp_path, daemon.http, basic)) as server:
            until(lambda: open_alerts(daemon), within=40)
            server.kill()
        until(lambda: not open_alerts(daemon), within=20)
        told = story(daemon)
    assert [notice["reason"] for notice in told["notices"]] == ["first", "all_resolved"]
    assert told["alert"]["text"].startswith("not heard of since ")
