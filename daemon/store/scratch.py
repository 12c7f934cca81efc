"""A store in memory, with the schema of the real one: for what is only tried, and thrown away after."""

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from daemon.store.base import Tx
from daemon.store.migrate import migrate
from daemon.store.transaction import SqliteTx

T = TypeVar("T")

_NOWHERE = Path(":memory:")


class Scratch:
    """Empty when it is made. `aside` runs a function in a thread where it may take its time."""

    def __init__(self, aside: Callable[[Callable[[], Any]], Any]) -> None:
        self._aside = aside
        self._connection: sqlite3.Connection = aside(_opened)

    def write(self, work: Callable[[Tx], T]) -> T:
        """Run `work` in one transaction. Whatever it raises is raised here, and leaves the store as it is then."""
        result: T = self._aside(partial(_run, self._connection, work))
        return result

    def close(self) -> None:
        """Throw it away."""
        self._connection.close()


def _opened() -> sqlite3.Connection:
    connection = sqlite3.connect(_NOWHERE, isolation_level=None, check_same_thread=False, cached_statements=256)
    connection.execute("PRAGMA foreign_keys = ON")
    migrate(connection, _NOWHERE)
    return connection


def _run(connection: sqlite3.Connection, work: Callable[[Tx], T]) -> T:
    connection.execute("BEGIN")
    try:
        return work(SqliteTx(connection))
    finally:
        connection.execute("COMMIT")
