"""tocsind in a process of its own that is killed and started again while timelines are played against it."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event

from by_hand import tocsin_configuration
from running import Tocsind
from side_by_side import Hooks, Told, split, stamp
from timelines import Timeline
from until import until

SOURCE = "alertmanager"


class Killed:
    """Implements side_by_side.Side. What is sent while it is down is sent again, as every source does."""

    def __init__(self, daemon: Tocsind, hooks: Hooks) -> None:
        self._daemon = daemon
        self._hooks = hooks
        self._silences: dict[str, str] = {}

    def push(self, labels: Mapping[str, str], *, firing: bool, began: float) -> None:
        now = time.time()
        alert = {
            "labels": dict(labels),
            "annotations": {},
            "status": "firing" if firing else "resolved",
            "fingerprint": "/".join(labels.values()),
        }
        alert |= {"startsAt": stamp(now - began)} if firing else {"endsAt": stamp(now)}
        self._ask("POST", f"/webhook/{SOURCE}", {"version": "4", "alerts": [alert]})

    def silence(self, name: str, matchers: Mapping[str, str], seconds: float) -> None:
        now = time.time()
        equal = [{"name": label, "value": value, "isRegex": False} for label, value in matchers.items()]
        body = {
            "matchers": equal,
            "startsAt": stamp(now),
            "endsAt": stamp(now + seconds),
            "createdBy": "lin",
            "comment": name,
        }
        self._silences[name] = self._ask("POST", "/api/v2/silences", body)["silenceID"]

    def expire(self, name: str) -> None:
        self._ask("DELETE", f"/api/v2/silence/{self._silences[name]}")

    def notices(self, begin: float, unit: float) -> list[Told]:
        """What came, each delivery once: one whose answer was lost with the process comes again, marked as a repeat."""
        found, seen = [], set()
        for at, body in self._hooks.came:
            if body["delivery"] in seen:
                assert body["repeat"], body
                continue
            seen.add(body["delivery"])
            by_state = {
                state: frozenset(alert["labels"]["alertname"] for alert in body["alerts"] if alert["state"] == state)
                for state in ("firing", "resolved")
            }
            found.append(Told((at - begin) / unit, *split(body["receiver"]), **by_state))
        return found

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        answers: list[tuple[int, bytes]] = []

        def answered() -> bool:
            try:
                answers.append(
                    self._daemon.request(method, path, json.dumps(body).encode(), {"Content-Type": "application/json"})
                )
            except OSError:
                return False
            return True

        until(answered, within=20)
        status, text = answers[-1]
        assert status == 200, text
        return json.loads(text) if text.startswith(b"{") else None


@contextmanager
def killed(home: Path, timelines: tuple[Timeline, ...], unit: float, every: float) -> Iterator[Killed]:
    """One that is killed every so many units; it is up again in about a second."""
    hooks = Hooks().start()
    config = tocsin_configuration(timelines, unit, {"type": "webhook", "url": hooks.server.url})
    config |= {"sources": {SOURCE: {}}, "log": {"level": "warning"}}
    daemon = Tocsind(home, "".join(f"{key}: {json.dumps(value)}\n" for key, value in config.items()))
    daemon.start()
    enough = Event()
    killer = gevent.spawn(_kill, daemon, every * unit, enough)
    try:
        yield Killed(daemon, hooks)
    finally:
        enough.set()
        killer.join()
        daemon.kill()
        hooks.server.stop()


def _kill(daemon: Tocsind, every: float, enough: Event) -> None:
    while not enough.wait(every):
        daemon.kill()
        daemon.start()
