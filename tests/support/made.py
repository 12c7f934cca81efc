"""Small values that many tests need: a sender that records, settings with two receivers, an event."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

from daemon.config.audience import Leg, Person, Receiver, Route
from daemon.config.check import ALL_LABELS
from daemon.config.settings import Channel, Settings, Source
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.matcher import parse
from daemon.notice import Acceptance, Message
from daemon.registry import Handler
from daemon.senders.base import Sender
from daemon.units import Seconds


@dataclass(frozen=True, kw_only=True)
class Recorder(Sender):
    """A room that remembers what was said in it."""

    heard: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> Acceptance:
        self.heard.append(message)
        return Acceptance(provider_id=f"r{len(self.heard)}")


@dataclass(frozen=True, kw_only=True)
class Phone(Recorder):
    """The same, reached by telephone number."""

    address: ClassVar[str] = "phone"


def channel(name: str, sender: Sender | None = None, **more: object) -> Channel:
    return Channel(name=name, type="recorder", sender=sender or Recorder(), **more)  # type: ignore[arg-type]


def settings(**more: object) -> Settings:
    """Everything goes to `ops` in a room; `team="db"` goes to lin and wang by phone, then to the room."""
    defaults: dict[str, object] = {
        "people": {
            "lin": Person(name="lin", phone="+8613800000001"),
            "wang": Person(name="wang", phone="+8613800000002"),
        },
        "channels": {"room": channel("room"), "sms": channel("sms", Phone())},
        "receivers": {
            "ops": Receiver(name="ops", notify=(Leg(by=("room",)),)),
            "db": Receiver(name="db", notify=(Leg(by=("sms", "room"), to=("lin", "wang")),)),
            "quiet": Receiver(name="quiet"),
        },
        "route": Route(receiver="ops", routes=(Route(receiver="db", matchers=parse('team="db"')),)),
        "sources": {"shop": source("shop")},
    }
    made = Settings(**(defaults | more))  # type: ignore[arg-type]
    return replace(made, route=at_once(made.route))


def at_once(root: Route) -> Route:
    """Tell every alarm by itself and without waiting, where the route does not say otherwise."""
    return replace(
        root,
        group_by=(ALL_LABELS,) if root.group_by is None else root.group_by,
        group_wait=Seconds(0) if root.group_wait is None else root.group_wait,
        group_interval=Seconds(0) if root.group_interval is None else root.group_interval,
    )


def source(name: str, **more: object) -> Source:
    """A source whose handler reads `{"key", "title", "state"}`."""
    return Source(name=name, handler=Handler(name="made", handle=_handle, samples={}), **more)  # type: ignore[arg-type]


def _handle(hook: Hook) -> list[Event]:
    return [event(**one) for one in hook.json()["events"]]


def event(**more: object) -> Event:
    defaults: dict[str, object] = {"source": "shop", "key": "k1", "title": "Disk full"}
    made = Event(**(defaults | more))  # type: ignore[arg-type]
    return Event(
        source=made.source,
        key=made.key,
        state=State(made.state),
        severity=Severity(made.severity),
        title=made.title,
        text=made.text,
        labels=made.labels,
        links=made.links,
        started_at=made.started_at,
        ended_at=made.ended_at,
        fires_until=made.fires_until,
        annotations=made.annotations,
    )
