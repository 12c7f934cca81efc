"""One transaction for many operations, in the writer's thread: it is one fsync for all of them."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from daemon.errors import StoreError, StoreUnavailable
from daemon.store.base import Row, Tx
from daemon.store.sqlite_file import is_fatal, words

Work = Callable[[Tx], Any]
Outcome = tuple[bool, Any]  # (True, result) or (False, exception)


class SqliteTx:
    """One operation's view of the transaction it shares with others."""

    __slots__ = ("_connection", "topics")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.topics: list[str] = []

    def one(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        """Run and return the first row, or None."""
        row: Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run and return all rows."""
        return self._connection.execute(sql, values).fetchall()

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run and return how many rows it touched."""
        return self._connection.execute(sql, values).rowcount

    def insert(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run an INSERT and return the new row's id."""
        return self._connection.execute(sql, values).lastrowid or 0

    def each(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run once for each row."""
        self._connection.executemany(sql, rows)

    def announce(self, topic: str) -> None:
        """Say that something changed."""
        self.topics.append(topic)


class Committed(msgspec.Struct, frozen=True):
    """What came of a transaction: why it could not be written, what each operation made of it, what it announced.

    `unwell` is None for one that wrote nothing: on a full disk that succeeds all the same.
    """

    unwell: str | None
    outcomes: list[Outcome]
    topics: set[str]


def commit(connection: sqlite3.Connection, works: Sequence[Work], path: Path) -> Committed:
    """Write all of them, or none when the disk says no; what one raises undoes only itself."""
    changes = connection.total_changes
    try:
        outcomes, topics = _together(connection, works) or _one_by_one(connection, works)
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing is on disk, and those who wait must hear it
        _roll_back(connection)
        unavailable = StoreUnavailable(f"cannot write {path}: {words(error)}")
        return Committed(str(unavailable), [(False, unavailable)] * len(works), set())
    return Committed("" if connection.total_changes != changes else None, outcomes, topics)


def _together(connection: sqlite3.Connection, works: Sequence[Work]) -> tuple[list[Outcome], set[str]] | None:
    """The usual case, in which none of them raises; when one does, nothing has happened."""
    outcomes: list[Outcome] = []
    topics: set[str] = set()
    connection.execute("BEGIN IMMEDIATE")
    try:
        for work in works:
            tx = SqliteTx(connection)
            outcomes.append((True, work(tx)))
            topics.update(tx.topics)
    except Exception as error:
        if isinstance(error, sqlite3.Error) and (is_fatal(error) or not connection.in_transaction):
            raise
        connection.execute("ROLLBACK")
        return None
    connection.execute("COMMIT")
    return outcomes, topics


def _one_by_one(connection: sqlite3.Connection, works: Sequence[Work]) -> tuple[list[Outcome], set[str]]:
    """Each in a savepoint of its own."""
    outcomes: list[Outcome] = []
    topics: set[str] = set()
    connection.execute("BEGIN IMMEDIATE")
    for work in works:
        tx = SqliteTx(connection)
        outcomes.append(_attempt(tx, connection, work))
        topics.update(tx.topics)
    connection.execute("COMMIT")
    return outcomes, topics


def _attempt(tx: SqliteTx, connection: sqlite3.Connection, work: Work) -> Outcome:
    """Run one operation inside a savepoint: what it raises undoes only itself."""
    connection.execute("SAVEPOINT operation")
    try:
        outcome = (True, work(tx))
    except sqlite3.Error as error:
        if is_fatal(error) or not connection.in_transaction:
            raise
        outcome = (False, StoreError(f"the store refused an operation: {error}"))
    except Exception as error:  # noqa: BLE001 - whatever a caller's function raises is its own, not its neighbours'
        outcome = (False, error)
    if not outcome[0]:
        connection.execute("ROLLBACK TO operation")
        tx.topics.clear()
    connection.execute("RELEASE operation")
    return outcome


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
