"""Datadog monitors: the payload that docs/sources/datadog.md gives to paste, and the one Datadog sends by default."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from daemon.errors import HandlerError
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.payload.fields import body_of, links_of, mapping, text_of, those
from daemon.payload.once import over_at
from daemon.payload.stamps import instant
from daemon.payload.tags import labels_of
from daemon.payload.words import severity
from daemon.registry import Sample, handler

_CUSTOM = b"""{"src": "datadog", "v": 1, "id": "7300000000000000001", "alert_id": "51234567",
 "cycle": "8812345678901234567", "aggreg": "9f3d2c1b0a", "transition": "Triggered", "alert_type": "error",
 "priority": "P2", "title": "[Triggered on {host:web-7}] Disk almost full",
 "event_title": "[P2] [Triggered on {host:web-7}] Disk almost full",
 "text": "Less than 5% left on /data. @webhook-tocsin", "status": "min(last_5m) of disk.free was 4.1",
 "scope": "host:web-7", "metric": "system.disk.free", "query": "min(last_5m):min:system.disk.free{*} by {host} < 5",
 "host": "web-7", "tags": "env:it,host:web-7,team:db,team:ops,monitor",
 "link": "https://app.datadoghq.com/event/event?id=7300000000000000001",
 "snapshot": "https://p.datadoghq.com/snapshot/7.png", "date": "1795222800000", "updated": "1795222800000",
 "event_type": "query_alert_monitor", "org": "123456"}"""
_CUSTOM_OVER = (
    _CUSTOM.replace(b"Triggered", b"Recovered")
    .replace(b"7300000000000000001", b"7300000000000000002")
    .replace(b'"error"', b'"success"')
    .replace(b"1795222800000", b"1795224000000")
)
_DEFAULT = b"""{"body": "%%%\\nLess than 5% left on /data. @webhook-tocsin\\n%%%", "last_updated": "1795222800000",
 "event_type": "query_alert_monitor", "title": "[P2] [Triggered on {host:web-7}] Disk almost full",
 "date": "1795222800000", "org": {"id": "123456", "name": "Example"}, "id": "7300000000000000001"}"""
_DEFAULT_OVER = (
    _DEFAULT.replace(b"Triggered", b"Recovered")
    .replace(b"7300000000000000001", b"7300000000000000002")
    .replace(b"1795222800000", b"1795224000000")
)
_FORM_TYPE = "application/x-www-form-urlencoded"
_FORM = (
    b"src=datadog&v=1&alert_id=51234567&cycle=8812345678901234567&transition=Triggered&alert_type=error&priority="
    b"&title=%5BTriggered+on+%7Bhost%3Aweb-7%7D%5D+Disk+almost+full&scope=host%3Aweb-7&host=web-7&snapshot=%24SNAPSHOT"
    b"&tags=env%3Ait%2Chost%3Aweb-7%2Cmonitor&date=1795222800000"
)

# What a transition means; those that begin with "re" tell of a problem already told of.
_TRANSITIONS = {
    "triggered": State.FIRING,
    "retriggered": State.FIRING,
    "warn": State.FIRING,
    "rewarn": State.FIRING,
    "nodata": State.FIRING,
    "renodata": State.FIRING,
    "renotify": State.FIRING,
    "renotified": State.FIRING,
    "recovered": State.RESOLVED,
}
_BEGINNINGS = {"triggered", "warn", "nodata"}
_TITLE = re.compile(
    r"(?P<before>(?:\[(?:P[1-5]|TEST)\]\s*)*)"
    r"\[(?P<transition>[A-Za-z][A-Za-z -]{2,15}?)(?:\s+on\s+\{(?P<scope>.*?)\})?\]\s*(?P<name>.*)",
    re.DOTALL,
)
_PRIORITY = re.compile(r"\[(P[1-5])\]")
_NOT_FILLED_IN = re.compile(r"\$[A-Z][A-Z0-9_]*(?:\[[^\]]*\])?")
_MAX_TITLE = 2_000  # the title is searched; what is longer is no title
_MAX_TAGS = 1_000
_PRIORITIES = {
    "P1": Severity.CRITICAL,
    "P2": Severity.CRITICAL,
    "P3": Severity.WARNING,
    "P4": Severity.INFO,
    "P5": Severity.INFO,
}


class _Title(msgspec.Struct, frozen=True, kw_only=True):
    """What Datadog writes before a monitor's name: `[P2] [Triggered on {host:web-7}] Disk almost full`."""

    name: str
    transition: str = ""
    priority: str = ""
    scope: str = ""
    test: bool = False


@handler(
    "datadog",
    samples={
        "firing": Sample(body=_CUSTOM),
        "resolved": Sample(body=_CUSTOM_OVER),
        "firing, default payload": Sample(body=_DEFAULT),
        "resolved, default payload": Sample(body=_DEFAULT_OVER),
        "firing, encoded as form": Sample(body=_FORM, content_type=_FORM_TYPE),
        "resolved, encoded as form": Sample(
            body=_FORM.replace(b"Triggered", b"Recovered").replace(b"error", b"success"), content_type=_FORM_TYPE
        ),
    },
)
def datadog(hook: Hook) -> Iterator[Event]:
    """One event per request; what the payload does not say is taken from the title's prefix."""
    body = mapping(body_of(hook), "the body")
    title = _title(_given(body, "title") or _given(body, "event_title"))
    transition = _transition(body, title)
    state = _TRANSITIONS[transition]
    when = instant(_given(body, "date"))
    scope = _given(body, "scope") or title.scope
    yield Event(
        source=hook.source,
        key=_key(body, title, scope),
        state=state,
        severity=_severity(body, title, transition),
        title=title.name,
        text=_text(body),
        labels=_labels(body, title, scope),
        links=links_of(event=_given(body, "link"), snapshot=_given(body, "snapshot")),
        started_at=when if transition in _BEGINNINGS else None,
        ended_at=when if state is State.RESOLVED else None,
        fires_until=over_at(hook) if title.test and state is State.FIRING else None,
    )


def _given(body: dict[str, Any], name: str) -> str:
    """Return a field's text; a variable that Datadog left unfilled (`$SNAPSHOT`) counts as missing."""
    text = text_of(body.get(name)).strip()
    return "" if _NOT_FILLED_IN.fullmatch(text) else text


def _title(text: str) -> _Title:
    match = _TITLE.fullmatch(text) if len(text) <= _MAX_TITLE else None
    if not match or _word(match["transition"]) not in _TRANSITIONS:
        return _Title(name=text)
    priority = _PRIORITY.search(match["before"])
    return _Title(
        name=match["name"] or text,
        transition=match["transition"],
        priority=priority[1] if priority else "",
        scope=match["scope"] or "",
        test="TEST" in match["before"],
    )


def _word(transition: str) -> str:
    return transition.lower().replace(" ", "").replace("-", "")


def _transition(body: dict[str, Any], title: _Title) -> str:
    """Believe the transition, then the title's prefix, then the alert type; a bare title is an alarm too."""
    said = _given(body, "transition")
    for word in (_word(said), _word(title.transition)):
        if word in _TRANSITIONS:
            return word
    if said and _word(said) != "null":
        raise HandlerError(f"transition {said[:80]!r} is not one of Datadog's, and the title does not tell")
    alert_type = _given(body, "alert_type").lower()
    if not title.name and not alert_type:
        raise HandlerError(f"neither transition, title nor alert_type is given; {those(body)}")
    return "recovered" if alert_type == "success" else "triggered"


def _key(body: dict[str, Any], title: _Title, scope: str) -> str:
    """Name the problem: the cycle, else monitor and group, else all that the default payload has of it."""
    drill = "test|" if title.test else ""  # the end of a test must not be taken for that of the problem
    if cycle := _given(body, "cycle"):
        return f"{drill}{cycle}"
    if monitor := _given(body, "alert_id"):
        return f"{drill}{monitor}|{scope}"
    if not title.name:
        raise HandlerError(f"neither cycle, alert_id nor title is given; {those(body)}")
    return "|".join((_organisation(body), "test" if title.test else "", scope, title.name))


def _organisation(body: dict[str, Any]) -> str:
    """The default payload wraps the organisation's id in an object, which a form carries as JSON."""
    org = body.get("org")
    if isinstance(org, str) and org.startswith("{"):
        try:
            org = msgspec.json.decode(org)
        except (msgspec.DecodeError, RecursionError):
            return org
    return _given(org, "id") if isinstance(org, dict) else _given(body, "org")


def _severity(body: dict[str, Any], title: _Title, transition: str) -> Severity:
    """The monitor's priority, else the alert type; a warning is never more than a warning."""
    level = _PRIORITIES.get(_given(body, "priority").upper()) or _PRIORITIES.get(title.priority)
    level = level or severity([_given(body, "alert_type")])
    if transition in ("warn", "rewarn") and level.urgency < Severity.WARNING.urgency:
        return Severity.WARNING
    return level


def _text(body: dict[str, Any]) -> str:
    """Datadog's one-line reason, then the monitor's message without the fence of its markdown."""
    message = _given(body, "text") or _given(body, "body").removeprefix("%%%").removesuffix("%%%").strip()
    return "\n".join(filter(None, (_given(body, "status"), message)))


def _tags(text: str) -> list[str]:
    return text.split(",", _MAX_TAGS)[:_MAX_TAGS]


def _labels(body: dict[str, Any], title: _Title, scope: str) -> dict[str, str]:
    """Tags become labels: `key:value` under its key, a repeated key's values joined, a bare tag as `tag.<tag>`."""
    split = (tag.strip().partition(":") for tag in [*_tags(_given(body, "tags")), *_tags(scope)])
    labels = labels_of((key, value) for key, colon, value in split if value or (not colon and key != "*"))
    own = {
        "alertname": title.name,
        "monitor": _given(body, "alert_id"),
        "host": _given(body, "host"),
        "metric": _given(body, "metric"),
        "org": _organisation(body),
        "test": "true" if title.test else "",
    }
    return labels | {name: value for name, value in own.items() if value}
