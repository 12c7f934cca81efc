"""Zabbix: what the media type of docs/sources/zabbix.md sends, each field the value of a macro."""

import re
from collections.abc import Iterator
from typing import Any

from daemon.errors import HandlerError
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.payload.fields import body_of, links_of, listing, mapping, text_of, those
from daemon.payload.once import over_at
from daemon.payload.stamps import instant
from daemon.payload.tags import labels_of
from daemon.registry import Sample, handler

_FIRING = b"""{"src": "zabbix", "eventid": "4711", "event_source": "0", "value": "1", "update": "0",
 "nseverity": "4", "severity": "High", "name": "Disk space is critically low on /data (used > 90%)",
 "opdata": "Space used: 96.1 GB of 100 GB (96.1 %)", "host": "db-1", "hostip": "10.0.0.7", "triggerid": "16203",
 "triggerdesc": "Two conditions should match.", "timestamp": "1795222803", "rtimestamp": "{EVENT.RECOVERY.TIMESTAMP}",
 "date": "2026.11.21", "time": "09:00:03", "rdate": "{EVENT.RECOVERY.DATE}", "rtime": "{EVENT.RECOVERY.TIME}",
 "ack": "No", "action": "{EVENT.UPDATE.ACTION}", "umsg": "{EVENT.UPDATE.MESSAGE}", "user": "{USER.FULLNAME}",
 "tags": "[{\\"tag\\":\\"scope\\",\\"value\\":\\"capacity\\"},{\\"tag\\":\\"team\\",\\"value\\":\\"db\\"}]",
 "duration": "0s", "subject": "Problem: Disk space is critically low on /data (used > 90%)", "message": "",
 "zurl": "https://zabbix.example.com"}"""
_RESOLVED = (
    _FIRING.replace(b'"value": "1"', b'"value": "0"')
    .replace(b'"{EVENT.RECOVERY.TIMESTAMP}"', b'"1795224003"')
    .replace(b'"{EVENT.RECOVERY.DATE}"', b'"2026.11.21"')
    .replace(b'"{EVENT.RECOVERY.TIME}"', b'"09:20:03"')
    .replace(b'"duration": "0s"', b'"duration": "20m"')
    .replace(b"96.1 GB of 100 GB (96.1 %)", b"61.2 GB of 100 GB (61.2 %)")
    .replace(b'"subject": "Problem:', b'"subject": "Resolved in 20m:')
)
_UPDATE = (
    _FIRING.replace(b'"update": "0"', b'"update": "1"')
    .replace(b'"ack": "No"', b'"ack": "Yes"')
    .replace(b'"{EVENT.UPDATE.ACTION}"', b'"acknowledged, commented"')
    .replace(b'"{EVENT.UPDATE.MESSAGE}"', b'"I am deleting old backups"')
    .replace(b'"{USER.FULLNAME}"', b'"Li Na"')
    .replace(b'"duration": "0s"', b'"duration": "5m"')
)
_DISCOVERY = b"""{"src": "zabbix", "eventid": "4890", "event_source": "2", "value": "{EVENT.VALUE}",
 "update": "{EVENT.UPDATE.STATUS}", "nseverity": "{EVENT.NSEVERITY}", "severity": "{EVENT.SEVERITY}",
 "name": "{EVENT.NAME}", "opdata": "{EVENT.OPDATA}", "host": "web-9", "hostip": "10.0.0.19",
 "triggerid": "{TRIGGER.ID}", "timestamp": "1795222803", "tags": "{EVENT.TAGSJSON}",
 "subject": "Autoregistration: web-9", "message": "Host name: web-9\\nHost IP: 10.0.0.19\\nAgent port: 10050",
 "zurl": "{$ZABBIX.URL}"}"""
_TEST = b"""{"src": "zabbix", "eventid": "{EVENT.ID}", "event_source": "{EVENT.SOURCE}", "value": "{EVENT.VALUE}",
 "update": "{EVENT.UPDATE.STATUS}", "nseverity": "{EVENT.NSEVERITY}", "name": "{EVENT.NAME}", "host": "{HOST.NAME}",
 "tags": "{EVENT.TAGSJSON}", "subject": "{ALERT.SUBJECT}", "message": "{ALERT.MESSAGE}", "zurl": "{$ZABBIX.URL}"}"""

_UNKNOWN = re.compile(r"\*UNKNOWN\*|\{[$#]?[A-Z][^{}]{0,200}\}|\{\{[A-Z][^{}]{0,200}\}[^{}]{0,200}\}")
_NEVER_RESOLVED = {"1": "Discovery", "2": "Autoregistration"}  # {EVENT.SOURCE}: these only tell of something
_STATES = {"1": State.FIRING, "0": State.RESOLVED}
_SEVERITIES = {
    "5": Severity.CRITICAL,  # disaster
    "4": Severity.ERROR,  # high
    "3": Severity.ERROR,  # average
    "2": Severity.WARNING,
    "1": Severity.INFO,  # information
    "0": Severity.INFO,  # not classified
}
_DEFAULTS = ("Problem: ", "Resolved in ", "Updated problem in ")  # what the subjects that Zabbix ships begin with


@handler(
    "zabbix",
    samples={
        "firing": Sample(body=_FIRING),
        "resolved": Sample(body=_RESOLVED),
        "update": Sample(body=_UPDATE),
        "autoregistration": Sample(body=_DISCOVERY),
        "test from the media type's page": Sample(body=_TEST),
    },
)
def zabbix(hook: Hook) -> Iterator[Event]:
    """A problem fires and its recovery, which carries the problem's own event id, resolves it."""
    said = {name: _given(value) for name, value in mapping(body_of(hook), "the body").items()}
    if not said.get("eventid"):
        yield _test(hook, said)
    elif said.get("event_source") in _NEVER_RESOLVED:
        yield _news(hook, said)
    else:
        yield _problem(hook.source, said)


def _given(value: object) -> str:
    """Return a field's text; a macro that Zabbix could not fill in counts as missing."""
    text = text_of(value).strip()
    return "" if _UNKNOWN.fullmatch(text) else text


def _problem(source: str, said: dict[str, str]) -> Event:
    state = _STATES.get(said.get("value", ""))
    if state is None:
        raise HandlerError(f"value must be 1 (problem) or 0 (OK), not {said.get('value', '')[:80]!r}; {those(said)}")
    name = said.get("name") or _without_beginning(said.get("subject", ""))
    if not name:
        raise HandlerError("neither name nor subject is filled in: there is nothing to tell")
    over = state is State.RESOLVED
    return Event(
        source=source,
        key=said["eventid"],
        state=state,
        severity=_SEVERITIES.get(said.get("nseverity", ""), Severity.ERROR),
        title=_with_host(name, said.get("host", "")),
        text=_text(said),
        labels=_labels(said, name),
        links=_links(said),
        started_at=instant(said.get("timestamp")),
        ended_at=instant(said.get("rtimestamp")) if over else None,
    )


def _news(hook: Hook, said: dict[str, str]) -> Event:
    """A host or service that was discovered: Zabbix will never say that it is over."""
    kind = _NEVER_RESOLVED[said["event_source"]]
    return Event(
        source=hook.source,
        key=f"{kind.lower()}|{said['eventid']}",
        severity=Severity.INFO,
        title=said.get("subject") or _with_host(kind, said.get("host", "")),
        text=said.get("message", ""),
        labels=_labels(said, kind),
        links=_links(said),
        started_at=instant(said.get("timestamp")),
        fires_until=over_at(hook),
    )


def _test(hook: Hook, said: dict[str, str]) -> Event:
    """The button "Test" of the media type fills in no macro at all; anything else without an id is a mistake."""
    if said.get("src") != "zabbix" or said.get("value") or said.get("triggerid"):
        raise HandlerError(f"eventid is missing or was not filled in: nothing tells which problem it is; {those(said)}")
    return Event(
        source=hook.source,
        key="test",
        severity=Severity.INFO,
        title=said.get("subject") or "Test of the media type tocsin",
        text=said.get("message", ""),
        labels={"alertname": "Test", "test": "true"},
        fires_until=over_at(hook),
    )


def _with_host(name: str, host: str) -> str:
    return name if not host or host in name else f"{name} on {host}"


def _without_beginning(subject: str) -> str:
    return subject.partition(": ")[2] if subject.startswith(_DEFAULTS) else subject


def _text(said: dict[str, str]) -> str:
    """Who did what to the problem, then the action's message; where that is empty, the measured and its description."""
    did = " ".join(filter(None, (said.get("user"), said.get("action"))))
    update = ": ".join(filter(None, (did, said.get("umsg")))) if said.get("update") == "1" else ""
    told = [said["message"]] if said.get("message") else [said.get("opdata"), said.get("triggerdesc")]
    return "\n".join(filter(None, (update, *told)))


def _labels(said: dict[str, str], name: str) -> dict[str, str]:
    """The event's tags, and where it comes from."""
    tags: list[Any] = [tag for tag in listing(said.get("tags")) if isinstance(tag, dict)]
    labels = labels_of((text_of(tag.get("tag")).strip(), text_of(tag.get("value")).strip()) for tag in tags)
    own = {
        "alertname": name,
        "host": said.get("host"),
        "ip": said.get("hostip"),
        "trigger": said.get("triggerid"),
    }
    return labels | {label: value for label, value in own.items() if value}


def _links(said: dict[str, str]) -> dict[str, str]:
    """The event's page, where the macro {$ZABBIX.URL} says where Zabbix's pages are."""
    base, trigger = said.get("zurl", "").rstrip("/"), said.get("triggerid")
    if not base or not trigger:
        return links_of(zabbix=base)
    return links_of(zabbix=f"{base}/tr_events.php?triggerid={trigger}&eventid={said['eventid']}")
