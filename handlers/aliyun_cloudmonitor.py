"""Aliyun CloudMonitor: the form that an alarm rule posts, and the JSON that a system event does."""

import re
from collections.abc import Iterator
from typing import Any

from daemon.errors import HandlerError
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.payload.fields import body_of, mapping, text_of, those, unpacked
from daemon.payload.once import over_at
from daemon.payload.stamps import instant
from daemon.payload.words import severity
from daemon.registry import Sample, handler

_FORM = "application/x-www-form-urlencoded; charset=UTF-8"
_FIRING = (
    b"expression=%24Average%3E%3D90&metricName=cpu_total&instanceName=web-1&signature=AbC%3D"
    b"&metricProject=acs_ecs_dashboard&userId=100200300&curValue=97.3&alertName=cpu-high&namespace=acs_ecs_dashboard"
    b"&triggerLevel=WARN&alertState=ALERT&preTriggerLevel=null&ruleId=rule-77"
    b"&dimensions=%7BuserId%3D100200300%2C+instanceId%3Di-abc%7D&timestamp=1795222800123"
    b"&lastTime=2%E5%88%86%E9%92%9F&rawMetricName=cpu_total&transId=2e0a0647&groupId=null&regionId=cn-hangzhou"
    b"&regionName=%E5%8D%8E%E4%B8%9C1&productGroupName=null&unit=%25"
)
_RESOLVED = (
    _FIRING.replace(b"alertState=ALERT", b"alertState=OK")
    .replace(b"preTriggerLevel=null", b"preTriggerLevel=WARN")
    .replace(b"&triggerLevel=WARN", b"&triggerLevel=OK")
    .replace(b"curValue=97.3", b"curValue=12.5")
    .replace(b"1795222800123", b"1795224000456")
    .replace(b"%7BuserId%3D100200300%2C+instanceId%3Di-abc%7D", b"%7BinstanceId%3Di-abc%2C+userId%3D100200300%7D")
)
_NO_DATA = _FIRING.replace(b"alertState=ALERT", b"alertState=INSUFFICIENT_DATA").replace(
    b"curValue=97.3", b"curValue=null"
)
_OLD = (
    b"expression=%24Average%3E%3D95&metricName=Host.mem.usedutilization&instanceName=web-1&signature=eEq1zHuC%3D"
    b"&metricProject=acs_ecs&userId=100200300&curValue=97.39&alertName=memory&namespace=acs_ecs&triggerLevel=CRITICAL"
    b"&alertState=ALARM&preTriggerLevel=WARN&ruleId=rule-78"
    b"&dimensions=%5B%7B%22userId%22%3A%22100200300%22%2C%22instanceId%22%3A%22i-abc%22%7D%5D&timestamp=1795222800"
)
_OLD_OVER = _OLD.replace(b"alertState=ALARM", b"alertState=OK").replace(
    b"&timestamp=1795222800", b"&timestamp=1795224000"
)
_EVENT = b"""{"product": "ECS", "name": "Instance:SystemFailure.Reboot:Executing", "level": "CRITICAL",
 "status": "Executing", "instanceName": "web-1", "resourceId": "acs:ecs:cn-hangzhou:100200300:instance/i-abc",
 "regionId": "cn-hangzhou", "userId": "100200300", "eventTime": "20261121T090000.123+0800", "time": 1795222800123,
 "traceId": "B5D1-77", "ver": "1.0", "id": "evt-1",
 "content": {"ecsInstanceId": "i-abc", "eventId": "e-bp1a", "eventType": "SystemFailure.Reboot"}}"""
_EVENT_OVER = (
    _EVENT.replace(b"Executing", b"Executed").replace(b"1795222800123", b"1795224000123").replace(b"evt-1", b"evt-2")
)

_STATES = {
    "ALERT": State.FIRING,
    "ALARM": State.FIRING,  # in older rules
    "INSUFFICIENT_DATA": State.FIRING,
    "OK": State.RESOLVED,
}
_ENDS = frozenset(("executed", "avoided", "canceled", "cancelled", "normal", "recovered", "resolved"))
_NO_LEVEL = frozenset(("", "OK"))
# `{k=v, k=v}`: a value may hold commas and equals signs; a comma ends it where a name and an equals sign follow.
_PAIR = re.compile(r",\s{0,8}(?=[A-Za-z_][\w.-]{0,99}=)")
_MOST = 8_000  # characters of dimensions
_IN_TITLE = 80  # characters of an instance's name; longer ones are descriptions


@handler(
    "aliyun_cloudmonitor",
    samples={
        "firing": Sample(body=_FIRING, content_type=_FORM),
        "resolved": Sample(body=_RESOLVED, content_type=_FORM),
        "no data": Sample(body=_NO_DATA, content_type=_FORM),
        "firing, old format": Sample(body=_OLD, content_type=_FORM),
        "resolved, old format": Sample(body=_OLD_OVER, content_type=_FORM),
        "firing, system event": Sample(body=_EVENT),
        "resolved, system event": Sample(body=_EVENT_OVER),
    },
)
def aliyun_cloudmonitor(hook: Hook) -> Iterator[Event]:
    """A rule fires for each of its resources by itself; a system event fires until it is executed or avoided."""
    body = mapping(body_of(hook), "the body")
    said = {name: _given(value) for name, value in body.items()}
    if "alertState" in body:
        yield _alarm(hook.source, said, _dimensions(body.get("dimensions")))
    elif said.get("product") and said.get("name"):
        yield _system(hook, said, body.get("content"))
    else:
        raise HandlerError(f"neither alertState (a rule's alarm) nor product and name (a system event); {those(body)}")


def _given(value: object) -> str:
    """Return a field's text; CloudMonitor writes what is not there as the word null."""
    text = text_of(value).strip()
    return "" if text == "null" else text


def _alarm(source: str, said: dict[str, str], dimensions: dict[str, str]) -> Event:
    state = _STATES.get(said["alertState"].upper())
    if state is None:
        raise HandlerError(f"alertState must be {', '.join(_STATES)}, not {said['alertState'][:80]!r}")
    name = said.get("alertName") or said.get("metricName")
    if not name:
        raise HandlerError(f"neither alertName nor metricName is given; {those(said)}")
    blind = said["alertState"].upper() == "INSUFFICIENT_DATA"
    when = instant(said.get("timestamp"))
    first = said.get("preTriggerLevel", "") in _NO_LEVEL  # a repetition names the level before it
    return Event(
        source=source,
        key=_key(said, dimensions),
        state=state,
        severity=_severity(said, Severity.WARNING if blind else Severity.ERROR),
        title=("No data: " if blind else "") + _with(name, said.get("instanceName", "")),
        text=_text(said),
        labels=_labels(said, name, dimensions),
        started_at=when if state is State.FIRING and first else None,
        ended_at=when if state is State.RESOLVED else None,
    )


def _key(said: dict[str, str], dimensions: dict[str, str]) -> str:
    """The rule and the resource, in whatever order its dimensions are written."""
    rule = said.get("ruleId") or "|".join(
        said.get(name, "") for name in ("userId", "namespace", "metricName", "alertName")
    )
    return "|".join((rule, *(f"{name}={value}" for name, value in sorted(dimensions.items()))))


def _dimensions(value: object) -> dict[str, str]:
    """Read `{k=v, k=v}`, which Java makes of a map; an older rule sends an object, or a list of one, as JSON."""
    if isinstance(value, str):
        text = value.strip()
        read = unpacked(text) if len(text) <= _MOST else {"dimensions": text}
        if not isinstance(read, dict | list):
            pairs = (pair.partition("=") for pair in _PAIR.split(text.removeprefix("{").removesuffix("}")))
            read = {name.strip(): of.strip() for name, equals, of in pairs if equals}
            if not read and _given(text):
                read = {"dimensions": text}  # of a shape nobody knows: it still tells one resource from another
        value = read
    found: dict[str, str] = {}
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, dict):
            found |= {name: text for name, one in part.items() if name and (text := _given(one))}
    return found


def _severity(said: dict[str, str], default: Severity) -> Severity:
    """The level of this alarm; of one that is over, the level that it had."""
    levels = (said.get("triggerLevel", ""), said.get("preTriggerLevel", ""))
    return severity([level for level in levels if level.upper() not in _NO_LEVEL], default)


def _with(name: str, instance: str) -> str:
    return name if not instance or instance in name or len(instance) > _IN_TITLE else f"{name} on {instance}"


def _text(said: dict[str, str]) -> str:
    """What was measured where, the rule, the value, and for how long."""
    what = " of ".join(filter(None, (said.get("metricName"), said.get("instanceName"))))
    rule = " ".join(filter(None, (what, said.get("expression"))))
    value = said.get("curValue")
    now = f"now {value}{said.get('unit', '')}" if value else ""
    since = f"for {said['lastTime']}" if said.get("lastTime") else ""
    return ", ".join(filter(None, (rule, now, since)))


def _labels(said: dict[str, str], name: str, dimensions: dict[str, str]) -> dict[str, str]:
    """The dimensions, the labels that the rule was given, and where it comes from."""
    own = {
        "alertname": name,
        "instance": said.get("instanceName"),
        "metric": said.get("rawMetricName") or said.get("metricName"),
        "namespace": said.get("namespace") or said.get("metricProject"),
        "region": said.get("regionId"),
        "group": said.get("productGroupName") or said.get("groupId"),
        "account": said.get("userId"),
        "rule": said.get("ruleId"),
    }
    custom = _dimensions(said.get("customLabels"))
    return dimensions | custom | {label: value for label, value in own.items() if value}


def _system(hook: Hook, said: dict[str, str], content: Any) -> Event:
    """A system event; one that has no status tells of something that has happened, and is told once."""
    more = content if isinstance(content, dict) else unpacked(content) if isinstance(content, str) else None
    details = more if isinstance(more, dict) else {}
    over = said.get("status", "").casefold() in _ENDS
    when = instant(said.get("time"))
    name = said["name"].removesuffix(f":{said['status']}") if said.get("status") else said["name"]
    resource = said.get("instanceName") or said.get("resourceId", "").rpartition("/")[2]
    labels = {
        "alertname": name,
        "instance": resource,
        "product": said["product"],
        "region": said.get("regionId"),
        "account": said.get("userId"),
        "resource": said.get("resourceId"),
    }
    return Event(
        source=hook.source,
        key="|".join(("event", name, _given(details.get("eventId")) or said.get("resourceId") or said.get("id", ""))),
        state=State.RESOLVED if over else State.FIRING,
        severity=severity([said.get("level")]),
        title=_with(f"{said['product']}: {name}", resource),
        text=said.get("content", ""),
        labels={label: value for label, value in labels.items() if value},
        started_at=None if over else when,
        ended_at=when if over else None,
        fires_until=None if over or said.get("status") else over_at(hook),
    )
