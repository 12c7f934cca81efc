"""tocsin really running, its webhook channel posting to us: the other side of side_by_side."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from apps import Running, logging_as_it_was
from by_hand import tocsin_configuration
from daemon.clock import SystemClock
from daemon.listener.server import open_socket
from daemon.store import silences
from daemon.store.silences import Silence
from side_by_side import Hooks, Told, split, stamp
from timelines import Timeline

SOURCE = "alertmanager"


@dataclass
class Tocsin:
    """Implements side_by_side.Side. Alerts come as an Alertmanager's webhook brings them."""

    running: Running
    hooks: Hooks
    _silences: dict[str, Silence] = field(default_factory=dict)

    def push(self, labels: Mapping[str, str], *, firing: bool, began: float) -> None:
        now = SystemClock().now()
        alert = {
            "labels": dict(labels),
            "annotations": {},
            "status": "firing" if firing else "resolved",
            "fingerprint": "/".join(labels.values()),
        }
        alert |= {"startsAt": stamp(now - began)} if firing else {"endsAt": stamp(now)}
        answer = self.running.post(f"/webhook/{SOURCE}", {"version": "4", "alerts": [alert]})
        assert answer.status == 200, answer.body

    def silence(self, name: str, matchers: Mapping[str, str], seconds: float) -> None:
        now = SystemClock().now()
        wanted = Silence(
            matchers=[f'{label}="{value}"' for label, value in matchers.items()],
            starts_at=now, ends_at=now + seconds, author="timelines", comment=name, created_at=now, updated_at=now,
        )  # fmt: skip
        self._silences[name] = self.running.app._agenda._store.write(lambda tx: silences.add(tx, wanted))

    def expire(self, name: str) -> None:
        now = SystemClock().now()
        over = msgspec.structs.replace(self._silences[name], ends_at=now, updated_at=now)
        self.running.app._agenda._store.write(lambda tx: silences.replace(tx, over))

    def notices(self, begin: float, unit: float) -> list[Told]:
        found = []
        for at, body in self.hooks.came:
            by_state = {
                state: frozenset(alert["labels"]["alertname"] for alert in body["alerts"] if alert["state"] == state)
                for state in ("firing", "resolved")
            }
            found.append(Told((at - begin) / unit, *split(body["receiver"]), **by_state))
        return found


@contextmanager
def tocsin(home: Path, timelines: tuple[Timeline, ...], unit: float) -> Iterator[Tocsin]:
    """One that is up inside the block."""
    hooks = Hooks().start()
    config = tocsin_configuration(timelines, unit, {"type": "webhook", "url": hooks.server.url}) | {
        "listen": {"http": "127.0.0.1:0", "zmq": f"ipc://{home}/zmq"},
        "store": f"sqlite:///{home}/tocsin.db",
        "sources": {SOURCE: {}},
    }
    (home / "tocsin.yml").write_text(json.dumps(config))
    with logging_as_it_was(), open_socket("127.0.0.1:0") as door:
        running = Running(home, door)
        running.app.start()
        try:
            yield Tocsin(running, hooks)
        finally:
            running.app.stop()
            hooks.server.stop()
