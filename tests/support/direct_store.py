"""A store without threads and without fsync, for tests that open hundreds of them."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from daemon.store.base import Tx
from daemon.store.migrate import ALARMS, migrate
from daemon.store.transaction import SqliteTx

T = TypeVar("T")


class DirectStore:
    """`write` and `read` of `daemon.store.base.Store`, done by whoever calls."""

    def __init__(self, path: Path, schema: str = ALARMS) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA synchronous = OFF")
        migrate(self._connection, path, schema)

    def write(self, work: Callable[[Tx], T]) -> T:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(SqliteTx(self._connection))
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return result

    def read(self, work: Callable[[Tx], T]) -> T:
        return work(SqliteTx(self._connection))

    def close(self) -> None:
        self._connection.close()
