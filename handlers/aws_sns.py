"""AWS SNS: CloudWatch alarms, and whatever else is published to a topic; each message's signature is checked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import msgspec

from daemon.errors import HandlerError
from daemon.event import Event, Severity, State
from daemon.hook import Hook, Outside
from daemon.payload import sns
from daemon.payload.fields import text_of
from daemon.payload.stamps import instant
from daemon.registry import Sample, handler

_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?", re.ASCII)

_ARN = "arn:aws:sns:eu-west-1:111122223333:ops"
_ALARM = {
    "AlarmName": "cpu",
    "AlarmDescription": "web-3 is busy",
    "AWSAccountId": "111122223333",
    "AlarmConfigurationUpdatedTimestamp": "2026-11-01T08:00:00.000+0000",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed: 1 datapoint [97.1 (21/11/26 00:55:00)] was greater than the threshold.",
    "StateChangeTime": "2026-11-21T01:00:00.123+0000",
    "Region": "EU (Ireland)",
    "AlarmArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:cpu",
    "OldStateValue": "OK",
    "OKActions": [_ARN],
    "AlarmActions": [_ARN],
    "InsufficientDataActions": [],
    "Trigger": {
        "MetricName": "CPUUtilization",
        "Namespace": "AWS/EC2",
        "StatisticType": "Statistic",
        "Statistic": "AVERAGE",
        "Unit": None,
        "Dimensions": [{"value": "i-0123456789abcdef0", "name": "InstanceId"}],
        "Period": 300,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 90.0,
        "TreatMissingData": "missing",
        "EvaluateLowSampleCountPercentile": "",
    },
}
_OVER = _ALARM | {
    "NewStateValue": "OK",
    "OldStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed: 1 datapoint [12.0 (21/11/26 01:15:00)] was not greater than the threshold.",
    "StateChangeTime": "2026-11-21T01:20:00.456+0000",
}


def _sample(message: str, subject: str, number: int = 1, **other: str) -> Sample:
    body = {
        "Type": "Notification",
        "MessageId": f"22b80b92-fdea-4c2c-8f9d-bdfb0c7bf32{number}",
        "TopicArn": _ARN,
        "Subject": subject,
        "Message": message,
        "Timestamp": "2026-11-21T01:00:00.456Z",
        "SignatureVersion": "2",
        "Signature": "EXAMPLEpH+…==",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "UnsubscribeURL": f"https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={_ARN}:c9135db0",
    } | other
    return Sample(
        body=msgspec.json.encode(body),
        content_type="text/plain; charset=UTF-8",
        headers={"x-amz-sns-message-type": body["Type"], "x-amz-sns-topic-arn": _ARN},
    )


def _topics(topic: str) -> None:
    if not _TOPIC.fullmatch(topic):
        raise ValueError("is no topic: write its ARN, such as arn:aws:sns:eu-west-1:111122223333:ops")


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which topics may speak here."""

    topics: tuple[str, ...] = field(
        metadata={"doc": "ARNs of the topics that are expected; all others are refused", "least": 1, "check": _topics}
    )
    severity: Severity = field(
        default=Severity.ERROR, metadata={"doc": "how bad an alarm is, which CloudWatch does not say"}
    )


def admit(hook: Hook, outside: Outside) -> None:
    """Let only signed messages of the expected topics in; accept the subscription where one asks for that."""
    sns.admit(hook, _options(hook).topics, outside)


def delivery(hook: Hook) -> str:
    """SNS keeps a message's id when it sends it again."""
    return sns.field(sns.message(hook), "MessageId")


@handler(
    "aws_sns",
    options=Options,
    sample_options=Options(topics=(_ARN,)),
    admit=admit,
    delivery=delivery,
    hides=("UnsubscribeURL",),
    samples={
        "firing": _sample(msgspec.json.encode(_ALARM).decode(), 'ALARM: "cpu" in EU (Ireland)'),
        "resolved": _sample(msgspec.json.encode(_OVER).decode(), 'OK: "cpu" in EU (Ireland)', 2),
        "a text": _sample("The nightly import did not run.", "Import", 3),
    },
)
def aws_sns(hook: Hook) -> Iterator[Event]:
    """A CloudWatch alarm is a problem under its ARN; any other message is one under topic and subject."""
    body = sns.message(hook)
    topic = sns.field(body, "TopicArn")
    if body["Type"] != "Notification":
        yield _subscription(hook, body, topic)
        return
    message = sns.field(body, "Message")
    alarm = _parsed(message)
    if "AlarmName" in alarm and "NewStateValue" in alarm:
        yield _cloudwatch(hook, alarm, topic)
    else:
        yield _anything(hook, body, message, topic)


def _options(hook: Hook) -> Options:
    if not isinstance(hook.options, Options):
        raise HandlerError("this source does not say which topics are expected")
    return hook.options


def _parsed(message: str) -> dict[str, Any]:
    """What a message says that is JSON; any other is a text."""
    if not message.lstrip().startswith("{"):
        return {}
    try:
        found = msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _cloudwatch(hook: Hook, alarm: dict[str, Any], topic: str) -> Event:
    """`OK` is over; `ALARM` fires, and so does `INSUFFICIENT_DATA`, as a warning: it is blind."""
    name, word = text_of(alarm["AlarmName"]), text_of(alarm["NewStateValue"])
    if word not in ("OK", "ALARM", "INSUFFICIENT_DATA"):
        raise HandlerError(f"Message.NewStateValue must be OK, ALARM or INSUFFICIENT_DATA, not {word[:80]!r}")
    blind = word == "INSUFFICIENT_DATA"
    state = State.RESOLVED if word == "OK" else State.FIRING
    when = instant(alarm.get("StateChangeTime"))
    arn = text_of(alarm.get("AlarmArn"))
    region = arn.split(":")[3] if arn.count(":") >= 6 else ""  # noqa: PLR2004 - arn:aws:cloudwatch:region:account:alarm:name
    return Event(
        source=hook.source,
        key=arn or f"{text_of(alarm.get('AWSAccountId'))}|{text_of(alarm.get('Region'))}|{name}",
        state=state,
        severity=Severity.WARNING if blind else _options(hook).severity,
        title=f"No data: {name}" if blind else name,
        text="\n".join(filter(None, (text_of(alarm.get("AlarmDescription")), text_of(alarm.get("NewStateReason"))))),
        labels=_labels(alarm, topic) | ({"region": region} if region else {}),
        links=_console(arn, region, name),
        started_at=when if state is State.FIRING else None,
        ended_at=when if state is State.RESOLVED else None,
    )


def _labels(alarm: dict[str, Any], topic: str) -> dict[str, str]:
    trigger = alarm.get("Trigger")
    trigger = trigger if isinstance(trigger, dict) else {}
    dimensions = trigger.get("Dimensions")
    found: dict[str, str] = {}
    for one in dimensions if isinstance(dimensions, list) else []:
        if isinstance(one, dict) and (name := text_of(one.get("name"))):
            found[name] = text_of(one.get("value"))
    own = {
        "alertname": text_of(alarm["AlarmName"]),
        "account": text_of(alarm.get("AWSAccountId")),
        "namespace": text_of(trigger.get("Namespace")),
        "metric": text_of(trigger.get("MetricName")),
        "topic": topic.rpartition(":")[2],
    }
    return {name: value for name, value in (found | own).items() if value}


def _console(arn: str, region: str, name: str) -> dict[str, str]:
    """Where a person looks at the alarm."""
    if not region or not re.fullmatch(r"[a-z0-9-]+", region):
        return {}
    home = "console.amazonaws.cn" if arn.startswith("arn:aws-cn:") else "console.aws.amazon.com"
    alarm = quote(name.encode("utf-8", "replace"), safe="")
    return {"alarm": f"https://{home}/cloudwatch/home?region={region}#alarmsV2:alarm/{alarm}"}


def _anything(hook: Hook, body: dict[str, Any], message: str, topic: str) -> Event:
    """Whatever was published: nobody will say that it is over."""
    subject = text_of(body.get("Subject")).strip()
    first = next(filter(None, map(str.strip, message.splitlines())), "")
    name = topic.rpartition(":")[2]
    return Event(
        source=hook.source,
        key=f"{topic}|{subject or first[:200]}",
        severity=_options(hook).severity,
        title=subject or first or f"A message of {name}",
        text=message,
        labels={"alertname": subject or name, "topic": name},
        started_at=instant(body.get("Timestamp")),
    )


def _subscription(hook: Hook, body: dict[str, Any], topic: str) -> Event:
    """Somebody ended the subscription: from here on this topic is silent, which nobody else would tell."""
    name = topic.rpartition(":")[2]
    begins = body["Type"] == "SubscriptionConfirmation"
    when = instant(body.get("Timestamp"))
    return Event(
        source=hook.source,
        key=f"{topic}|unsubscribed",
        state=State.RESOLVED if begins else State.FIRING,
        severity=Severity.WARNING,
        title=f"SNS sends no more alarms of {name}: the subscription was ended",
        text=f"{topic} says: {text_of(body.get('Message'))}",
        labels={"alertname": "unsubscribed", "topic": name},
        started_at=None if begins else when,
        ended_at=when if begins else None,
    )
