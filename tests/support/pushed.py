"""Lists in a real Redis, a reader for them, and slots that are closed by hand: a test decides what is on disk when."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from daemon.clock import Clock, SystemClock
from daemon.config.redislists import RedisList
from daemon.intakes.redislist.drain import Tools
from daemon.intakes.redislist.marks import Marks
from daemon.intakes.redislist.reader import Reader
from daemon.intakes.redislist.resp import Connection, Word
from daemon.internal import Check
from daemon.series.key import Kind
from daemon.series.rows import Row
from daemon.series.table import SLOT, Table
from daemon.store import facts
from daemon.store.base import Tx
from daemon.store.migrate import MEASURED
from daemon.store.sqlite import SqliteStore

LIST = "apm:0x00000001"


class Life:
    """One life of the process: it ends with `crash`, whatever is not on disk by then is gone."""

    def __init__(self, path: Path, clock: Clock | None = None, **given: Any) -> None:
        self.clock = clock or SystemClock()
        self.store = SqliteStore(path, MEASURED)
        self.table = Table(self.clock)
        self._rows: Callable[[Sequence[Row]], None] = lambda _: None
        self.table.on_closed(lambda _, rows: self._rows(rows))
        self.alarms: list[tuple[str, ...]] = []
        self.texts: list[str] = []
        self.marks = Marks(self.store)
        self.given = RedisList(**given)
        tools = Tools(self.table, self.clock, self.marks, self.store.name)
        self.reader = Reader(self.given, tools, self._alarm, self._over)
        self._hand = Connection(self.given, self.clock)

    def _alarm(self, check: Check, *about: str, title: str, text: str) -> None:
        self.alarms.append((check.value, *about[1:]))
        self.texts.append(f"{title}\n{text}")

    def _over(self, check: Check, *about: str) -> None:
        self.alarms = [one for one in self.alarms if one != (check.value, *about[1:])]

    def ask(self, *words: Word) -> object:
        """A command of a bystander's."""
        self._hand.open()
        return self._hand.one(*words)

    def push(self, *entries: object, key: str = LIST) -> None:
        """LPUSH, as applications do."""
        texts = [one if isinstance(one, str | bytes) else json.dumps(one) for one in entries]
        self.ask("LPUSH", key, *texts)

    def read(self) -> None:
        """Connect, and read until there is nothing more."""
        self.reader.connect()
        self.turns()

    def turns(self) -> None:
        while self.reader.turn():
            pass

    def close_slot(self, *, is_written: bool = True) -> None:
        """The slot is over, and on disk: what was counted in it, and how far the lists were read."""
        closed: list[Row] = []
        self._rows = closed.extend
        self.marks.closing()
        self.table.close_slot(int(self.clock.now()) // SLOT * SLOT)
        self.marks.closed()
        counted = Counter(
            {str(live.key): int(tally.count) for live, tally in closed if live.key.kind is not Kind.GAUGE}
        )
        cut = self.marks.cut()

        def write(tx: Tx) -> None:
            total = Counter(json.loads(facts.get(tx, "counted") or "{}")) + counted
            facts.note(tx, "counted", json.dumps(total))
            if cut is not None:
                cut.write(tx)

        self.store.write(write)
        if is_written and cut is not None:
            cut.done()

    def counted(self) -> Counter[str]:
        """What is on disk."""
        return Counter(json.loads(self.store.read(lambda tx: facts.get(tx, "counted")) or "{}"))

    def crash(self) -> None:
        self.reader.stop()
        self._hand.close()
        self.store.close()
