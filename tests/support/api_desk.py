"""Alertmanager's API on a real store, asked without a socket, with time turned by hand."""

from typing import Any

import msgspec

from daemon.alerting import due
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.config.settings import Settings
from daemon.listener.alertmanager.api import Api
from daemon.listener.alertmanager.parts import ApiParts
from daemon.listener.exchange import Answer, Request
from daemon.store import notices
from daemon.store.sqlite import SqliteStore
from fake_clock import FakeClock

SILENCE = {
    "matchers": [{"name": "alertname", "value": "Disk", "isRegex": False}],
    "startsAt": "2026-11-21T01:00:00Z",
    "endsAt": "2026-11-21T02:00:00Z",
    "createdBy": "lin",
    "comment": "new disk",
}


def pushed(name: str = "Disk", *, endsAt: str = "2026-11-21T01:04:00Z", **labels: str) -> dict[str, Any]:  # noqa: N803
    """An alert as Prometheus sends it."""
    return {
        "labels": {"alertname": name} | labels,
        "annotations": {"summary": f"{name} is wrong", "description": "It is."},
        "startsAt": "2026-11-21T00:59:00.5Z",
        "endsAt": endsAt,
        "generatorURL": "http://prom.example.com/graph?g0.expr=x",
    }


class ApiDesk:
    """The API and what stands behind it."""

    def __init__(self, store: SqliteStore, clock: FakeClock, settings: Settings) -> None:
        self.store, self.clock = store, clock
        self.settings = settings
        self.intake = Intake(store, clock, lambda: self.rules)
        self.api = Api(
            ApiParts(
                store=store,
                intake=self.intake,
                rules=lambda: self.rules,
                clock=clock,
                started_at=clock.now(),
                version="9.9",
            )
        )

    @property
    def settings(self) -> Settings:
        return self.rules.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self.rules = Rules(settings)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Bytes as they are, anything else as JSON; a header's name is written with an underscore."""
        raw = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        given = {"content-type": "application/json"} if body is not None else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        path, _, query = path.partition("?")
        request = Request(method=method, path=f"/api/v2/{path}", query=query, headers=given, body=raw)
        return self.api(request)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status == 200, answer
        return msgspec.json.decode(answer.body)

    def push(self, *alerts: Any) -> None:
        answer = self.ask("POST", "alerts", list(alerts))
        assert (answer.status, answer.body) == (200, b""), answer

    def silence(self, **more: Any) -> str:
        answer = self.ask("POST", "silences", SILENCE | more)
        assert answer.status == 200, answer
        return str(msgspec.json.decode(answer.body)["silenceID"])

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and what falls due in it be done at its end."""
        self.clock.jump(seconds)
        now, rules = self.clock.now(), self.rules
        self.store.write(lambda tx: due.do_due(tx, rules, now, 1_000))

    def told(self) -> list[tuple[str, str]]:
        """Every notice so far: its reason, and the title of what stands first in it."""
        rows = self.store.read(lambda tx: tx.all(f"SELECT {', '.join(notices.SELECTED)} FROM notices n ORDER BY n.id"))
        return [(notice.reason.value, notice.alert.title) for notice in map(notices.notice, rows)]
