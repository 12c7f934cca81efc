"""etc/prometheus: what is shipped for a Prometheus and a Grafana names only series that tocsin has."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Counter, Gauge, Histogram

from daemon import telemetry
from daemon.probing import numbers
from needs import need_program
from tree import ROOT

SHIPPED = ROOT / "etc" / "prometheus"
RULES = (SHIPPED / "rules.yml").read_text()
DASHBOARD = json.loads((SHIPPED / "grafana.json").read_text())

NAME = re.compile(r"\btocsin_[a-z_]+\b")
STORY = """
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'up{job="tocsin", instance="a"}', values: '1x4 0x10'}
      - {series: 'tocsin_outbox_deliveries{instance="a", channel="sms", phase="dead"}', values: '0x5 3x20'}
      - {series: 'tocsin_outbox_deliveries{instance="a", channel="sms", phase="waiting"}', values: '0+10x60'}
      - {series: 'tocsin_breaker_open{instance="a", channel="sms"}', values: '0x5 1x20'}
      - {series: 'tocsin_quota_used{instance="a", channel="sms", each="all", per="day"}', values: '80x10 95x20'}
      - {series: 'tocsin_quota_most{instance="a", channel="sms", each="all", per="day"}', values: '100x60'}
      - {series: 'tocsin_store_failures_total{instance="a"}', values: '0x10 1x20'}
    alert_rule_test:
"""
# minute, alert, the labels that it then has; None where it does not fire
EXPECTED: list[tuple[str, str, str | None]] = [
    ("4m", "TocsinDown", None),
    ("7m", "TocsinDown", "job: tocsin, instance: a, severity: critical"),
    ("5m", "TocsinDeadLetters", None),
    ("8m", "TocsinDeadLetters", "instance: a, channel: sms, severity: error"),
    ("30m", "TocsinOutboxGrows", "instance: a, channel: sms, severity: error"),
    ("8m", "TocsinBreakerOpen", None),
    ("12m", "TocsinBreakerOpen", "instance: a, channel: sms, severity: error"),
    ("9m", "TocsinQuotaNearlySpent", None),
    ("12m", "TocsinQuotaNearlySpent", "instance: a, channel: sms, each: all, per: day, severity: warning"),
    ("9m", "TocsinStoreFails", None),
    ("12m", "TocsinStoreFails", "instance: a, severity: critical"),
]


def series() -> set[str]:
    """The names of everything that tocsin tells of itself, as samples have them."""
    found = set()
    for one in vars(telemetry).values():
        if isinstance(one, Counter | Gauge | Histogram):
            (family,) = one.collect()
            ends = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
            found |= {family.name + end for end in ends}
    for name, kind, _, _ in numbers._FAMILIES:
        found |= {name + end for end in (("_sum", "_count") if kind == "summary" else ("",))}
    return found


def expressions(dashboard: Any) -> Iterator[str]:
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (one["definition"] for one in dashboard["templating"]["list"] if one["type"] == "query")


def test_every_series_that_is_named_exists() -> None:
    known = series()
    for text in (*expressions(DASHBOARD), *re.findall(r"expr: (.*)", RULES)):
        named = set(NAME.findall(text))
        assert named <= known, text
        assert named or "up{" in text, text


def test_the_dashboard_can_be_imported_wherever_prometheus_is_called_otherwise() -> None:
    assert [one["type"] for one in DASHBOARD["templating"]["list"]] == ["datasource", "query"]
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        place = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not place & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= place
        for part in [panel, *panel.get("targets", ())] if panel["type"] != "row" else []:
            assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert DASHBOARD["uid"] == "tocsin"
    assert DASHBOARD["schemaVersion"] >= 36


def promtool(*arguments: object) -> str:
    program = need_program("promtool", "prometheus")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A Prometheus' folder with what is shipped in it, and a token."""
    for file in SHIPPED.iterdir():
        text = file.read_text().replace("/etc/prometheus/", f"{tmp_path}/")
        (tmp_path / file.name).write_text(text)
    (tmp_path / "tocsin.token").write_text("0123456789abcdef")
    return tmp_path


def test_promtool_finds_nothing_wrong_with_what_is_shipped(shipped: Path) -> None:
    assert "SUCCESS" in promtool("check", "config", shipped / "prometheus.yml")
    said = promtool("check", "rules", shipped / "rules.yml")
    assert f"SUCCESS: {RULES.count('- alert:')} rules found" in said


def test_the_rules_fire_when_they_should_and_not_before(shipped: Path) -> None:
    story = STORY
    for minute, alert, labels in EXPECTED:
        assert f"- alert: {alert}\n" in RULES
        story += f"      - {{eval_time: {minute}, alertname: {alert}, exp_alerts: ["
        story += "" if labels is None else f"{{exp_labels: {{{labels}}}}}"
        story += "]}\n"
    # What is said with an alert is another matter: here only whether it is there counts.
    rules = re.sub(r"        annotations:\n(?:\s{10}.*\n)+", "", (shipped / "rules.yml").read_text())
    (shipped / "rules.yml").write_text(rules)
    (shipped / "story.yml").write_text(story)
    promtool("test", "rules", shipped / "story.yml")
