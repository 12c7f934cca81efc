"""A Sentry intake on a store of its own, and what came of what was sent to it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from behind_the_door import Daemon
from daemon.config.sentry import Project, Sentry
from daemon.config.settings import Settings
from daemon.faults.event import ErrorEvent
from daemon.internal import Check
from daemon.reading import Sign
from daemon.secret import Secret
from daemon.sentry.digest import Digest
from daemon.sentry.found import Found
from daemon.sentry.gate import Gate
from daemon.sentry.reading import Limits, read
from daemon.sentry.telling import Jobs
from daemon.series.key import Key
from daemon.series.rows import Row
from daemon.series.table import Table
from daemon.series.tally import Tally
from daemon.store.base import Tx
from daemon.store.migrate import MEASURED
from daemon.store.spool import Sent
from daemon.store.sqlite import SqliteStore
from daemon.units import Bytes
from fake_clock import FakeClock

KEY = "0123456789abcdef0123456789abcdef"
SHOP = Project(id=42, key=Secret(KEY))
LIMITS = Limits(10 * 1024**2, 1024**2)
AUTH = {"X-Sentry-Auth": f"Sentry sentry_key={KEY}, sentry_version=7, sentry_client=sentry.python/2.75.0"}
EVENT_ID = "9fc2a1b04c5d4e6f8a7b6c5d4e3f2a1b"


class Grouped:
    """Takes errors, and breaks where it is told to. What it has is what is on disk: a transaction may run twice."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._taken: dict[str, ErrorEvent] = {}
        self.breaks_at = ""
        self.told = 0
        self.batches: list[int] = []

    @property
    def errors(self) -> list[ErrorEvent]:
        rows = self._store.read(lambda tx: tx.all("SELECT name FROM facts WHERE name LIKE 'error %' ORDER BY name"))
        return [self._taken[name] for (name,) in rows]

    def digest(self, tx: Tx, errors: Sequence[ErrorEvent], now: float) -> None:
        del now
        self.batches.append(len(errors))
        for error in errors:
            ((number,),) = tx.all("SELECT count(*) FROM facts")
            name = f"error {number:06}"
            tx.run("INSERT INTO facts (name, value) VALUES (?, '')", (name,))
            self._taken[name] = error
            if self.breaks_at and self.breaks_at in error.message:
                raise ZeroDivisionError(error.message)

    def tell(self) -> None:
        self.told += 1


class Reporting:
    """All of it; `turn` works through what waits."""

    def __init__(self, path: Path, clock: FakeClock, **sentry: Any) -> None:
        self.clock = clock
        self.store = SqliteStore(path / "measured.db", MEASURED)
        self.settings = Sentry(**({"projects": {"shop": SHOP}} | sentry))
        self.table = Table(clock)
        self.table.on_closed(self._closed)
        self._came: dict[Key, Tally] = {}
        self.grouped = Grouped(self.store)
        self.heard: list[tuple[str, Sign]] = []
        self.alarms: list[tuple[Check, tuple[str, ...], str, str]] = []
        self.heartbeats = {"nightly"}
        self.hear_raises: Exception | None = None
        self.gate = Gate(self.store, clock, lambda: self.settings, lambda work: work())
        self.digest = Digest(
            self.store, clock, lambda: self.settings, self.gate, self.table, self.grouped,
            Jobs(self._hear, self._alarm, clock), self._alarm,
        )  # fmt: skip
        self.gate.start(self.digest.ring)

    def daemon(self) -> Daemon:
        """Everything behind an HTTP door that lets Sentry SDKs in."""
        return Daemon(settings=Settings(sentry=self.settings), clock=self.clock, intake=None, sentry=self.gate)

    def put(self, body: bytes, *, is_store: bool = False, app: str = "shop") -> None:
        self.gate.put(sent(body, is_store=is_store, at=self.clock.now(), app=app))

    def turn(self) -> None:
        """Work through all that waits."""
        while self.digest.turn():
            pass

    def series(self) -> dict[Key, Tally]:
        """What came, by series."""
        self._came = {}
        self.table.close_slot(self.table.open)
        return self._came

    def sums(self) -> dict[str, tuple[float, float]]:
        """How many and how much, by what people call the series."""
        return {str(key): (tally.count, tally.total) for key, tally in self.series().items()}

    def _closed(self, _start: int, rows: Sequence[Row]) -> None:
        for live, tally in rows:
            if live.key in self._came:
                self._came[live.key].merge(tally)
            else:
                self._came[live.key] = tally

    def _hear(self, name: str, sign: Sign) -> None:
        if self.hear_raises:
            raise self.hear_raises
        if name not in self.heartbeats:
            raise KeyError(name)
        self.heard.append((name, sign))

    def _alarm(self, check: Check, *about: str, title: str, text: str) -> None:
        self.alarms.append((check, about, title, text))


def sent(body: bytes, *, is_store: bool = False, at: float = 0.0, app: str = "shop", coding: str = "") -> Sent:
    return Sent(at=at, app=app, is_store=is_store, coding=coding, sdk="", plain=len(body), body=body)


def item(payload: object, kind: str = "event", **headers: object) -> bytes:
    """One item of an envelope, with its length."""
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return json.dumps({"type": kind, "length": len(raw), **headers}).encode() + b"\n" + raw + b"\n"


def envelope(*items: bytes, **headers: object) -> bytes:
    return json.dumps(headers).encode() + b"\n" + b"".join(items)


def event(**fields: object) -> dict[str, object]:
    return {"event_id": EVENT_ID, "level": "error", "message": "no money left", **fields}


def found(payload: Mapping[str, object] | bytes, kind: str = "event", at: float = 0.0, **headers: object) -> Found:
    """What is read out of an envelope with this one item."""
    return read(sent(envelope(item(payload, kind), **headers), at=at), LIMITS)


def small(**more: int) -> dict[str, Bytes]:
    return {name: Bytes(value) for name, value in more.items()}
