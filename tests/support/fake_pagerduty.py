"""PagerDuty's Events API v2 as far as tocsin meets it: validates events, keeps incidents by their dedup_key.

In a test: `with FakePagerDuty() as pagerduty: … pagerduty.url …`; with `now` it keeps to its rate.
"""

import json
from collections import deque
from collections.abc import Callable
from typing import Any, Self

from gevent.socket import socket

from fake_limits import Window
from fake_provider import FakeProvider, Step, say

KEY = "c4n4ry-5ecret"
MOST_EVENT = 512_000


def answer(status: str, number: int, message: str = "", errors: tuple[str, ...] = ()) -> Step:
    """Answer as the API does."""
    body: dict[str, Any] = {"status": status, "message": message}
    if errors:
        body["errors"] = errors
    return say(number, json.dumps(body).encode())


class FakePagerDuty(FakeProvider):
    """One integration. `events` are those taken; `open` the incidents that are open, by dedup_key."""

    def __init__(self, now: Callable[[], float] | None = None) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []
        self.open: dict[str, dict[str, Any]] = {}
        self.script: deque[Step] = deque()
        self._rate = Window(120, 60.0, now) if now else None
        self.then(self._answer)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _answer(self, _: FakeProvider, connection: socket) -> bool:
        return (self.script.popleft() if self.script else self._judged())(self, connection)

    def _judged(self) -> Step:
        asked = self.requests[-1]
        if asked.target != "/v2/enqueue":
            return say(404, b"")
        if len(asked.body) > MOST_EVENT:
            return say(413, b"Request Entity Too Large")
        if self._rate and self._rate.take():
            return answer("throttle exceeded", 429, "Events are arriving too quickly", ("Enhance Your Calm.",))
        event = json.loads(asked.body)
        errors = wrong(event)
        if errors:
            return answer("invalid event", 400, "Event object is invalid", errors)
        self.events.append(event)
        key = event["dedup_key"]
        if event["event_action"] == "trigger":
            self.open[key] = event
        else:
            self.open.pop(key, None)
        body = {"status": "success", "message": "Event processed", "dedup_key": key}
        return say(202, json.dumps(body).encode())


def wrong(event: dict[str, Any]) -> tuple[str, ...]:
    """What PagerDuty would say is wrong with an event."""
    errors = []
    if event.get("routing_key") != KEY:
        errors.append("Invalid routing key")
    if event.get("event_action") not in {"trigger", "acknowledge", "resolve"}:
        errors.append("'event_action' is missing or invalid")
    if len(event.get("dedup_key", "")) > 255:
        errors.append("'dedup_key' is too long")
    if event.get("event_action") == "trigger":
        payload = event.get("payload", {})
        errors += [f"'payload.{name}' is missing or blank" for name in ("summary", "source") if not payload.get(name)]
        if len(payload.get("summary", "")) > 1_024:
            errors.append("'payload.summary' is too long")
        if payload.get("severity") not in {"critical", "error", "warning", "info"}:
            errors.append("'payload.severity' is invalid (must be one of: 'info', 'warning', 'error', or 'critical')")
        errors += ["'links' is invalid" for link in event.get("links", []) if not link["href"].startswith("http")]
    return tuple(errors)
