"""Uptime Kuma's webhook: one event per change of a monitor, and its notices that are about no heartbeat.

The body is `{heartbeat, monitor, msg}`, as JSON or in the field `data` of a multipart form
(louislam/uptime-kuma, server/notification-providers/webhook.js).
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from daemon.errors import HandlerError
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.payload.alertlist import severity_of
from daemon.payload.fields import body_of, links_of, listing, mapping, member, text_of, unpacked
from daemon.payload.once import over_at
from daemon.payload.stamps import instant
from daemon.payload.tags import labels_of
from daemon.registry import Sample, handler

_FIRING = """{
  "heartbeat": {
    "monitorID": 12,
    "status": 0,
    "time": "2026-11-21 01:00:03.512",
    "msg": "connect ECONNREFUSED 10.1.2.3:443",
    "ping": null,
    "important": true,
    "duration": 61,
    "retries": 1,
    "timezone": "Asia/Shanghai",
    "timezoneOffset": "+08:00",
    "localDateTime": "2026-11-21 09:00:03"
  },
  "monitor": {
    "id": 12,
    "name": "shop",
    "pathName": "web / shop",
    "type": "http",
    "url": "https://shop.example.com/",
    "hostname": null,
    "port": null,
    "interval": 60,
    "tags": [{"tag_id": 1, "name": "env", "value": "it", "color": "#059669"},
             {"tag_id": 2, "name": "severity", "value": "critical", "color": "#DC2626"}]
  },
  "msg": "[shop] [🔴 Down] connect ECONNREFUSED 10.1.2.3:443"
}"""
_RESOLVED = (
    _FIRING.replace('"status": 0', '"status": 1')
    .replace("01:00:03.512", "01:20:03.127")
    .replace("09:00:03", "09:20:03")
    .replace('"ping": null', '"ping": 84')
    .replace("🔴 Down", "✅ Up")
    .replace("connect ECONNREFUSED 10.1.2.3:443", "200 - OK")
    .replace('"duration": 61', '"lastDownTime": "2026-11-21 01:00:03.512",\n    "duration": 60')
)
_TEST = '{"heartbeat": null, "monitor": null, "msg": "tocsin Testing"}'
_CERTIFICATE = """{"heartbeat": null, "monitor": null,
 "msg": "[shop][https://shop.example.com/] server certificate shop.example.com will expire in 14 days"}"""
_OTHER_BOUNDARY = "--------------------------240914836415903724538317"
_MULTIPART = f"multipart/form-data; boundary={_OTHER_BOUNDARY}"

_DOWN, _UP = 0, 1
_STATES = {_DOWN: State.FIRING, _UP: State.RESOLVED}
_OTHERS = {2: "pending", 3: "maintenance"}  # of which Uptime Kuma tells nobody


def _form(body: str) -> Sample:
    """Send it as the body of kind "form-data" is sent."""
    part = (
        f'--{_OTHER_BOUNDARY}\r\nContent-Disposition: form-data; name="data"\r\n\r\n{body}\r\n--{_OTHER_BOUNDARY}--\r\n'
    )
    return Sample(body=part.encode(), content_type=_MULTIPART)


@handler(
    "uptime_kuma",
    samples={
        "firing": Sample(body=_FIRING.encode()),
        "resolved": Sample(body=_RESOLVED.encode()),
        "firing, form-data": _form(_FIRING),
        "resolved, form-data": _form(_RESOLVED),
        "firing, custom body": Sample(body=_FIRING.encode(), content_type="application/x-www-form-urlencoded"),
        "resolved, custom body": Sample(body=_RESOLVED.encode(), content_type="application/x-www-form-urlencoded"),
        "test message": Sample(body=_TEST.encode()),
        "certificate notice": Sample(body=_CERTIFICATE.encode()),
    },
)
def uptime_kuma(hook: Hook) -> Iterator[Event]:
    """A monitor that is down fires, one that is up is resolved; what is about no heartbeat is told once."""
    body = mapping(body_of(hook), "the body")
    if isinstance(body.get("data"), str):
        body = mapping(unpacked(body["data"]), "the form's field data")
    if body.get("heartbeat") is None and body.get("monitor") is None:
        yield _notice(hook, text_of(member(body, "msg")).strip())
        return
    beat = mapping(member(body, "heartbeat"), "heartbeat")
    yield _changed(hook.source, beat, mapping(member(body, "monitor"), "monitor"))


def _notice(hook: Hook, said: str) -> Event:
    """What nobody will resolve: the test message, a certificate or a domain that will expire."""
    if not said:
        raise HandlerError("heartbeat, monitor and msg are all empty: there is nothing to tell")
    test = {"test": "true"} if said.endswith("Testing") else {}
    return Event(
        source=hook.source,
        key=f"notice|{said}",
        severity=Severity.INFO,
        title=said,
        labels={"alertname": "notice"} | test,
        fires_until=over_at(hook),
    )


def _changed(source: str, beat: dict[str, Any], monitor: dict[str, Any]) -> Event:
    number = text_of(monitor.get("id", beat.get("monitorID")))
    if not number:
        raise HandlerError("monitor.id is missing: nothing tells which monitor it is")
    state = _state(beat)
    labels = _labels(monitor)
    name = text_of(monitor.get("name")) or f"monitor {number}"
    when = instant(beat.get("time"))  # in UTC
    over = state is State.RESOLVED
    return Event(
        source=source,
        key=number,
        state=state,
        severity=severity_of(labels),
        title=f"{name} is down",
        text=text_of(beat.get("msg")),
        labels=labels | {"alertname": name, "monitor": number},
        links=links_of(monitor=_address(monitor)),
        # A reminder carries its own time, and says so by not being important.
        started_at=instant(beat.get("lastDownTime")) if over else when if beat.get("important") is True else None,
        ended_at=when if over else None,
    )


def _state(beat: dict[str, Any]) -> State:
    status = member(beat, "status", "heartbeat.")
    known = _STATES.get(status) if isinstance(status, int) and not isinstance(status, bool) else None
    if known is None:
        meant = _OTHERS.get(status, "") if isinstance(status, int) else ""
        said = text_of(status)[:80] + (f" ({meant})" if meant else "")
        raise HandlerError(f"heartbeat.status must be 0 (down) or 1 (up), not {said!r}")
    return known


def _labels(monitor: dict[str, Any]) -> dict[str, str]:
    """Its tags, what kind of monitor it is, and what it looks at."""
    tags = [tag for tag in listing(monitor.get("tags")) if isinstance(tag, dict)]
    labels = labels_of((text_of(tag.get("name")).strip(), text_of(tag.get("value")).strip()) for tag in tags)
    own = {"type": text_of(monitor.get("type")), "host": _host(monitor)}
    return labels | {name: value for name, value in own.items() if value}


def _address(monitor: dict[str, Any]) -> str:
    """Its URL; a monitor that has none carries what stood in the form: `https://`."""
    url = text_of(monitor.get("url"))
    return url if len(url) > len("https://") else ""


def _host(monitor: dict[str, Any]) -> str:
    try:
        return text_of(monitor.get("hostname")) or urlsplit(_address(monitor)).hostname or ""
    except ValueError:  # brackets that hold no address
        return ""
