"""Tencent Cloud Monitor: one event per callback of an alarm policy, for a metric or an event."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from daemon.errors import HandlerError
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.payload.fields import body_of, mapping, member, text_of
from daemon.payload.stamps import instant
from daemon.registry import Sample, handler

_FIRING = b"""{"sessionId": "s-77ab", "alarmStatus": "1", "alarmType": "metric",
 "alarmObjInfo": {"region": "gz", "namespace": "qce/cvm", "appId": "1250000001", "uin": "100001",
  "dimensions": {"unInstanceId": "ins-abc1", "objId": "u-1", "objName": "10.0.0.5#1"}},
 "alarmPolicyInfo": {"policyId": "policy-x1", "policyType": "cvm_device", "policyName": "cpu",
  "policyTypeCName": "CVM basic",
  "conditions": {"metricName": "cpu_usage", "metricShowName": "CPU usage", "calcType": ">", "calcValue": "90",
   "calcUnit": "%", "currentValue": "98", "historyValue": "5", "unit": "%", "period": "60", "periodNum": "1",
   "alarmNotifyType": "continuousAlarm", "alarmNotifyPeriod": 300}},
 "firstOccurTime": "2026-11-21 09:00:00", "durationTime": 500, "recoverTime": "0"}"""
_RESOLVED = (
    _FIRING.replace(b'"alarmStatus": "1"', b'"alarmStatus": "0"')
    .replace(b"s-77ab", b"s-90cd")  # another: it names one message, or one try, and not the problem
    .replace(b'"currentValue": "98"', b'"currentValue": "12"')
    .replace(b'"durationTime": 500', b'"durationTime": "1200"')
    .replace(b'"recoverTime": "0"', b'"recoverTime": "2026-11-21 09:20:00"')
)
_NUMBERS = _FIRING.replace(b'"alarmStatus": "1"', b'"alarmStatus": 1').replace(
    b'"recoverTime": "0"', b'"recoverTime": 0'
)
_EVENT = """{"sessionId": "s-31ef", "alarmStatus": "1", "alarmType": "event",
 "alarmObjInfo": {"region": "hk", "dimensions": {"unInstanceId": "ins-7hw5", "deviceName": "web-1",
  "objDetail": {"deviceLanIp": "10.0.0.5", "uniqVpcId": "vpc-lfvj"}}},
 "alarmPolicyInfo": {"policyType": "cvm_device", "policyName": "hosts", "policyTypeCName": "云服务器-基础监控",
  "conditions": {"productName": "cvm", "productShowName": "云服务器", "eventName": "ping_unreachable",
   "eventShowName": "ping不可达", "alarmNotifyType": "singleAlarm", "alarmNotifyPeriod": ""}},
 "additionalMsg": [{"key": "alias", "value": "web-1"}, {"key": "deviceLanIp", "value": "10.0.0.5"}],
 "firstOccurTime": "2026-11-21 09:00:00", "durationTime": 0, "recoverTime": "0"}""".encode()
_EVENT_OVER = _EVENT.replace(b'"alarmStatus": "1"', b'"alarmStatus": "0"').replace(
    b'"recoverTime": "0"', b'"recoverTime": "2026-11-21 09:20:00"'
)

_STATES = {"1": State.FIRING, "0": State.RESOLVED}
_BEIJING = "+08:00"  # of times without a zone
_NAMES = frozenset(("objName", "objDetail", "deviceName"))  # what a resource is called does not say which one it is


def _doc(text: str) -> dict[str, Any]:
    return {"doc": text}


@dataclass(frozen=True, kw_only=True)
class Options:
    """How bad this source's alarms are: their bodies do not say."""

    severity: Severity = field(default=Severity.ERROR, metadata=_doc("how bad an alarm of any other policy is"))
    policies: dict[str, Severity] = field(
        default_factory=dict, metadata=_doc("a policy's id or name -> how bad its alarms are")
    )


@handler(
    "tencent_cloudmonitor",
    options=Options,
    samples={
        "firing": Sample(body=_FIRING),
        "resolved": Sample(body=_RESOLVED),
        "firing, status as number": Sample(body=_NUMBERS),
        "resolved, status as number": Sample(body=_RESOLVED.replace(b'"alarmStatus": "0"', b'"alarmStatus": 0')),
        "firing, event": Sample(body=_EVENT),
        "resolved, event": Sample(body=_EVENT_OVER),
    },
)
def tencent_cloudmonitor(hook: Hook) -> Iterator[Event]:
    """A policy fires for each of its objects and metrics by itself; how bad that is says the source's configuration."""
    body = mapping(body_of(hook), "the body")
    policy = mapping(member(body, "alarmPolicyInfo"), "alarmPolicyInfo")
    thing = mapping(member(body, "alarmObjInfo"), "alarmObjInfo")
    conditions = mapping(member(policy, "conditions", "alarmPolicyInfo."), "alarmPolicyInfo.conditions")
    dimensions = mapping(member(thing, "dimensions", "alarmObjInfo."), "alarmObjInfo.dimensions")
    state = _state(body)
    what = _first(conditions, "metricName", "eventName", "metricShowName", "eventShowName")
    name = _first(policy, "policyName", "policyId")
    if not what and not name:
        raise HandlerError("neither a metric, an event nor a policy is named: nothing tells which problem it is")
    options = hook.options if isinstance(hook.options, Options) else Options()
    yield Event(
        source=hook.source,
        key=_key(policy, dimensions, what),
        state=state,
        severity=_severity(options, policy),
        title=_title(name, conditions, dimensions),
        text=_text(body, conditions),
        labels=_labels(thing, policy, dimensions, what),
        started_at=instant(body.get("firstOccurTime"), _BEIJING),
        ended_at=instant(body.get("recoverTime"), _BEIJING) if state is State.RESOLVED else None,
    )


def _first(of: dict[str, Any], *names: str) -> str:
    return next((text for name in names if (text := text_of(of.get(name)).strip())), "")


def _state(body: dict[str, Any]) -> State:
    said = text_of(member(body, "alarmStatus")).strip()
    state = _STATES.get(said)
    if state is None:
        raise HandlerError(f"alarmStatus must be 1 (alarm) or 0 (recovered), not {said[:80]!r}")
    return state


def _key(policy: dict[str, Any], dimensions: dict[str, Any], what: str) -> str:
    """The policy, the metric or event, and every dimension: `objId` alone is the instance of two Kafka topics."""
    which = sorted((name, text_of(value)) for name, value in dimensions.items() if name not in _NAMES)
    return "|".join((_first(policy, "policyId", "policyName"), what, *(f"{name}={text}" for name, text in which)))


def _severity(options: Options, policy: dict[str, Any]) -> Severity:
    for name in ("policyId", "policyName"):
        if level := options.policies.get(text_of(policy.get(name))):
            return level
    return options.severity


def _title(name: str, conditions: dict[str, Any], dimensions: dict[str, Any]) -> str:
    """The policy, what is wrong by its rule, and with what: `cpu: CPU usage > 90% on 10.0.0.5#1`."""
    what = _first(conditions, "metricShowName", "eventShowName", "metricName", "eventName")
    limit = _first(conditions, "calcValue")
    rule = f" {_first(conditions, 'calcType') or '='} {limit}{_first(conditions, 'calcUnit', 'unit')}" if limit else ""
    where = _first(dimensions, "objName", "deviceName", "objId", "unInstanceId")
    said = ": ".join(filter(None, (name, what + rule)))
    return f"{said} on {where}" if where else said


def _text(body: dict[str, Any], conditions: dict[str, Any]) -> str:
    """The value now, for how long, and what else Tencent tells of an event."""
    value, seconds = _first(conditions, "currentValue"), _first(body, "durationTime")
    given = body.get("additionalMsg")
    more = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    lines = [
        f"now {value}{_first(conditions, 'unit', 'calcUnit')}" if value else "",
        f"for {seconds} s" if seconds not in ("", "0") else "",
        *(": ".join(filter(None, (_first(one, "key"), _first(one, "value")))) for one in more),
    ]
    return "\n".join(filter(None, lines))


def _labels(thing: dict[str, Any], policy: dict[str, Any], dimensions: dict[str, Any], what: str) -> dict[str, str]:
    """The dimensions, as Tencent names them, and where the alarm comes from."""
    own = {
        "alertname": _first(policy, "policyName") or what,
        "metric": what,
        "policy": _first(policy, "policyId"),
        "policy_type": _first(policy, "policyType"),
        "namespace": _first(thing, "namespace"),
        "region": _first(thing, "region"),
        "account": _first(thing, "uin"),
    }
    found = {name: text_of(value) for name, value in dimensions.items() if not isinstance(value, dict | list)}
    return {name: value for name, value in (found | own).items() if value}
