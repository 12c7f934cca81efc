"""A courier under a clock turned by hand, with providers that do as they are told and a store that can fall ill."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import gevent
import msgspec

from daemon import internal
from daemon.alert import Alert
from daemon.config.settings import Channel, Settings
from daemon.delivery.alarms import Voice
from daemon.delivery.courier import Courier
from daemon.delivery.means import LaneStatus
from daemon.errors import StoreUnavailable
from daemon.event import Event, Severity, State
from daemon.notice import Acceptance, Delivery, Hop, Message, Phase, Reason
from daemon.senders.base import Sender
from daemon.store import alerts, notices, outbox
from daemon.store.base import Tx
from daemon.store.outbox import Claimed
from daemon.store.sqlite import SqliteStore
from fake_clock import FakeClock, settle
from made import settings as made_settings


@dataclass(frozen=True, kw_only=True, eq=False)
class Provider(Sender):
    """Answers each message with what `answer` returns or raises, and remembers what it was asked."""

    address: ClassVar[str] = "phone"

    answer: Callable[[Message], Acceptance] = lambda message: Acceptance(provider_id=f"P-{message.code}")
    known: dict[str, Acceptance] = field(default_factory=dict)  # what `find` finds, by out_id
    heard: list[Message] = field(default_factory=list)
    asked: list[tuple[Message, float]] = field(default_factory=list)
    closed: list[bool] = field(default_factory=list)

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def send(self, message: Message) -> Acceptance:
        self.heard.append(message)
        return self.answer(message)

    def find(self, message: Message, since: float) -> Acceptance | None:
        self.asked.append((message, since))
        return self.known.get(message.out_id)

    def close(self) -> None:
        self.closed.append(True)


class Batching(Provider):
    """Takes up to three numbers at once."""

    batch: ClassVar[int] = 3


def raising(*errors: Exception) -> Callable[[Message], Acceptance]:
    """Raise these, one a message, the last one for ever; None among them is a yes."""
    left = list(errors)

    def answer(_message: Message) -> Acceptance:
        error = left.pop(0) if len(left) > 1 else left[0]
        if error is not None:
            raise error
        return Acceptance(provider_id="yes")

    return answer


class Ward:
    """A store that counts what is under way in it, and can be made ill."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.name = store.name
        self.under_way = 0
        self.ill = False
        self.bugs = 0  # so many writes fail for a reason that nobody foresaw
        self.writes = 0

    def write(self, work: Callable[[Tx], Any]) -> Any:
        self.writes += 1
        if self.ill:
            raise StoreUnavailable("the disk is full")
        if self.bugs:
            self.bugs -= 1
            raise RuntimeError("nobody foresaw this")
        with self.counted():
            return self.store.write(work)

    def read(self, work: Callable[[Tx], Any]) -> Any:
        with self.counted():
            return self.store.read(work)

    def on(self, topic: str, listener: Callable[[], None]) -> None:
        self.store.on(topic, listener)

    @contextmanager
    def counted(self) -> Iterator[None]:
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1


class Post:
    """The whole post office. Each test gives it its channels."""

    def __init__(self, store: SqliteStore, clock: FakeClock) -> None:
        self.clock = clock
        self.store = Ward(store)
        self.settings: Settings = made_settings(channels={})
        self.alarms: list[Event] = []
        self.over: list[str] = []
        self.last: list[str] = []
        self.courier = self.new_courier()

    def new_courier(self) -> Courier:
        self.courier = Courier(
            self.store,
            self.clock,
            lambda: self.settings,
            Voice(
                alarm=lambda check, *about, **words: self.alarms.append(internal.event(check, *about, **words)),
                over=lambda check, *about: self.over.append(internal.key(check, *about)),
                last_resort=lambda key, *_: self.last.append(key),
            ),
            seed=7,
            grace=0.01,
            gap=0.0,
        )
        return self.courier

    def channel(self, name: str, sender: Sender, **more: Any) -> Channel:
        """Configure a channel; the courier hears of it at start or reload."""
        channel = Channel(name=name, type="provider", sender=sender, **more)
        self.settings = replace(self.settings, channels={**self.settings.channels, name: channel})
        return channel

    def without(self, name: str) -> None:
        rest = {key: channel for key, channel in self.settings.channels.items() if key != name}
        self.settings = replace(self.settings, channels=rest)

    def put(
        self, *ways: str, severity: Severity = Severity.ERROR, to: tuple[str, ...] = ("lin",), **more: Any
    ) -> list[int]:
        """Put one notice into the outbox, a row for each of `to`, over these channels in fail-over order."""
        now = self.clock.now()

        def work(tx: Tx) -> list[int]:
            alert = alerts.add(tx, alert_of(now, severity=severity, **more))
            notice = notices.add(tx, [alert], [], "ops", Reason.FIRST, now)
            return [
                outbox.put(tx, notice, name, [Hop(channel=way, address=f"+86{name}") for way in ways], now)
                for name in to
            ]

        with self.store.counted():
            return self.store.store.write(work)

    def quiet(self) -> None:
        """Go on until every greenlet waits and nothing is under way in the store."""
        settle()
        while self.store.under_way:
            gevent.idle()
            if not self.store.under_way:
                settle()

    def go(self, seconds: float) -> None:
        """Let time pass from one waking to the next, each with all that follows from it."""
        end = self.clock.monotonic() + seconds
        self.quiet()
        while (due := self._next_waking()) is not None and due <= end:
            self.clock.advance(max(0.0, due - self.clock.monotonic()))
            self.quiet()
        self.clock.advance(end - self.clock.monotonic())
        self.quiet()

    def lane(self, name: str = "sms") -> LaneStatus:
        (found,) = [lane for lane in self.courier.status() if lane.channel == name]
        return found

    def row(self, delivery_id: int) -> Delivery:
        found = self.store.store.read(lambda tx: outbox.get(tx, delivery_id))
        assert found is not None
        return found.delivery

    def rows(self) -> list[Claimed]:
        return list(reversed(self.store.store.read(lambda tx: outbox.newest(tx, limit=100_000))))

    def phases(self) -> dict[str, Phase]:
        return {row.delivery.code: row.delivery.phase for row in self.rows()}

    def raised(self) -> list[str]:
        return [alarm.key for alarm in self.alarms]

    def stop_dead(self) -> None:
        """What kill -9 leaves behind: nobody settles anything any more."""
        for lane in self.courier._lanes.values():
            if lane._loop is not None:
                lane._loop.kill(block=False)

    def stop(self, timeout: float = 0.0) -> None:
        stopping = gevent.spawn(self.courier.stop, timeout)
        while not stopping.dead:
            self.go(1.0)
        stopping.get()

    def _next_waking(self) -> float | None:
        waiting = [instant for instant, _, alarm in self.clock._sleepers if not alarm.is_set()]
        return min(waiting, default=None)


def alert_of(now: float, **more: Any) -> Alert:
    alert = Alert(
        id=0,
        fingerprint=f"f{now}{id(more)}",
        source="shop",
        key="k",
        state=State.RESOLVED,
        severity=Severity.ERROR,
        title="Disk full",
        text="",
        labels={},
        links={},
        started_at=now,
        ended_at=None,
        first_seen=now,
        last_seen=now,
        count=1,
    )
    return msgspec.structs.replace(alert, **more)
