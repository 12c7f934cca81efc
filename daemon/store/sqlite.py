"""The store on SQLite: one writer with group commit, readers beside it.

Callers' operations gather while the last transaction is being written; all that gathered go into the next one,
which is one fsync for all of them (WAL, synchronous=FULL). See docs/decisions/0010-group-commit.md.
"""

import contextlib
import fcntl
import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import gevent
from gevent.hub import Waiter
from gevent.threadpool import ThreadPool

from daemon import telemetry
from daemon.errors import StoreCorrupt, StoreError, StoreLocked, StoreUnavailable
from daemon.store.base import Row, Tx
from daemon.store.migrate import migrate

T = TypeVar("T")

MAX_BATCH = 500  # operations in one transaction: bounds how long the first of them waits
READERS = 2
_UNAVAILABLE = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_IOERR: "the disk reports an i/o error",
    sqlite3.SQLITE_CANTOPEN: "its files cannot be opened",
    sqlite3.SQLITE_BUSY: "another process holds it",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
    sqlite3.SQLITE_NOTADB: "it is damaged",
    sqlite3.SQLITE_PERM: "permission is denied",
    sqlite3.SQLITE_NOMEM: "there is no memory",
}


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

    def announce(self, topic: str) -> None:
        """Say that something changed."""
        self.topics.append(topic)


Outcome = tuple[bool, Any]  # (True, result) or (False, exception)


class SqliteStore:
    """Implements `daemon.store.base.Store`. One process at a time may have the file open."""

    def __init__(self, path: Path) -> None:
        """Open, check and migrate; raises StoreLocked, StoreCorrupt, SchemaTooNew or StoreUnavailable."""
        self.path = path
        self.name: str
        self._listeners: dict[str, list[Callable[[], None]]] = defaultdict(list)
        self._queue: list[tuple[Callable[[Tx], Any], Waiter[Any]]] = []
        self._committing: gevent.Greenlet[[], None] | None = None
        self._unwell = ""
        self._closed = False
        self._lock = _lock(path)
        try:
            with _translated(path):
                self._writer = _open(path)
                _check(self._writer, path)
                migrate(self._writer, path)
                (self.name,) = self._writer.execute("SELECT name FROM store_name").fetchone()
                self._readers = [_open(path, "PRAGMA query_only = ON") for _ in range(READERS)]
        except BaseException:
            os.close(self._lock)
            raise
        self._hub = gevent.get_hub()
        self._write_thread = ThreadPool(1)
        self._read_threads = ThreadPool(READERS)

    def write(self, work: Callable[[Tx], T]) -> T:
        """Run `work` in the next transaction and wait until it is on disk."""
        if self._closed:
            raise StoreUnavailable(f"{self.path} is closed")
        waiter: Waiter[T] = Waiter()
        self._queue.append((work, waiter))
        if self._committing is None:
            self._committing = gevent.spawn(self._commit_all)
        return waiter.get()

    def read(self, work: Callable[[Tx], T]) -> T:
        """Run `work` on a snapshot, in a reader's thread."""
        if self._closed:
            raise StoreUnavailable(f"{self.path} is closed")
        result: T = self._read_threads.apply(self._read, (work,))
        return result

    def on(self, topic: str, listener: Callable[[], None]) -> None:
        """Call `listener` in the hub after commits that announced `topic`."""
        self._listeners[topic].append(listener)

    def healthy(self) -> str:
        """Why the last transaction that had something to write could not; empty when it could."""
        return self._unwell

    def size(self) -> int:
        """How many bytes the database and its log take on disk."""
        return sum(file.stat().st_size for file in (self.path, Path(f"{self.path}-wal")) if file.exists())

    def close(self) -> None:
        """Write what is queued, then close the files. Closing twice is closing once."""
        if self._closed:
            return
        self._closed = True
        while self._committing is not None:
            self._committing.join()
        self._write_thread.join()
        self._read_threads.join()
        for connection in (*self._readers, self._writer):
            with contextlib.suppress(sqlite3.Error):
                connection.close()
        self._write_thread.kill()
        self._read_threads.kill()
        os.close(self._lock)

    def _commit_all(self) -> None:
        """Write batch after batch until nothing is queued."""
        while self._queue:
            batch = self._queue[:MAX_BATCH]
            del self._queue[:MAX_BATCH]
            with telemetry.store_commit_seconds.time():
                unwell, outcomes, topics = self._write_thread.apply(self._commit, ([work for work, _ in batch],))
            if unwell is not None:
                self._unwell = unwell
            if unwell:
                telemetry.store_failures.inc()
            else:
                telemetry.store_commits.inc()
                telemetry.store_operations.inc(len(batch))
            self._hub.loop.run_callback(self._tell, [waiter for _, waiter in batch], outcomes, topics)
        self._committing = None

    def _tell(self, waiters: "list[Waiter[Any]]", outcomes: list[Outcome], topics: set[str]) -> None:
        """Wake the callers; runs in the hub, which is what a Waiter demands."""
        for waiter, (done, value) in zip(waiters, outcomes, strict=True):
            if done:
                waiter.switch(value)
            else:
                waiter.throw(value)
        for topic in topics:
            for listener in self._listeners[topic]:
                listener()

    def _commit(self, works: list[Callable[[Tx], Any]]) -> tuple[str | None, list[Outcome], set[str]]:
        """One transaction, in the writer's thread. Says why the store is unwell, and what came of each operation.

        None is said of a transaction that wrote nothing: on a full disk it succeeds all the same.
        """
        changes = self._writer.total_changes
        outcomes: list[Outcome] = []
        topics: set[str] = set()
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            for work in works:
                tx = SqliteTx(self._writer)
                outcomes.append(_attempt(tx, self._writer, work))
                topics.update(tx.topics)
            self._writer.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing is on disk, and those who wait must hear it
            if self._writer.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    self._writer.execute("ROLLBACK")
            unavailable = StoreUnavailable(f"cannot write {self.path}: {_words(error)}")
            return str(unavailable), [(False, unavailable)] * len(works), set()
        return "" if self._writer.total_changes != changes else None, outcomes, topics

    def _read(self, work: Callable[[Tx], T]) -> T:
        connection = self._readers.pop()
        try:
            with _translated(self.path):
                connection.execute("BEGIN")
                try:
                    return work(SqliteTx(connection))
                finally:
                    connection.execute("ROLLBACK")
        finally:
            self._readers.append(connection)


def _attempt(tx: SqliteTx, connection: sqlite3.Connection, work: Callable[[Tx], Any]) -> Outcome:
    """Run one operation inside a savepoint: what it raises undoes only itself."""
    connection.execute("SAVEPOINT operation")
    try:
        outcome = (True, work(tx))
    except sqlite3.Error as error:
        if _fatal(error) or not connection.in_transaction:
            raise
        outcome = (False, StoreError(f"the store refused an operation: {error}"))
    except Exception as error:  # noqa: BLE001 - whatever a caller's function raises is its own, not its neighbours'
        outcome = (False, error)
    if not outcome[0]:
        connection.execute("ROLLBACK TO operation")
        tx.topics.clear()
    connection.execute("RELEASE operation")
    return outcome


def _open(path: Path, *pragmas: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    for pragma in (
        "PRAGMA busy_timeout = 5000",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA foreign_keys = ON",
        "PRAGMA journal_size_limit = 67108864",
        *pragmas,
    ):
        connection.execute(pragma)
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a damaged file before anything is written to it."""
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise StoreCorrupt(f"{path} is damaged ({verdict}): restore a backup, or move it away to start empty")


def _lock(path: Path) -> int:
    """Make sure that no other process has this store open; return the descriptor that holds the lock."""
    name = f"{path}.lock"
    try:
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable(
            f"cannot open {name}: {error.strerror}; does its folder exist and may we write there?"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StoreLocked(f"{path} is open in another process; stop that one first, or use another store") from error
    return descriptor


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = _code(error)
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise StoreCorrupt(
                f"{path} is damaged ({error}): restore a backup, or move it away to start empty"
            ) from error
        if _fatal(error):
            raise StoreUnavailable(f"cannot use {path}: {_words(error)}") from error
        raise StoreError(f"the store refused an operation: {error}") from error


def _code(error: Exception) -> int:
    """The primary result code; the extended ones carry it in their low byte (sqlite.org/rescode.html)."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _fatal(error: sqlite3.Error) -> bool:
    return _code(error) in _UNAVAILABLE


def _words(error: Exception) -> str:
    if isinstance(error, MemoryError):  # what sqlite3 makes of SQLITE_NOMEM
        return _UNAVAILABLE[sqlite3.SQLITE_NOMEM]
    return f"{_UNAVAILABLE.get(_code(error), 'it failed')} ({error})"
