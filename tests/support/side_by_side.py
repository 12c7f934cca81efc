"""Plays timelines in real time against something that tells, and compares what it told with what was expected."""

import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Protocol

from fake_provider import FakeProvider
from programs import alertmanager_at
from timelines import SLACK, WAITS, Expire, Notice, Push, Silence, Timeline

LABEL = "timeline"  # tells the timelines apart when they run in one process
BETWEEN = "."  # in a receiver's name: timeline, then receiver
_DURATIONS = ("group_wait", "group_interval", "repeat_interval")
_NEVER = threading.Event()


@dataclass(frozen=True)
class Told:
    """One notice as it came, `at` in units since the begin."""

    at: float
    timeline: str
    receiver: str
    firing: frozenset[str]
    resolved: frozenset[str]

    def __str__(self) -> str:
        about = ", ".join(
            f"{what} {sorted(names)}" for what, names in (("firing", self.firing), ("resolved", self.resolved)) if names
        )
        return f"at {self.at:.2f} to {self.receiver}: {about}"


class Side(Protocol):
    """What timelines are played against. Labels and matchers carry the timeline's label already."""

    def push(self, labels: Mapping[str, str], *, firing: bool, began: float) -> None:
        """Send an alert now; it began so many seconds ago."""

    def silence(self, name: str, matchers: Mapping[str, str], seconds: float) -> None:
        """Silence from now on, for so long."""

    def expire(self, name: str) -> None:
        """End a silence now."""

    def notices(self, begin: float, unit: float) -> list[Told]:
        """All that was told so far; `begin` is a time.monotonic()."""


def play(side: Side, timelines: Iterable[Timeline], unit: float) -> float:
    """Take all timelines' steps at their instants, all at once, until the last one ends; return when they began."""
    timelines = tuple(timelines)
    begin = time.monotonic()
    steps = sorted(((step.at, one.name, step) for one in timelines for step in one.steps), key=lambda it: it[:2])
    for at, name, step in steps:
        _NEVER.wait(max(0.0, begin + at * unit - time.monotonic()))
        take(side, name, step, unit)
    _NEVER.wait(max(0.0, begin + max(one.lasts for one in timelines) * unit - time.monotonic()))
    return begin


@dataclass(frozen=True)
class Both:
    """Two sides to which the same happens at the same instant. Implements Side; ask each for its own notices."""

    one: Side
    other: Side

    def push(self, labels: Mapping[str, str], *, firing: bool, began: float) -> None:
        for side in (self.one, self.other):
            side.push(labels, firing=firing, began=began)

    def silence(self, name: str, matchers: Mapping[str, str], seconds: float) -> None:
        for side in (self.one, self.other):
            side.silence(name, matchers, seconds)

    def expire(self, name: str) -> None:
        for side in (self.one, self.other):
            side.expire(name)

    def notices(self, begin: float, unit: float) -> list[Told]:
        return [*self.one.notices(begin, unit), *self.other.notices(begin, unit)]


def take(side: Side, timeline: str, step: Push | Silence | Expire, unit: float) -> None:
    """Take one step now."""
    match step:
        case Push():
            labels = {"alertname": step.alert, LABEL: timeline, **step.labels}
            side.push(labels, firing=step.firing, began=step.began * unit)
        case Silence():
            matchers = {LABEL: timeline, **step.matchers}
            side.silence(f"{timeline}{BETWEEN}{step.name}", matchers, (step.until - step.at) * unit)
        case Expire():
            side.expire(f"{timeline}{BETWEEN}{step.name}")


def differences(timeline: Timeline, expect: Iterable[Notice], told: Iterable[Told]) -> list[str]:
    """Say what was expected and did not come, and what came and was not expected; empty when all is right."""
    rest = [one for one in told if one.timeline == timeline.name and one.at <= timeline.lasts]
    missing = []
    for notice in expect:
        fitting = [
            one
            for one in rest
            if (one.receiver, one.firing, one.resolved) == (notice.receiver, notice.firing, notice.resolved)
            and notice.fits(one.at)
        ]
        if fitting:
            rest.remove(fitting[0])
        else:
            missing.append(f"{timeline.name}: expected and not told: {notice}")
    return missing + [f"{timeline.name}: told and not expected: {one}" for one in rest]


def apart(timeline: Timeline, theirs: Iterable[Told], ours: Iterable[Told]) -> list[str]:
    """Compare notice by notice: the same alerts to the same receiver, and not more than SLACK apart."""
    expect = [
        Notice(one.at - SLACK, one.firing, one.resolved, one.receiver, latest=one.at + SLACK)
        for one in theirs
        if one.timeline == timeline.name and one.at <= timeline.lasts
    ]
    return differences(timeline, expect, ours)


def configuration(timelines: Iterable[Timeline], unit: float) -> dict[str, Any]:
    """One configuration for all of them, in Alertmanager's words: route, inhibit_rules, time_intervals."""
    timelines = tuple(timelines)
    nodes = [
        _node({"receiver": "room", **one.route, "matchers": [f'{LABEL}="{one.name}"']}, one.name, unit)
        for one in timelines
    ]
    rules = [_rule(rule, one.name) for one in timelines for rule in one.inhibit_rules]
    intervals = [interval for one in timelines for interval in one.time_intervals]
    config: dict[str, Any] = {"route": {"receiver": "nobody", **_in_seconds(WAITS, unit), "routes": nodes}}
    return config | {key: some for key, some in (("inhibit_rules", rules), ("time_intervals", intervals)) if some}


def _rule(rule: Mapping[str, Any], timeline: str) -> dict[str, Any]:
    """Keep a rule to its own timeline."""
    return {
        **rule,
        "source_matchers": [f'{LABEL}="{timeline}"', *rule["source_matchers"]],
        "equal": [LABEL, *rule["equal"]],
    }


def receivers(timelines: Iterable[Timeline]) -> dict[str, bool]:
    """Every receiver that the configuration names, and whether it wants to hear of ends."""
    found = {"nobody": True}
    for one in timelines:
        for name in sorted({"room", *(notice.receiver for notice in one.expect), *_named(one.route)}):
            found[f"{one.name}{BETWEEN}{name}"] = name not in one.unresolved
    return found


def _named(route: Mapping[str, Any]) -> Iterator[str]:
    for child in route.get("routes", ()):
        if "receiver" in child:
            yield child["receiver"]
        yield from _named(child)


def _node(route: Mapping[str, Any], timeline: str, unit: float) -> dict[str, Any]:
    node = dict(route) | _in_seconds({key: route[key] for key in _DURATIONS if key in route}, unit)
    if "receiver" in node:
        node["receiver"] = f"{timeline}{BETWEEN}{node['receiver']}"
    if "routes" in node:
        node["routes"] = [_node(child, timeline, unit) for child in node["routes"]]
    return node


def _in_seconds(waits: Mapping[str, float], unit: float) -> dict[str, str]:
    return {key: f"{round(units * unit * 1000)}ms" for key, units in waits.items()}


def split(receiver: str) -> tuple[str, str]:
    """Take a receiver's name apart: timeline and receiver."""
    timeline, _, name = receiver.rpartition(BETWEEN)
    return timeline, name


@dataclass
class Hooks:
    """A server that notices are posted to; it keeps when each came."""

    came: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    server: FakeProvider = field(default_factory=FakeProvider)

    def start(self) -> "Hooks":
        self.server.start(self._step)
        return self

    def _step(self, provider: FakeProvider, connection: Any) -> bool:
        self.came.append((time.monotonic(), json.loads(provider.requests[-1].body)))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        return True


@dataclass
class Alertmanager:
    """Debian's prometheus-alertmanager, alone on loopback; its webhooks come to us. Implements Side."""

    port: int
    hooks: Hooks
    _silences: dict[str, str] = field(default_factory=dict)

    def push(self, labels: Mapping[str, str], *, firing: bool, began: float) -> None:
        now = time.time()
        alert = {"labels": dict(labels)}
        alert |= {"startsAt": stamp(now - began)} if firing else {"endsAt": stamp(now)}
        self._ask("POST", "/api/v2/alerts", [alert])

    def silence(self, name: str, matchers: Mapping[str, str], seconds: float) -> None:
        now = time.time()
        body = {
            "matchers": [
                {"name": label, "value": value, "isRegex": False, "isEqual": True} for label, value in matchers.items()
            ],
            "startsAt": stamp(now),
            "endsAt": stamp(now + seconds),
            "createdBy": "timelines",
            "comment": name,
        }
        self._silences[name] = self._ask("POST", "/api/v2/silences", body)["silenceID"]

    def expire(self, name: str) -> None:
        self._ask("DELETE", f"/api/v2/silence/{self._silences[name]}")

    def notices(self, begin: float, unit: float) -> list[Told]:
        return [_told(body, (at - begin) / unit) for at, body in self.hooks.came]

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == 200, text
            return json.loads(text) if text.startswith(b"{") else None
        finally:
            connection.close()


def _told(body: Mapping[str, Any], at: float) -> Told:
    timeline, receiver = split(body["receiver"].replace("\\", ""))  # Alertmanager quotes it as for a pattern
    by_state = {
        state: frozenset(alert["labels"]["alertname"] for alert in body["alerts"] if alert["status"] == state)
        for state in ("firing", "resolved")
    }
    return Told(at, timeline, receiver, **by_state)


def stamp(seconds: float) -> str:
    """Write an instant as the APIs do."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


@contextmanager
def alertmanager(home: Path, timelines: Iterable[Timeline], unit: float) -> Iterator[Alertmanager]:
    """One that is ready inside the block, and gone after it."""
    timelines = tuple(timelines)
    config = configuration(timelines, unit)
    hooks = Hooks().start()
    webhook = {"url": hooks.server.url}
    config["receivers"] = [
        {"name": name, "webhook_configs": [] if name == "nobody" else [webhook | {"send_resolved": wants}]}
        for name, wants in receivers(timelines).items()
    ]
    try:
        with alertmanager_at(home, json.dumps(config)) as port:
            yield Alertmanager(port, hooks)
    finally:
        hooks.server.stop()
