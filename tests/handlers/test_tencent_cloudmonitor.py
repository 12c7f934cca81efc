"""The traps of Tencent Cloud Monitor's callbacks."""

import copy
import json
from typing import Any

import pytest

from bodies import read
from daemon.errors import HandlerError
from daemon.event import Event, Severity, State
from handlers.tencent_cloudmonitor import Options, tencent_cloudmonitor

BODY = json.loads(tencent_cloudmonitor.samples["firing"].body)


def told(options: Options | None = None, **changes: Any) -> Event:
    """Read the firing sample with other values at the top."""
    [event] = read(tencent_cloudmonitor, BODY | changes, options=options)
    return event


def within(*place: str, **changes: Any) -> dict[str, Any]:
    """The firing sample with other values somewhere inside."""
    body: dict[str, Any] = copy.deepcopy(BODY)
    inner = body
    for step in place:
        inner = inner[step]
    inner |= changes
    return body


def test_the_sample_is_read_field_by_field() -> None:
    event = told()
    assert event.key == "policy-x1|cpu_usage|objId=u-1|unInstanceId=ins-abc1"
    assert (event.state, event.severity) == (State.FIRING, Severity.ERROR)
    assert event.title == "cpu: CPU usage > 90% on 10.0.0.5#1"
    assert event.text == "now 98%\nfor 500 s"
    assert event.labels == {
        "alertname": "cpu", "metric": "cpu_usage", "policy": "policy-x1", "policy_type": "cvm_device",
        "namespace": "qce/cvm", "region": "gz", "account": "100001", "unInstanceId": "ins-abc1", "objId": "u-1",
        "objName": "10.0.0.5#1",
    }  # fmt: skip
    assert event.started_at == 1_795_222_800.0  # Beijing's time


@pytest.mark.parametrize(
    ("status", "state"), [("1", State.FIRING), (1, State.FIRING), ("0", State.RESOLVED), (0, State.RESOLVED)]
)
def test_a_status_is_a_text_or_a_number(status: Any, state: State) -> None:
    assert told(alarmStatus=status).state is state


def test_the_end_is_in_beijing_s_time() -> None:
    [event] = read(tencent_cloudmonitor, tencent_cloudmonitor.samples["resolved"].body)
    assert (event.started_at, event.ended_at) == (1_795_222_800.0, 1_795_224_000.0)


@pytest.mark.parametrize("nothing", ["0", 0, "", None])
def test_an_end_that_is_not_said_is_none(nothing: Any) -> None:
    assert told(alarmStatus="0", recoverTime=nothing).ended_at is None


def test_session_value_duration_and_names_are_not_the_problem() -> None:
    dimensions = {"objName": "renamed", "objId": "u-1", "unInstanceId": "ins-abc1"}  # and in another order
    conditions = BODY["alarmPolicyInfo"]["conditions"] | {"currentValue": "12", "calcValue": "95"}
    changed = within("alarmPolicyInfo", policyName="cpu of all", conditions=conditions)
    changed["alarmObjInfo"] = BODY["alarmObjInfo"] | {"dimensions": dimensions}
    [event] = read(tencent_cloudmonitor, changed | {"sessionId": "another", "durationTime": "0"})
    assert event.fingerprint() == told().fingerprint()


def test_two_topics_of_one_kafka_instance_are_two_problems() -> None:
    """They have one `objId`: the end of one must not end the other."""
    topics = [
        within("alarmObjInfo", dimensions={"objId": "ckafka-1", "objName": "ckafka-1", "topicid": f"topic-{number}"})
        for number in (1, 2)
    ]
    one, other = (read(tencent_cloudmonitor, body)[0].fingerprint() for body in topics)
    assert one != other


def test_two_metrics_of_one_object_are_two_problems() -> None:
    [memory] = read(tencent_cloudmonitor, within("alarmPolicyInfo", "conditions", metricName="mem_usage"))
    assert memory.fingerprint() != told().fingerprint()


def test_an_event_has_no_threshold_no_policy_s_id_and_no_object_s_id() -> None:
    [event] = read(tencent_cloudmonitor, tencent_cloudmonitor.samples["firing, event"].body)
    assert event.title == "hosts: ping不可达 on web-1"
    assert event.key == "hosts|ping_unreachable|unInstanceId=ins-7hw5"
    assert event.text == "alias: web-1\ndeviceLanIp: 10.0.0.5"


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        (Options(), Severity.ERROR),
        (Options(severity=Severity.WARNING), Severity.WARNING),
        (Options(policies={"cpu": Severity.CRITICAL}), Severity.CRITICAL),
        (Options(policies={"cpu": Severity.INFO, "policy-x1": Severity.CRITICAL}), Severity.CRITICAL),
        (Options(policies={"other": Severity.INFO}), Severity.ERROR),
    ],
)
def test_how_bad_it_is_says_the_configuration(options: Options, meant: Severity) -> None:
    assert told(options).severity is meant


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (BODY | {"alarmStatus": "2"}, "alarmStatus must be 1 (alarm) or 0 (recovered), not '2'"),
        (BODY | {"alarmStatus": True}, "alarmStatus must be 1 (alarm) or 0 (recovered), not 'true'"),
        (within("alarmPolicyInfo", conditions=None), "alarmPolicyInfo.conditions must be an object, not null"),
        ({"alarmStatus": "1"}, "alarmPolicyInfo is missing; there are alarmStatus"),
        (within("alarmPolicyInfo", conditions={}, policyName="", policyId=None), "nothing tells which problem it is"),
    ],
)
def test_what_is_no_alarm_is_refused_with_what_is_there(body: Any, sentence: str) -> None:
    with pytest.raises(HandlerError) as caught:
        read(tencent_cloudmonitor, body)
    assert sentence in str(caught.value)
