"""Open and resolve PagerDuty incidents (Events API v2)."""

import datetime as dt
import functools
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec

from daemon.alert import Alert
from daemon.declared import Answers, failed, refused, sent, wait
from daemon.errors import Scope
from daemon.event import State
from daemon.fitting import Size
from daemon.notice import Acceptance, Message, Reason
from daemon.secret import Secret
from daemon.senders.api import Api, encoded
from daemon.senders.base import sender
from daemon.senders.http import Client
from daemon.senders.over_http import OverHttp
from daemon.texts.built_in import Kind
from daemon.urls import check_url

SUMMARY = Size(1_024)
MOST_EVENT = 512_000  # bytes of a whole event
MOST_LINKS = 8
MOST_FIELD = 255
TARGET = "/v2/enqueue"
BAD_KEY = "invalid routing key"
_ALERTS = ((100, True), (100, False), (20, False), (0, False))  # how many are told, and whether with their labels

ANSWERS = Answers(
    sent("success"),
    wait("throttle exceeded", means="too many events for this integration", seconds=60.0),
    failed("internal server error", means="PagerDuty is unwell", ambiguous=True),
    refused("invalid event", means="PagerDuty cannot read the event"),
    refused(BAD_KEY, means="there is no integration with this key, or it is switched off", scope=Scope.CHANNEL),
)


class _Reply(msgspec.Struct):
    status: str
    message: str = ""
    errors: list[str] = []


@sender("pagerduty")
@dataclass(frozen=True, kw_only=True)
class PagerDuty(OverHttp):
    """A room: the PagerDuty service that the integration belongs to; a group of alarms is one incident.

    It declares no rate, though PagerDuty has one (about 120 events a minute): what waits for a rate is told in one
    digest, and an end that went into a digest would leave its incident open. PagerDuty's own 429 is waited out instead.
    """

    text: ClassVar[Kind] = "line"
    size: ClassVar[Size | None] = SUMMARY
    answers: ClassVar[Answers | None] = ANSWERS

    routing_key: Secret = field(metadata={"doc": "the integration key of an Events API v2 integration"})
    endpoint: str = field(
        default="https://events.pagerduty.com",
        metadata={
            "doc": "the events server; https://events.eu.pagerduty.com for accounts in the EU; http:// is taken too",
            "check": check_url,
        },
    )

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        if not self.routing_key:
            raise ValueError("routing_key is empty")
        try:
            _ = self._api
        except ValueError as error:
            raise ValueError(f"endpoint {error}") from None

    def send(self, message: Message) -> Acceptance:
        """Enqueue one event."""
        event, dropped = self._event(message)
        reply, answer = self._api.ask(self._api.client.path.rstrip("/") + TARGET, event)
        words = "; ".join(filter(None, (reply.message, *reply.errors)))
        self._api.check(_code(reply), words, answer)
        detail = f"{action(message)} {dedup_key(message)}"
        return Acceptance(provider_id=dedup_key(message), detail=f"{detail}, with less detail" if dropped else detail)

    def target(self) -> str:
        """Name the server."""
        return self._api.client.shown

    def close(self) -> None:
        """Let go of kept-alive connections."""
        self._api.client.close()

    @functools.cached_property
    def _api(self) -> Api[_Reply]:
        hidden = [self.routing_key.reveal()]
        client = Client(self.endpoint, timeout=self.timeout, clock=self.clock, road=self.road, hidden=hidden)
        return Api(client, ANSWERS, _Reply)

    def _event(self, message: Message) -> tuple[bytes, bool]:
        """Write the event, and say whether details had to go so that it is no larger than PagerDuty takes."""
        event: dict[str, Any] = {
            "routing_key": self.routing_key.reveal(),
            "event_action": action(message),
            "dedup_key": dedup_key(message),
        }
        if event["event_action"] == "resolve":
            return encoded(event), False
        event |= {"client": "tocsin", "links": _links(message), "payload": _payload(message)}
        for number, labels in _ALERTS:
            event["payload"]["custom_details"] = _details(message, number, labels=labels)
            written = encoded(event)
            if len(written) <= MOST_EVENT:
                break
        return written, (number, labels) != _ALERTS[0]


def action(message: Message) -> str:
    """A notice of which nothing fires resolves, but for one that tells of what will come back or of nothing at all."""
    over = message.state is State.RESOLVED and message.notice.reason not in {Reason.FLAPPING, Reason.TEST}
    return "resolve" if over else "trigger"


def dedup_key(message: Message) -> str:
    """What names the incident: the group, which every notice of it shares; else the alarm by itself.

    The store's name keeps the groups of two tocsins apart. A digest or a test is no group: an incident of its own.
    """
    store, notice = message.out_id.rpartition("-")[0], message.notice
    if notice.group_id is not None:
        name = f"G{notice.group_id}"
    elif notice.reason in {Reason.DIGEST, Reason.TEST}:
        name = message.code
    else:
        name = notice.alert.fingerprint
    return f"tocsin:{store}-{name}"[:MOST_FIELD] if store else f"tocsin:{name}"[:MOST_FIELD]


def _payload(message: Message) -> dict[str, Any]:
    alert = message.alert
    labels = alert.labels
    where = next((labels[name] for name in ("host", "instance", "node", "hostname") if labels.get(name)), alert.source)
    payload = {
        "summary": message.fitted(SUMMARY, "line"),
        "source": where or "tocsin",
        "severity": alert.severity.value,
        "timestamp": _instant(alert.started_at),
        "component": labels.get("service", ""),
        "group": message.notice.receiver,
        "class": labels.get("alertname", ""),
    }
    return {name: value for name, value in payload.items() if value}


def _details(message: Message, number: int, *, labels: bool) -> dict[str, Any]:
    notice = message.notice
    return {
        "text": message.speech.say("long"),
        "firing": notice.firing,
        "resolved": notice.resolved,
        "group": notice.group if labels else {},
        "alerts": [_told(alert, labels=labels) for alert in notice.alerts[:number]],
    }


def _told(alert: Alert, *, labels: bool) -> dict[str, Any]:
    told = {"code": alert.code, "state": alert.state, "severity": alert.severity, "title": alert.title}
    return {**told, "labels": alert.labels} if labels else told


def _links(message: Message) -> list[dict[str, str]]:
    links = {"acknowledge": message.acknowledge, **message.alert.links}
    web = [(name, url) for name, url in links.items() if url.startswith(("http://", "https://"))]
    return [{"href": url, "text": name} for name, url in web[:MOST_LINKS]]


def _instant(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="seconds")


def _code(reply: _Reply) -> str:
    """PagerDuty's word; that the key is wrong it says only in the errors."""
    said = " ".join(reply.errors).lower().replace("_", " ")
    status = reply.status.lower()
    return BAD_KEY if status == "invalid event" and "routing key" in said else status
