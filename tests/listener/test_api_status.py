"""What Alertmanager's API says of the daemon: its configuration in Alertmanager's words, and nothing secret."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some

import made
from api_desk import ApiDesk
from daemon.config.audience import InhibitRule, Leg, Receiver, Route
from daemon.config.load import load
from daemon.config.settings import Settings
from daemon.listener.alertmanager.rendered import duration, rendered
from daemon.loading import catalog
from daemon.matcher import parse
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds, seconds
from fake_clock import FakeClock

FULL = """
channels: {room: {type: webhook, url: 'https://hooks.example.com/canary-7f3'}, sms: {type: console}}
people: {lin: {phone: '+8613800000001'}}
receivers:
  - {name: ops, notify: [{by: [room, sms]}, {to: [lin], by: [sms]}]}
  - name: "yes"
route:
  receiver: ops
  group_by: [alertname, team]
  group_wait: 0s
  group_interval: 0s
  repeat_interval: 4h
  routes:
    - {receiver: 'yes', matchers: ['team=~"a|\\"b\\""', 'env!=""'], continue: true, group_by: []}
    - matchers: [severity="info"]
      mute_time_intervals: [nights]
      routes: [{matchers: [a="b"], active_time_intervals: [work]}]
inhibit_rules: [{source_matchers: [a="b"], target_matchers: [c!~"d"], equal: [e]}]
time_intervals:
  - name: nights
    time_intervals:
      - times: [{start_time: '22:00', end_time: '24:00'}]
        weekdays: ['monday:friday', sunday]
        location: Asia/Shanghai
      - {days_of_month: ['-3:-1'], months: ['january:march'], years: ['2026:2030']}
  - {name: work, time_intervals: [{workdays: cn, times: [{start_time: '09:00', end_time: '18:00'}]}]}
"""


@pytest.fixture
def full(tmp_path: Path) -> Settings:
    file = tmp_path / "tocsin.yml"
    file.write_text(f"store: sqlite:///{tmp_path}/tocsin.db\n{FULL}")
    return load(file, catalog, {}).settings


def test_the_running_configuration_is_written_in_alertmanager_s_words(full: Settings) -> None:
    said = rendered(full)
    assert yaml.safe_load(said) == {
        "global": {"resolve_timeout": "5m"},
        "route": {
            "receiver": "ops",
            "group_by": ["alertname", "team"],
            "group_wait": "0s",
            "group_interval": "1s",
            "repeat_interval": "4h",
            "routes": [
                {"receiver": "yes", "matchers": ['team=~"a|\\"b\\""', 'env!=""'], "continue": True},
                {
                    "matchers": ['severity="info"'],
                    "mute_time_intervals": ["nights"],
                    "routes": [{"matchers": ['a="b"'], "active_time_intervals": ["work"]}],
                },
            ],
        },
        "receivers": [{"name": "ops"}, {"name": "yes"}],
        "inhibit_rules": [{"source_matchers": ['a="b"'], "target_matchers": ['c!~"d"'], "equal": ["e"]}],
        "time_intervals": [
            {
                "name": "nights",
                "time_intervals": [
                    {
                        "times": [{"start_time": "22:00", "end_time": "24:00"}],
                        "weekdays": ["monday:friday", "sunday"],
                        "location": "Asia/Shanghai",
                    },
                    {"days_of_month": ["-3:-1"], "months": ["january:march"], "years": ["2026:2030"]},
                ],
            },
            {
                "name": "work",
                "time_intervals": [{"times": [{"start_time": "09:00", "end_time": "18:00"}]}],
            },
        ],
    }
    assert "name: ops # all by room, else sms; lin by sms" in said
    assert "name: work # really: times 09:00-18:00, workdays cn" in said
    assert "canary" not in said


def test_what_is_not_configured_at_all_still_reads_as_alertmanager_s() -> None:
    assert yaml.safe_load(rendered(Settings())) == {
        "global": {"resolve_timeout": "5m"},
        "route": {"receiver": "(nobody)"},
        "receivers": [{"name": "(nobody)"}],
    }


@given(name=some.text(min_size=1), note=some.text(max_size=5))
def test_any_name_can_be_read_again(name: str, note: str) -> None:
    receivers = {name: Receiver(name=name, notify=(Leg(by=(note,)),))}
    rule = InhibitRule(source_matchers=parse('a="b"'), target_matchers=(), equal=(name,))
    said = yaml.safe_load(
        rendered(Settings(receivers=receivers, route=Route(receiver=name), inhibit_rules=(rule,))),
    )
    assert said["route"]["receiver"] == name
    assert said["receivers"] == [{"name": name}]
    assert said["inhibit_rules"][0]["equal"] == [name]


@given(some.integers(min_value=0, max_value=10**11))
def test_durations_are_written_as_they_are_read(milliseconds: int) -> None:
    assert seconds(duration(milliseconds / 1_000)) == pytest.approx(milliseconds / 1_000)


def test_the_status_names_the_version_of_the_api_and_our_own(store: SqliteStore, clock: FakeClock) -> None:
    desk = ApiDesk(store, clock, made.settings(resolve_timeout=Seconds(60.0)))
    status = desk.get("status")
    assert status["cluster"] == {"status": "disabled", "peers": []}
    assert status["versionInfo"] == {
        "version": "0.25.0", "revision": "tocsin 9.9", "branch": "tocsin",
        "buildUser": "tocsin", "buildDate": "", "goVersion": "",
    }  # fmt: skip
    assert status["uptime"] == "2026-11-21T01:00:00.000Z"
    assert yaml.safe_load(status["config"]["original"])["global"] == {"resolve_timeout": "1m"}
    assert desk.get("receivers") == [{"name": "ops"}, {"name": "db"}, {"name": "quiet"}]
