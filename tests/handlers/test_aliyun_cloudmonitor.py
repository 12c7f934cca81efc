"""The traps of Aliyun CloudMonitor's callbacks."""

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodies import read
from daemon.errors import HandlerError
from daemon.event import Event, Severity, State
from handlers.aliyun_cloudmonitor import aliyun_cloudmonitor

FIELDS = dict(parse_qsl(aliyun_cloudmonitor.samples["firing"].body.decode()))


def told(**changes: str) -> Event:
    """Read the firing form with other values."""
    [event] = read(aliyun_cloudmonitor, FIELDS | changes, form=True)
    return event


def happened(**changes: Any) -> Event:
    """Read the system event with other values."""
    [event] = read(aliyun_cloudmonitor, json.loads(aliyun_cloudmonitor.samples["firing, system event"].body) | changes)
    return event


def test_the_sample_is_read_field_by_field() -> None:
    event = told()
    assert event.key == "rule-77|instanceId=i-abc|userId=100200300"
    assert (event.state, event.severity) == (State.FIRING, Severity.WARNING)
    assert event.title == "cpu-high on web-1"
    assert event.text == "cpu_total of web-1 $Average>=90, now 97.3%, for 2分钟"
    assert event.labels == {
        "alertname": "cpu-high", "instance": "web-1", "instanceId": "i-abc", "userId": "100200300",
        "metric": "cpu_total", "namespace": "acs_ecs_dashboard", "region": "cn-hangzhou", "account": "100200300",
        "rule": "rule-77",
    }  # fmt: skip
    assert event.started_at == 1_795_222_800.123


@given(
    pairs=st.permutations([("userId", "1"), ("device", "/dev/vda1"), ("state", "a,b"), ("port", "80")]),
    space=st.sampled_from(["", " ", "  "]),
    changes=st.fixed_dictionaries(
        {},
        optional={
            "curValue": st.text(max_size=9), "triggerLevel": st.sampled_from(["INFO", "CRITICAL", "OK", "null"]),
            "instanceName": st.text(max_size=9), "timestamp": st.text(max_size=9), "signature": st.text(max_size=9),
            "alertState": st.sampled_from(["OK", "ALERT", "ALARM", "INSUFFICIENT_DATA"]),
        },
    ),
)  # fmt: skip
@settings(max_examples=60, deadline=None, database=None, derandomize=True)
def test_the_rule_and_its_dimensions_in_any_order_are_the_problem_whatever_else_changes(
    pairs: list[tuple[str, str]], space: str, changes: dict[str, str]
) -> None:
    dimensions = "{" + f",{space}".join(f"{name}={value}" for name, value in pairs) + "}"
    as_json = json.dumps([dict(pairs)])
    keys = {told(dimensions=written, **changes).key for written in (dimensions, as_json, json.dumps(dict(pairs)))}
    assert keys == {"rule-77|device=/dev/vda1|port=80|state=a,b|userId=1"}


def test_two_resources_of_one_rule_are_two_problems() -> None:
    assert told(dimensions="{instanceId=i-1}").fingerprint() != told(dimensions="{instanceId=i-2}").fingerprint()
    assert told(dimensions="web-1").fingerprint() != told(dimensions="web-2").fingerprint()


def test_the_word_null_is_nothing() -> None:
    event = told(instanceName="null", regionId="null", curValue="null", lastTime="null", unit="null", dimensions="null")
    assert event.title == "cpu-high"
    assert event.text == "cpu_total $Average>=90"
    assert "region" not in event.labels
    assert event.key == "rule-77"


@pytest.mark.parametrize(("written", "meant"), [("1795222800123", 1_795_222_800.123), ("1795222800", 1_795_222_800.0)])
def test_a_time_is_in_milliseconds_or_in_seconds(written: str, meant: float) -> None:
    assert told(timestamp=written).started_at == meant


def test_a_repetition_s_time_is_not_the_beginning() -> None:
    assert told(preTriggerLevel="WARN").started_at is None
    assert told(preTriggerLevel="OK").started_at is not None


def test_no_data_fires_under_the_name_of_the_problem_and_the_next_ok_ends_it() -> None:
    blind = told(alertState="INSUFFICIENT_DATA", triggerLevel="null")
    assert (blind.state, blind.severity, blind.title) == (State.FIRING, Severity.WARNING, "No data: cpu-high on web-1")
    assert blind.fingerprint() == told(alertState="OK", triggerLevel="OK").fingerprint() == told().fingerprint()


@pytest.mark.parametrize(
    ("level", "before", "meant"),
    [
        ("CRITICAL", "null", Severity.CRITICAL), ("WARN", "CRITICAL", Severity.WARNING), ("INFO", "", Severity.INFO),
        ("OK", "CRITICAL", Severity.CRITICAL), ("null", "null", Severity.ERROR),
    ],
)  # fmt: skip
def test_severity_is_the_level_or_the_one_before(level: str, before: str, meant: Severity) -> None:
    assert told(triggerLevel=level, preTriggerLevel=before).severity is meant


@pytest.mark.parametrize(
    "custom", ['{"team":"db"}', '[{"team":"db"}]', "{team=db}"],
)  # fmt: skip
def test_labels_given_to_the_rule_are_labels(custom: str) -> None:
    assert told(customLabels=custom).labels["team"] == "db"


def test_the_signature_is_told_to_nobody() -> None:
    assert "AbC=" not in repr(told())


def test_a_system_event_fires_until_it_is_executed_or_avoided() -> None:
    begun = happened()
    assert (begun.state, begun.severity) == (State.FIRING, Severity.CRITICAL)
    assert begun.title == "ECS: Instance:SystemFailure.Reboot on web-1"
    for status in ("Executed", "Avoided", "Canceled"):
        over = happened(name=f"Instance:SystemFailure.Reboot:{status}", status=status)
        assert (over.state, over.fingerprint()) == (State.RESOLVED, begun.fingerprint())
    failed = happened(name="Instance:SystemFailure.Reboot:Failed", status="Failed")
    assert (failed.state, failed.fingerprint()) == (State.FIRING, begun.fingerprint())


def test_a_system_event_without_a_status_ends_by_itself() -> None:
    assert happened(status="").fires_until == 3_600.0
    assert happened().fires_until is None


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (FIELDS | {"alertState": "MAYBE"}, "alertState must be ALERT, ALARM, INSUFFICIENT_DATA, OK, not 'MAYBE'"),
        ({"alertState": "ALERT"}, "neither alertName nor metricName is given"),
        ({"x": "1"}, "neither alertState (a rule's alarm) nor product and name (a system event); there are x"),
    ],
)
def test_what_is_no_alarm_is_refused_with_what_is_there(fields: dict[str, str], sentence: str) -> None:
    with pytest.raises(HandlerError) as caught:
        read(aliyun_cloudmonitor, fields, form=True)
    assert sentence in str(caught.value)
