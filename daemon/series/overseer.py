"""Tells when a name has too many series, and which label is to blame."""

import threading
from functools import partial

import gevent
import msgspec

from daemon.clock import Clock
from daemon.errors import StoreError
from daemon.internal import AGAIN, Alarm, AlarmOver, Check
from daemon.series.crowd import ALL, Exploded
from daemon.series.table import Table
from daemon.store import facts
from daemon.store.base import Store

TOLD = "series.crowded"  # the fact that says of which names that was told

_names = msgspec.json.Decoder(list[str]).decode


class Overseer:
    """Has a greenlet of its own: alarms wait for another disk."""

    def __init__(self, store: Store, table: Table, clock: Clock, alarm: Alarm, over: AlarmOver) -> None:
        self._store = store
        self._table = table
        self._clock = clock
        self._alarm = alarm
        self._over = over
        self._told: set[str] = set()
        self._seen: dict[str, Exploded] = {}  # as it was when it was told; of before a restart, when it was seen again
        self._raised_at = float("-inf")
        self._wake = threading.Event()
        self._greenlet: gevent.Greenlet[[], None] | None = None
        table.on_closed(self._closed)

    def start(self) -> None:
        """Begin to look after each slot. Raises StoreError."""
        self._told = set(_told(self._store.read(partial(facts.get, name=TOLD))))
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """Look no more."""
        if self._greenlet is not None:
            self._greenlet.kill()

    def look(self) -> None:
        """Raise an alarm for each name that has too many, and again each minute; end those that have room again."""
        exploded = {one.name: one for one in self._table.exploded(self._seen)}
        ended = {name for name in self._told - set(exploded) if self._table.has_room(name)}
        begun = set(exploded) - self._told
        self._told = (self._told | begun) - ended
        self._seen = {name: one for name, one in (exploded | self._seen).items() if name in self._told}
        self._raise(begun)
        for name in sorted(ended):
            self._table.make_room(name)
            self._over(Check.SERIES, name)
        if begun or ended:
            told = msgspec.json.encode(sorted(self._told)).decode()
            self._store.write(partial(facts.note, name=TOLD, value=told))

    def _raise(self, begun: set[str]) -> None:
        now = self._clock.monotonic()
        if is_due := now - self._raised_at >= AGAIN:
            self._raised_at = now
        for name, one in sorted(self._seen.items()):
            if is_due or name in begun:
                self._alarm(Check.SERIES, name, title=_title(one), text=_text(one))

    def _closed(self, start: int, rows: object) -> None:
        del start, rows
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._clock.wait(self._wake, None)
            self._wake.clear()
            try:
                self.look()
            except StoreError:
                continue  # it is told; only a restart would not know of it


def _told(text: str) -> list[str]:
    try:
        return _names(text) if text else []
    except msgspec.DecodeError:
        return []


def _title(one: Exploded) -> str:
    return "Too many series" if one.name == ALL else f"Too many series of the name {one.name}"


def _text(one: Exploded) -> str:
    whose = "all together" if one.name == ALL else "this name"
    setting = "series.most" if one.name == ALL else "series.most_per_name"
    blame = (
        f"the label {one.label!r} has about {one.different} different values"
        if one.label
        else f"there are about {one.different} different names"
    )
    return (
        f"{blame}, such as {', '.join(one.examples)}. There may be {one.most} series of {whose} ({setting}): what is"
        ' beyond is counted in one with the label other="true", so sums stay right. Do not send what is different each'
        " time (a user, an id, a full address) as a label, but what it is one of; or raise the bound."
    )
