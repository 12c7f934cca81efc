"""A running tocsin for the methods: real store and intake, a courier and a scheduler that do as they are told."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec

from daemon.alerting.acknowledge import Acks
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.config.audience import Leg, Person, Receiver, Route
from daemon.config.looking import ProbePlan
from daemon.config.settings import Auth, Channel, Settings, Source
from daemon.errors import ConfigError, HandlerError, SendError
from daemon.event import Event, Severity, State
from daemon.faults.faults import Faults
from daemon.history.query import History
from daemon.history.recorder import Recorder
from daemon.hook import Hook
from daemon.methods import build, jsonrpc
from daemon.methods.parts import Parts
from daemon.methods.table import Caller, Table
from daemon.notice import Acceptance, Message, Recipient
from daemon.probes.base import Probe
from daemon.reading import Health, Reading
from daemon.registry import Sample, handler
from daemon.secret import Secret
from daemon.senders.base import Sender
from daemon.sentry.status import SentryStatus
from daemon.series.query import Query
from daemon.series.table import Table as SeriesTable
from daemon.store.base import Store
from daemon.store.pauses import Pause
from daemon.thresholds.keeper import Keeper
from fake_clock import BEGIN, FakeClock
from late_store import LateStore
from made import at_once
from rotas import SHANGHAI, layer, schedule
from timed import interval, named

EVERYTHING = Caller(name="local", may=("read", "look", "act", "admin"), identity="test")
CANARY = "canary-5e1d"


@dataclass(frozen=True, kw_only=True)
class FakeSms(Sender):
    address: ClassVar[str] = "phone"
    access_key_secret: Secret = field(default=Secret(CANARY))

    def send(self, message: Message) -> Acceptance:
        raise AssertionError(message)


@dataclass(frozen=True, kw_only=True)
class FakeRoom(Sender):
    url: Secret = field(default=Secret(f"https://hook.example.com/{CANARY}"))


@dataclass(frozen=True, kw_only=True)
class FakeProbe(Probe):
    FOR_OTHERS: ClassVar[bool] = True

    def look(self) -> Reading:
        raise AssertionError

    def target(self) -> str:
        return "https://shop.example.com/"


def _shop(hook: Hook) -> Iterable[Event]:
    """Read the shop's bodies.

    The second line is not for lists.
    """
    body = hook.json()
    if body == {"boom": True}:
        raise ZeroDivisionError("not the operator's day")
    try:
        yield Event(source="shop", key=body["key"], title=body["title"], state=State(body["state"]))
    except (KeyError, TypeError, ValueError) as error:
        raise HandlerError(f"not a shop body: {error!r}") from error


SHOP = handler(
    "shop",
    samples={
        "firing": Sample(body=b'{"key":"k","title":"till is stuck","state":"firing"}'),
        "resolved": Sample(body=b'{"key":"k","title":"till is stuck","state":"resolved"}'),
    },
)(_shop)
BROKEN = handler("broken", samples={"only": Sample(body=b'{"boom":true}')})(_shop)

SETTINGS = Settings(
    auth=Auth(),
    sources={
        "shop": Source(name="shop", handler=SHOP, token=Secret(CANARY), labels={"team": "sales"}),
        "broken": Source(name="broken", handler=BROKEN),
    },
    people={
        "lin": Person(name="lin", phone="+8613800000001", email="lin@example.com"),
        "may": Person(name="may"),
    },
    teams={"desk": ("lin", "may")},
    schedules={"night": schedule(layer("lin", "may", start="2026-11-16"), zone=SHANGHAI, name="night")},
    channels={
        "sms": Channel(name="sms", type="fake_sms", sender=FakeSms()),
        "room": Channel(name="room", type="fake_room", sender=FakeRoom()),
    },
    receivers={"oncall": Receiver(name="oncall", notify=(Leg(by=("sms",), to=("lin",)),))},
    route=at_once(Route(receiver="oncall")),
    probes={"front": ProbePlan(name="front", type="http", probe=FakeProbe())},
    time_intervals={"office": named("office", interval("09:00-17:00", "monday:friday"), interval(years="2026"))},
)


class FakeLane(msgspec.Struct, kw_only=True):
    channel: str
    breaker: str = "closed"
    reason: str = ""


class FakeProbeStatus(msgspec.Struct, kw_only=True):
    name: str
    verdict: str = "up"
    target: str = "https://shop.example.com/"
    reading: Reading | None = None
    since: float | None = None


class FakeCourier:
    def __init__(self) -> None:
        self.lanes = [FakeLane(channel="sms"), FakeLane(channel="room")]
        self.tested: list[tuple[str, Recipient]] = []
        self.error: SendError | None = None

    def status(self) -> list[FakeLane]:
        return self.lanes

    def test(self, channel: str, recipient: Recipient) -> Acceptance:
        self.tested.append((channel, recipient))
        if self.error:
            raise self.error
        return Acceptance(provider_id="p-1", detail="OK")


class FakeCalls:
    """What was said last to each probe."""

    def __init__(self) -> None:
        self.pauses: dict[str, Pause] = {}

    def pause(self, name: str, author: str, comment: str, until: float | None) -> Pause:
        made = Pause(id=1, probe=name, author=author, comment=comment, since=BEGIN, until=until)
        self.pauses[name] = made
        return made

    def resume(self, name: str, by: str) -> Pause | None:
        before = self.pauses.pop(name, None)
        return before and msgspec.structs.replace(before, ended_at=BEGIN, ended_by=by)


class FakeScheduler:
    def __init__(self) -> None:
        self.probes = [FakeProbeStatus(name="front")]
        self.runs: list[str] = []
        self.calls = FakeCalls()

    def coming(self, name: str, most: int) -> list[float]:
        del name
        return [BEGIN + 60.0 * number for number in range(most)]

    def verdicts(self) -> dict[str, Health]:
        return {probe.name: Health(probe.verdict) for probe in self.probes}

    def statuses(self, after: str = "") -> Iterator[FakeProbeStatus]:
        return iter([probe for probe in self.probes if probe.name > after])

    def status_of(self, name: str) -> FakeProbeStatus:
        return {probe.name: probe for probe in self.probes}[name]

    def run(self, name: str) -> Reading:
        self.runs.append(name)
        return Reading(health=Health.UP, detail="200", phases={"connect": 0.01})

    def run_for(self, plan: ProbePlan, place: str) -> Reading:
        del place
        return self.run(plan.name)


class Desk:
    """Everything the methods work with, in reach of a test."""

    def __init__(self, store: Store, clock: FakeClock, settings: Settings = SETTINGS) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.intake = Intake(store, clock, lambda: Rules(self.settings))
        self.acks = Acks(store, clock, lambda: Rules(self.settings))
        self.courier = FakeCourier()
        self.scheduler = FakeScheduler()
        self.recorder = Recorder(store, clock, lambda: self.settings)
        self.measured, numbers = LateStore(store), SeriesTable(clock)
        self.series = Query(self.measured, numbers, clock)
        self.faults = Faults(self.measured, clock, lambda: self.settings.errors, self.intake.events, numbers)
        voice = (self.intake.alarm, self.intake.alarm_over)
        self.rules = Keeper(
            self.measured, self.series, numbers, clock, lambda: self.settings, self.intake.events, voice
        )
        self.problems: list[str] = []
        self.others: dict[str, Settings] = {}
        self.warnings: list[str] = []
        self.unwell = ""
        self.levels: list[str] = []
        self.checked: list[str] = []
        self.reloads = 0
        self.sentry = SentryStatus()
        self.table = build(self.parts())

    def parts(self) -> Parts:
        return Parts(
            store=self.store,
            store_health=lambda: self.unwell,
            store_size=lambda: 4_096,
            clock=self.clock,
            settings=lambda: self.settings,
            intake=self.intake,
            acks=self.acks,
            courier=self.courier,
            scheduler=self.scheduler,
            history=History(self.store, self.clock, lambda: self.settings, self.recorder),
            probe_kinds=lambda: {"touch": FakeProbe},
            reload=self._reload,
            check=self._check,
            load=self._load,
            set_log_level=self.levels.append,
            started_at=self.clock.now() - 60.0,
            version="9.9",
            doors=lambda: {"http": "127.0.0.1:8420"},
            warnings=lambda: self.warnings,
            aside=lambda work: work(),
            series=self.series,
            rules=self.rules,
            faults=self.faults,
            sentry=lambda: self.sentry,
            sentry_again=lambda: len(self.sentry.aside),
        )

    def send(self, title: str = "disk full", severity: Severity = Severity.CRITICAL) -> str:
        """Raise an alarm; return its code."""
        return self.intake.events([Event(source="cli", key=title, title=title, severity=severity)])[0].code

    def ask(self, method: str, caller: Caller = EVERYTHING, **params: Any) -> Any:
        """Ask through JSON-RPC; return the result, or raise Said with the error."""
        return ask(self.table, method, caller, **params)

    def _reload(self) -> list[str]:
        self.reloads += 1
        return self.problems

    def _load(self, path: str) -> Settings:
        """The configuration that is in force, unless a test has put another one under this name."""
        if self.problems:
            raise ConfigError(self.problems)
        return self.others.get(path, self.settings)

    def _check(self, path: str) -> tuple[list[str], list[str]]:
        self.checked.append(path)
        return self.problems, self.warnings


class Said(Exception):
    """An error answer."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]
        self.data = error.get("data")


def ask(table: Table, method: str, caller: Caller = EVERYTHING, **params: Any) -> Any:
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    said = jsonrpc.answer(table, msgspec.json.encode(request), caller)
    assert said is not None
    body = msgspec.json.decode(said)
    if "error" in body:
        raise Said(body["error"])
    return body["result"]
