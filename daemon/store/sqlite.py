"""The store on SQLite: one writer with group commit, readers beside it.

Callers' operations gather while the last transaction is being written; all that gathered go into the next one,
which is one fsync for all of them (WAL, synchronous=FULL). See docs/decisions/0010-group-commit.md.
"""

import contextlib
import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import gevent
from gevent.hub import Waiter
from gevent.threadpool import ThreadPool

from daemon import telemetry
from daemon.errors import StoreUnavailable
from daemon.store.base import Tx
from daemon.store.migrate import ALARMS, migrate
from daemon.store.scratch import Scratch
from daemon.store.sqlite_file import check, lock, open_file, translated
from daemon.store.transaction import Committed, SqliteTx, commit

T = TypeVar("T")

MAX_BATCH = 500  # operations in one transaction: bounds how long the first of them waits
READERS = 2
CHECKPOINT_EVERY = 30  # commits after which the write-ahead log is copied back into the database


class SqliteStore:
    """Implements `daemon.store.base.Store`. One process at a time may have the file open."""

    def __init__(self, path: Path, schema: str = ALARMS) -> None:
        """Open, check and migrate; raises StoreLocked, StoreCorrupt, SchemaTooNew or StoreUnavailable."""
        self.path = path
        self.name: str
        self._listeners: dict[str, list[Callable[[], None]]] = defaultdict(list)
        self._queue: list[tuple[Callable[[Tx], Any], Waiter[Any]]] = []
        self._committing: gevent.Greenlet[[], None] | None = None
        self._unwell = ""
        self._closed = False
        self._lock = lock(path)
        try:
            with translated(path):
                self._writer = open_file(path)
                check(self._writer, path)
                migrate(self._writer, path, schema)
                (self.name,) = self._writer.execute("SELECT name FROM store_name").fetchone()
                self._readers = [open_file(path, "PRAGMA query_only = ON") for _ in range(READERS)]
                self._copier = open_file(path)
        except BaseException:
            os.close(self._lock)
            raise
        self._hub = gevent.get_hub()
        self._write_thread = ThreadPool(1)
        self._read_threads = ThreadPool(READERS)
        self._copy_thread = ThreadPool(1)
        self._scratch_thread = ThreadPool(1)
        self._copying: gevent.Greenlet[[], None] | None = None
        self._uncopied = 0

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

    def scratch(self) -> Scratch:
        """Make an empty store in memory; what runs on it has a thread of its own, and ends when this store closes."""
        return Scratch(self._aside)

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
        threads = (self._write_thread, self._read_threads, self._copy_thread, self._scratch_thread)
        for pool in threads:
            pool.join()
        for connection in (*self._readers, self._copier, self._writer):
            with contextlib.suppress(sqlite3.Error):
                connection.close()
        for pool in threads:
            pool.kill()
        os.close(self._lock)

    def _aside(self, work: Callable[[], Any]) -> Any:
        if self._closed:
            raise StoreUnavailable(f"{self.path} is closed")
        return self._scratch_thread.apply(work)

    def _commit_all(self) -> None:
        """Write batch after batch until nothing is queued."""
        while self._queue:
            batch = self._queue[:MAX_BATCH]
            del self._queue[:MAX_BATCH]
            works = [work for work, _ in batch]
            with telemetry.store_commit_seconds.time():
                done = self._write_thread.apply(commit, (self._writer, works, self.path))
            if done.unwell is not None:
                self._unwell = done.unwell
            if done.unwell:
                telemetry.store_failures.inc()
            else:
                telemetry.store_commits.inc()
                telemetry.store_operations.inc(len(batch))
                self._copy_now_and_then()
            self._hub.loop.run_callback(self._tell, [waiter for _, waiter in batch], done)
        self._committing = None

    def _tell(self, waiters: "list[Waiter[Any]]", done: Committed) -> None:
        """Wake the callers; runs in the hub, which is what a Waiter demands."""
        for waiter, (succeeded, value) in zip(waiters, done.outcomes, strict=True):
            if succeeded:
                waiter.switch(value)
            else:
                waiter.throw(value)
        for topic in done.topics:
            for listener in self._listeners[topic]:
                listener()

    def _copy_now_and_then(self) -> None:
        """Checkpoint beside the writer, who would otherwise stop for it with everybody waiting."""
        self._uncopied += 1
        if self._uncopied >= CHECKPOINT_EVERY and (self._copying is None or self._copying.dead):
            self._uncopied = 0
            self._copying = gevent.spawn(self._copy_beside)

    def _copy_beside(self) -> None:
        self._copy_thread.apply(self._copy)

    def _copy(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # the next one tries again; what is in the log is safe
            self._copier.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def _read(self, work: Callable[[Tx], T]) -> T:
        connection = self._readers.pop()
        try:
            with translated(self.path):
                connection.execute("BEGIN")
                try:
                    return work(SqliteTx(connection))
                finally:
                    connection.execute("ROLLBACK")
        finally:
            self._readers.append(connection)
