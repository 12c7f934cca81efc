"""CloudEvents 1.0 over HTTP: binary, structured and batched; what is wrong stands where the source's paths lead."""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from daemon.errors import HandlerError
from daemon.event import Event, State
from daemon.hook import Hook
from daemon.payload.fields import kind, links_of, mapping, text_of, those
from daemon.payload.paths import Path, PathNotFound
from daemon.payload.stamps import instant
from daemon.payload.words import STATES, plain, severity
from daemon.registry import Sample, handler

_BATCH, _STRUCTURED = "application/cloudevents-batch", "application/cloudevents"
_REQUIRED = ("id", "source", "type")
_ATTRIBUTES = frozenset(
    ("id", "source", "specversion", "type", "subject", "time", "datacontenttype", "dataschema", "data", "data_base64")
)
_JSON = re.compile(r"application/(?:[\w.-]+\+)?json|text/json", re.ASCII)
_ORIGIN = re.compile(r"[\x21-\x7e]{1,253}")

_DATA = b'{"status": "firing", "severity": "critical", "summary": "the disk is 97% full", "url": "https://web-1.example.com"}'


def _binary(number: int, body: bytes) -> Sample:
    return Sample(
        body=body,
        headers={
            "ce-specversion": "1.0",
            "ce-type": "it.example.disk",
            "ce-source": "/hosts/web-1",
            "ce-id": f"e-{number}",
            "ce-time": "2026-11-21T01:00:00Z",
            "ce-subject": "sda1",
        },
    )


def _structured(number: int, data: bytes) -> bytes:
    return (
        b'{"specversion": "1.0", "id": "e-%d", "type": "it.example.disk", "source": "/hosts/web-1",\n'
        b' "subject": "sda1", "time": "2026-11-21T01:00:00Z", "datacontenttype": "application/json", "team": "db",\n'
        b' "data": %s}' % (number, data)
    )


_OVER = _DATA.replace(b"firing", b"resolved")


def _leads(text: str) -> None:
    if text:
        Path(text)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Where an event says what a person wants to know: paths into `{id, source, type, subject, time, …, data}`."""

    state: str = field(
        default="$.data.status?", metadata={"doc": "path to a word that says whether it is there", "check": _leads}
    )
    severity: str = field(
        default="$.data.severity?", metadata={"doc": "path to a word that says how bad it is", "check": _leads}
    )
    title: str = field(
        default="$.data.summary?", metadata={"doc": "path to the line that says what is wrong", "check": _leads}
    )
    text: str = field(
        default="$.data.description?", metadata={"doc": "path to what else there is to say", "check": _leads}
    )
    key: str = field(
        default="", metadata={"doc": "path to what names the problem (source, subject and type)", "check": _leads}
    )
    firing: tuple[str, ...] = field(default=(), metadata={"doc": "the source's own words for: it is there"})
    resolved: tuple[str, ...] = field(default=(), metadata={"doc": "the source's own words for: it is over"})
    origins: tuple[str, ...] = field(
        default=("*",), metadata={"doc": "who may ask whether to send here (WebHook-Request-Origin); * is anybody"}
    )

    @functools.cached_property
    def paths(self) -> Mapping[str, Path]:
        """Each path, compiled once."""
        named = {name: getattr(self, name) for name in ("state", "severity", "title", "text", "key")}
        return {name: Path(source) for name, source in named.items() if source}

    @functools.cached_property
    def words(self) -> Mapping[str, State]:
        """The usual words for states, and the source's own."""
        own = {plain(word): State.RESOLVED for word in self.resolved} | {
            plain(word): State.FIRING for word in self.firing
        }
        return STATES | own


def handshake(hook: Hook) -> Mapping[str, str]:
    """Say yes to whoever asks before it sends: https://github.com/cloudevents/spec, http-webhook.md, section 4."""
    asks = hook.headers.get("webhook-request-origin", "").strip()
    allowed = _options(hook).origins
    if not _ORIGIN.fullmatch(asks) or not ("*" in allowed or asks in allowed):
        return {}
    return {"WebHook-Allowed-Origin": asks, "WebHook-Allowed-Rate": "*"}


def delivery(hook: Hook) -> str:
    """Source and id name an event; a repeat of it keeps both."""
    return "\n".join(f"{one['source']} {one['id']}" for one in _events(hook))


@handler(
    "cloudevents",
    options=Options,
    sample_options=Options(),
    delivery=delivery,
    handshake=handshake,
    samples={
        "firing": _binary(42, _DATA),
        "resolved": _binary(43, _OVER),
        "firing, structured": Sample(body=_structured(42, _DATA), content_type="application/cloudevents+json"),
        "resolved, structured": Sample(body=_structured(43, _OVER), content_type="application/cloudevents+json"),
        "firing, a batch": Sample(
            body=b"[" + _structured(42, _DATA) + b"]", content_type="application/cloudevents-batch+json; charset=utf-8"
        ),
        "resolved, a batch": Sample(
            body=b"[" + _structured(43, _OVER) + b"]", content_type="application/cloudevents-batch+json; charset=utf-8"
        ),
    },
)
def cloudevents(hook: Hook) -> Iterator[Event]:
    """Each event is one alarm; source, subject and type name the problem."""
    for one in _events(hook):
        yield _event(hook, one)


def _options(hook: Hook) -> Options:
    return hook.options if isinstance(hook.options, Options) else _DEFAULTS


_DEFAULTS = Options()


def _events(hook: Hook) -> list[dict[str, Any]]:
    """Read the events in the mode that Content-Type names: `data` is a value, whatever it came as."""
    mode = hook.content_type.strip().lower()
    if mode.startswith(_BATCH):
        found = hook.json()
        if not isinstance(found, list):
            raise HandlerError(f"a batch must be a list, not {kind(found)}")
        if not found:
            raise HandlerError("the batch is empty")
        return [_whole(mapping(one, f"[{place}]"), f"[{place}].") for place, one in enumerate(found)]
    if mode.startswith(_STRUCTURED):
        if not mode.startswith(f"{_STRUCTURED}+json"):
            raise HandlerError(f"structured events are read as JSON (application/cloudevents+json), not {mode[:80]!r}")
        return [_whole(mapping(hook.json(), "the body"), "")]
    if "ce-specversion" in hook.headers:
        return [_from_headers(hook)]
    # A body without any of it, as in a trial: JSON that looks like an event is one.
    body = mapping(hook.json(), "the body")
    if "specversion" not in body:
        raise HandlerError(f"this is no CloudEvent: neither ce- headers nor specversion are there; {those(body)}")
    return [_whole(body, "")]


def _whole(one: dict[str, Any], where: str) -> dict[str, Any]:
    """Check what an event must have; undo the base64 of data that is JSON all the same."""
    version = text_of(one.get("specversion"))
    if not version.startswith("1."):
        raise HandlerError(f"{where}specversion must be 1.0, not {version[:40]!r}")
    for name in _REQUIRED:
        if not isinstance(one.get(name), str) or not one[name]:
            raise HandlerError(f"{where}{name} must be a text that is not empty; {those(one)}")
    if "data" not in one and isinstance(one.get("data_base64"), str):
        try:
            data = msgspec.convert(one["data_base64"], bytes)
        except msgspec.ValidationError as error:
            raise HandlerError(f"{where}data_base64 is not base64") from error
        return one | {"data": _value(data, text_of(one.get("datacontenttype")))}
    return one


def _from_headers(hook: Hook) -> dict[str, Any]:
    """Binary mode: attributes in `ce-` headers, the body is the data."""
    if "ce-datacontenttype" in hook.headers:
        raise HandlerError("the header ce-datacontenttype must not be there: Content-Type says it")
    found: dict[str, Any] = {
        name.removeprefix("ce-"): _decoded(name, value)
        for name, value in hook.headers.items()
        if name.startswith("ce-")
    }
    found["datacontenttype"] = hook.content_type
    found["data"] = _value(hook.body, hook.content_type)
    return _whole(found, "ce-")


def _decoded(name: str, value: str) -> str:
    """Undo quotes and percent-encoding, once, as section 3.1.3.2 of the HTTP binding says."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    try:
        return unquote_to_bytes(value.encode("latin-1")).decode()
    except UnicodeError as error:
        raise HandlerError(f"the header {name[:80]} is not UTF-8 once its percent-encoding is undone") from error


def _value(data: bytes, content_type: str) -> Any:
    """Read data that is JSON as that, anything else as text; none at all is null."""
    if not data:
        return None
    if _JSON.fullmatch(content_type.partition(";")[0].strip().lower() or "application/json"):
        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise HandlerError(f"the data is not valid JSON: {error}") from error
    return data.decode("utf-8", "replace")


def _event(hook: Hook, one: dict[str, Any]) -> Event:
    options = _options(hook)
    said = {name: _found(name, path, one) for name, path in options.paths.items()}
    kept, state = _state(options, said.get("state", ""), one["type"])
    subject = text_of(one.get("subject"))
    if "key" in said and not said["key"]:
        raise HandlerError("key: it is empty here, and nothing else tells which problem it is")
    extensions = {name: text_of(value) for name, value in one.items() if name not in _ATTRIBUTES and value is not None}
    when = instant(one.get("time"))
    data = one.get("data")
    return Event(
        source=hook.source,
        key=said.get("key") or "|".join((one["source"], subject, kept)),
        state=state,
        severity=severity([said.get("severity")]),
        title=said.get("title") or " ".join(filter(None, (one["type"], subject))),
        text=said.get("text") or (data if isinstance(data, str) else ""),
        labels=extensions | {"alertname": kept, "origin": one["source"]} | ({"subject": subject} if subject else {}),
        links=links_of(link=data.get("url") if isinstance(data, dict) else None, origin=one["source"]),
        started_at=when if state is State.FIRING else None,
        ended_at=when if state is State.RESOLVED else None,
    )


def _found(name: str, path: Path, one: dict[str, Any]) -> str:
    """Follow one of the paths; what lies beyond data that is no object is not there."""
    try:
        return text_of(path.find(one)).strip()
    except PathNotFound as error:
        if path.optional:
            return ""
        raise HandlerError(f"{name}: {error}") from error


def _state(options: Options, said: str, event_type: str) -> tuple[str, State]:
    """The state, and the type without the word that told it: `disk.failed` and `disk.recovered` are one problem."""
    if said:
        state = options.words.get(plain(said))
        if state is None:
            raise HandlerError(f"state: {said[:80]!r} is not a known word; list it under firing or resolved")
        return event_type, state
    before, dot, last = event_type.rpartition(".")
    state = options.words.get(plain(last)) if dot else None
    return (before, state) if state else (event_type, State.FIRING)
