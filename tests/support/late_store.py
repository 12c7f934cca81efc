"""A store of what is measured that is opened when somebody first asks for it: most tests of methods never do."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from daemon.measures import beside
from daemon.store.base import Scratch, Store, Tx
from daemon.store.migrate import MEASURED
from daemon.store.sqlite import SqliteStore

T = TypeVar("T")


class LateStore:
    """Implements `daemon.store.base.Store`, beside the store of the alarms."""

    def __init__(self, store: Store) -> None:
        self._path = beside(store.path if isinstance(store, SqliteStore) else Path("nowhere.db"))
        self._opened: SqliteStore | None = None

    @property
    def name(self) -> str:
        return self._store.name

    @property
    def _store(self) -> SqliteStore:
        if self._opened is None:
            self._opened = SqliteStore(self._path, MEASURED)
        return self._opened

    def write(self, work: Callable[[Tx], T]) -> T:
        return self._store.write(work)

    def read(self, work: Callable[[Tx], T]) -> T:
        return self._store.read(work)

    def scratch(self) -> Scratch:
        return self._store.scratch()

    def on(self, topic: str, listener: Callable[[], None]) -> None:
        self._store.on(topic, listener)

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
