"""Up to where each list that was taken is counted in what is on disk: written together with the slot that counts it.

What was read is added to series in memory, which are on disk up to ten seconds later. Until then it stays in Redis.
When a slot is closed, the place that each list was read to at that very moment is noted down in the same transaction;
after it, and not before, Redis is told to forget what lies behind that place. Whenever the process dies, the store
says exactly what is counted: nothing is lost, and nothing counts twice.
"""

import threading
from collections.abc import Mapping

from daemon.series.recorder import Recorder
from daemon.series.table import Table
from daemon.series.writing import Cut
from daemon.store import taken
from daemon.store.base import Store


class Marks:
    """The places, for all lists of all servers."""

    def __init__(self, store: Store) -> None:
        """Read what is noted. Raises StoreUnavailable."""
        self._durable: dict[str, int | None] = dict(store.read(taken.all_noted).items())
        self._wanted: dict[str, int | None] = dict(self._durable)
        self._taken: dict[str, int | None] = {}  # the places when the slot began to be closed
        self._open = threading.Event()
        self._open.set()

    def kept_by(self, table: Table, recorder: Recorder) -> None:
        """Have them written with the slots that this one writes."""
        table.on_closing(self.closing)
        table.on_closed(lambda *_: self.closed())
        recorder.cut = self.cut

    def durable(self, name: str) -> int | None:
        """How much of a list is unread by what is on disk; None where nothing is noted."""
        return self._durable.get(name)

    def unread(self, name: str) -> int | None:
        """How much of a list is unread now, on disk or not; None where nothing is known of it."""
        return self._wanted.get(name)

    def note(self, name: str, unread: int) -> None:
        """So much is unread now."""
        self._wanted[name] = unread

    def forget(self, name: str) -> None:
        """The list is gone; its name can be used again once that is on disk: when nothing `is_noted` any more."""
        self._wanted[name] = None

    def is_noted(self, name: str) -> bool:
        """Whether anything may be on disk about this name."""
        return name in self._wanted or name in self._durable

    def closing(self) -> None:
        """The slot is being closed, series by series: where the lists are read to now is what it holds of them."""
        durable = self._durable
        self._taken = {
            name: unread for name, unread in self._wanted.items() if name not in durable or durable[name] != unread
        }
        self._open.clear()

    def closed(self) -> None:
        """It is: what is added from now on is in the next one."""
        self._open.set()

    def wait(self) -> None:
        """Wait while a slot is being closed: of what was added meanwhile nobody could say which slot it is in."""
        self._open.wait()

    def cut(self) -> Cut | None:
        """What to write with the slot that was closed."""
        self.closed()
        taken_then, self._taken = self._taken, {}
        if not taken_then:
            return None
        return Cut(lambda tx: taken.note(tx, taken_then), lambda: self._written(taken_then))

    def _written(self, changed: Mapping[str, int | None]) -> None:
        for name, unread in changed.items():
            if unread is not None:
                self._durable[name] = unread
                continue
            self._durable.pop(name, None)
            if self._wanted.get(name) is None:
                self._wanted.pop(name, None)
