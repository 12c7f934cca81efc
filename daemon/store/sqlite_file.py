"""A database file of SQLite's: locked for one process, opened, checked; its errors in our words."""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from daemon.errors import StoreCorrupt, StoreError, StoreLocked, StoreUnavailable

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


def open_file(path: Path, *pragmas: str) -> sqlite3.Connection:
    """Open a connection that any one thread at a time may use; transactions are begun by hand."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    for pragma in (
        "PRAGMA busy_timeout = 5000",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        # the store copies the log back beside the writer; this is only the bound for when it cannot keep up
        "PRAGMA wal_autocheckpoint = 16384",
        "PRAGMA foreign_keys = ON",
        "PRAGMA journal_size_limit = 67108864",
        *pragmas,
    ):
        connection.execute(pragma)
    return connection


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a damaged file before anything is written to it."""
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise StoreCorrupt(f"{path} is damaged ({verdict}): restore a backup, or move it away to start empty")


def lock(path: Path) -> int:
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
def translated(path: Path) -> Iterator[None]:
    """Raise what SQLite raises as StoreCorrupt, StoreUnavailable or StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        code = _code(error)
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise StoreCorrupt(
                f"{path} is damaged ({error}): restore a backup, or move it away to start empty"
            ) from error
        if is_fatal(error):
            raise StoreUnavailable(f"cannot use {path}: {words(error)}") from error
        raise StoreError(f"the store refused an operation: {error}") from error


def _code(error: Exception) -> int:
    """The primary result code; the extended ones carry it in their low byte (sqlite.org/rescode.html)."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def is_fatal(error: sqlite3.Error) -> bool:
    """Whether it is the file or the disk that failed, and not one statement."""
    return _code(error) in _UNAVAILABLE


def words(error: Exception) -> str:
    """Say what is wrong with the file or the disk."""
    if isinstance(error, MemoryError):  # what sqlite3 makes of SQLITE_NOMEM
        return _UNAVAILABLE[sqlite3.SQLITE_NOMEM]
    return f"{_UNAVAILABLE.get(_code(error), 'it failed')} ({error})"
