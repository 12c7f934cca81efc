"""A real Prometheus: it pushes its alerts to a running tocsin, and scrapes it as etc/prometheus shows."""

import json
import re
import signal
import socket
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from programs import prometheus, prometheus_at
from running import Tocsind, running
from tree import ROOT
from until import until

CONFIG = """
auth: {tokens: [{name: prometheus, token: prometheus-token, may: [act]}, {name: ops, token: ops-token, may: [read]}]}
channels: {room: {type: console}}
receivers: [{name: ops, notify: [{by: [room]}]}]
route: {receiver: ops, group_by: ['...'], group_wait: 0s, group_interval: 0s}
"""
PROMETHEUS = """
global: {{evaluation_interval: 500ms, scrape_interval: 500ms, scrape_timeout: 500ms, external_labels: {{site: north}}}}
rule_files: [{home}/rules.yml]
alerting:
  alertmanagers:
    - basic_auth: {{username: anybody, password: prometheus-token}}
      static_configs: [{{targets: ['127.0.0.1:{port}']}}]
scrape_configs:
  - job_name: tocsin
    authorization: {{credentials: ops-token}}
    static_configs: [{{targets: ['127.0.0.1:{port}']}}]
"""
# It is so until tocsin is pinged, and again from the next ping on.
RULES = """
groups:
  - name: always
    rules:
      - alert: Always
        expr: vector(97) unless on() sum(tocsin_rpc_calls_total{method="ping"}) % 2 == 1
        labels: {severity: page}
        annotations: {summary: 'it is {{ $value }}', runbook_url: 'http://wiki.example.com/always'}
"""
LABELS = {"alertname": "Always", "severity": "page", "site": "north"}

pytestmark = pytest.mark.slow


def open_alerts(daemon: Tocsind) -> list[Any]:
    status, body = daemon.request("GET", "/api/v2/alerts", headers={"Authorization": "Bearer ops-token"})
    assert status == 200
    return list(json.loads(body))


def ping(daemon: Tocsind) -> None:
    status, _ = daemon.post("/rpc", {"jsonrpc": "2.0", "id": 1, "method": "ping"}, Authorization="Bearer ops-token")
    assert status == 200


def story(daemon: Tocsind, code: str = "A1") -> Any:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "alerts.get", "params": {"id": code}}
    _, body = daemon.post("/rpc", asked, Authorization="Bearer ops-token")
    return json.loads(body)["result"]


def test_its_alerts_are_told_once_and_end_when_it_says_so_or_says_no_more(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES)
    with running(tmp_path, CONFIG) as daemon:
        with prometheus(tmp_path, PROMETHEUS.format(home=tmp_path, port=daemon.http)) as server:
            until(lambda: open_alerts(daemon), within=40)
            (shown,) = open_alerts(daemon)
            assert (shown["labels"], shown["annotations"]["summary"]) == (LABELS, "it is 97")
            until(lambda: story(daemon)["alert"]["count"] >= 3, within=20)
            assert [notice["reason"] for notice in story(daemon)["notices"]] == ["first"]
            ping(daemon)
            until(lambda: not open_alerts(daemon), within=20)
            told = story(daemon)
            ping(daemon)
            until(lambda: open_alerts(daemon), within=20)
            server.kill()
        until(lambda: not open_alerts(daemon), within=20)
        left = story(daemon, "A2")
    assert [notice["reason"] for notice in told["notices"]] == ["first", "all_resolved"]
    assert (told["alert"]["title"], told["alert"]["severity"], told["alert"]["text"]) == ("it is 97", "critical", "")
    assert told["alert"]["links"]["runbook"] == "http://wiki.example.com/always"
    assert len(told["trace"]) == 2  # it began and was told, it ended and that was told: no line for all the rest
    assert [notice["reason"] for notice in left["notices"]] == ["first", "all_resolved"]
    assert left["alert"]["text"].startswith("not heard of since ")


PROBE = 'odd"name"\\é'
SCRAPED = """
channels: {{room: {{type: console}}}}
receivers: [{{name: ops, notify: [{{by: [room]}}]}}]
route: {{receiver: ops}}
auth: {{tokens: [{{name: prometheus, token: prometheus-token, may: [read]}}]}}
probes: {{{probe}: {{type: tcp, host: 127.0.0.1, port: {port}, every: 1s, timeout: 500ms}}}}
series: {{expose: true}}
"""


def asked(port: int, path: str) -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())["data"]
    finally:
        connection.close()


def found(port: int, query: str) -> list[tuple[dict[str, str], float]]:
    """What Prometheus answers to a query: labels and values."""
    told = asked(port, f"/api/v1/query?query={quote(query)}")
    return [(one["metric"], float(one["value"][1])) for one in told["result"]]


def shipped(home: Path, port: int) -> str:
    """etc/prometheus for this machine: a token, another port, and quicker."""
    (home / "tocsin.token").write_text("prometheus-token\n")
    (home / "rules.yml").write_text((ROOT / "etc/prometheus/rules.yml").read_text())
    text = (ROOT / "etc/prometheus/prometheus.yml").read_text()
    text = text.replace("/etc/prometheus/tocsin.token", str(home / "tocsin.token")).replace("8420", str(port))
    return re.sub("scrape_interval: .*", "scrape_interval: 1s", text).replace(
        "scrape_timeout: 10s", "scrape_timeout: 1s"
    )


def with_statsd(daemon: Tocsind, at: Path) -> Tocsind:
    """Give one that was not started yet a door for numbers."""
    daemon.doors = daemon.doors.replace("}\n", f", statsd_unix: '{at}'}}\n", 1)
    daemon.configure(SCRAPED.format(probe="old", port=1))
    return daemon


def test_it_scrapes_what_is_there_and_finds_no_ghost_of_a_renamed_probe(tmp_path: Path) -> None:
    daemon = with_statsd(Tocsind(tmp_path, ""), tmp_path / "statsd")
    statsd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    daemon.start()
    try:
        statsd.connect(str(tmp_path / "statsd"))
        statsd.send(b'orders:3|c|#shop:\xc3\xa9"\nhttp.time:250:750|ms|#app:shop,route:/pay')
        with prometheus_at(tmp_path, shipped(tmp_path, daemon.http)) as (_, port):
            until(lambda: found(port, "tocsin_probe_up == 0"), within=30)
            assert [value for _, value in found(port, 'up{job="tocsin"}')] == [1]
            # Only OpenMetrics calls a counter's family by its name alone.
            for family, kind in (("tocsin_events", "counter"), ("orders", "counter"), ("http_time_seconds", "summary")):
                until(lambda: asked(port, "/api/v1/metadata").get(family), within=20)  # noqa: B023 - asked at once
                assert asked(port, "/api/v1/metadata")[family][0]["type"] == kind
            assert [(one["shop"], value) for one, value in found(port, "orders_total")] == [('é"', 3)]
            ((labels, total),) = found(port, "http_time_seconds_sum")
            assert (labels["app"], labels["route"], total) == ("shop", "/pay", 1)
            assert [value for _, value in found(port, "http_time_seconds_count")] == [2]
            assert found(port, "sum(tocsin_http_requests_total)")[0][1] > 0
            (target,) = asked(port, "/api/v1/targets")["activeTargets"]
            assert (target["health"], target["lastError"]) == ("up", "")
            daemon.configure(SCRAPED.format(probe=f"'{PROBE}'", port=daemon.http))
            assert daemon.process is not None
            daemon.process.send_signal(signal.SIGHUP)
            until(lambda: found(port, "tocsin_probe_up == 1"), within=30, why=daemon.errors)
            assert [labels["probe"] for labels, _ in found(port, "tocsin_probe_up")] == [PROBE]
            rules = asked(port, "/api/v1/rules")["groups"][0]["rules"]
            assert {rule["health"] for rule in rules} <= {"ok", "unknown"}
            said = (tmp_path / "prometheus.log").read_text()
    finally:
        statsd.close()
        daemon.kill()
    assert re.findall("level=(?:warn|error).*", said) == []
