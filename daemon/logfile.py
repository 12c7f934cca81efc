"""A log file that rotates by size, notices when it was moved away, and whose full disk is nobody else's error."""

import logging
import os
import stat
import sys
from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOCTTY
_MODE = 0o640
_CLOSED = -1


class LogFile(logging.Handler):
    """Appends whole lines with one `write` each. Opened anew when another file, or none, stands at its path."""

    def __init__(self, path: str, max_bytes: int, keep: int) -> None:
        """Open it, making its folder. Raises OSError. `max_bytes` 0 leaves rotation to others."""
        super().__init__()
        self._path = Path(path)
        self._max_bytes = max_bytes
        self._keep = keep
        self._file = _CLOSED
        self._rotate_at = max_bytes
        self._lost = 0
        self._torn = False
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._open()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record. What cannot be written is counted, and the count is written as soon as that goes."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - an argument's __str__ may raise anything, and the caller only wants to log
            line = f"a record of {record.name}, {record.pathname}:{record.lineno}, cannot be written as text"
        try:
            self._follow()
            if self._lost:
                self._write(self._gap(record))
                self._lost = 0
            self._write(line)
        except OSError as error:
            self._lose(error)

    def reopen(self) -> None:
        """Go on in the file that stands at the path when the next line comes."""
        self.acquire()
        try:
            self._close()
        finally:
            self.release()

    def close(self) -> None:
        """Let go of the file."""
        self.reopen()
        super().close()

    def _open(self) -> None:
        self._file = os.open(self._path, _FLAGS, _MODE)
        self._rotate_at = self._max_bytes

    def _close(self) -> None:
        if self._file != _CLOSED:
            os.close(self._file)
            self._file = _CLOSED

    def _follow(self) -> None:
        """Make sure that what is open is what stands at the path."""
        if self._file != _CLOSED and not self._is_in_place():
            self._close()
        if self._file == _CLOSED:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._open()

    def _is_in_place(self) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(self._file))

    def _write(self, line: str) -> None:
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        if self._torn:  # the disk was full in the middle of a line
            data = b"\n" + data
        self._make_room(len(data))
        while data:
            written = os.write(self._file, data)
            data = data[written:]
            self._torn = bool(data)

    def _make_room(self, more: int) -> None:
        status = os.fstat(self._file)
        if not self._max_bytes or not stat.S_ISREG(status.st_mode):
            return
        if status.st_size < self._max_bytes:
            self._rotate_at = self._max_bytes  # someone has emptied it
        if not status.st_size or status.st_size + more <= self._rotate_at:
            return
        try:
            self._rotate()
        except OSError:
            # A file that is too long is better than no file; tried again when it has grown by a tenth.
            self._rotate_at = status.st_size + more + self._max_bytes // 10
            if self._file == _CLOSED:
                self._file = os.open(self._path, _FLAGS, _MODE)

    def _rotate(self) -> None:
        """`tocsin.log` becomes `tocsin.log.1`, that becomes `.2`, and the oldest goes."""
        names = [self._path, *(self._path.with_name(f"{self._path.name}.{i}") for i in range(1, self._keep + 1))]
        if not self._keep:
            self._path.unlink()
        for older, newer in zip(reversed(names[1:]), reversed(names[:-1]), strict=True):
            if newer.exists():
                newer.replace(older)
        self._close()
        self._open()

    def _gap(self, next_record: logging.LogRecord) -> str:
        """The line that stands where others are missing."""
        words = {
            "name": "tocsin.log",
            "levelno": logging.WARNING,
            "levelname": "WARNING",
            "msg": f"{self._lost} lines of the log could not be written here",
            "created": next_record.created,
        }
        return self.format(logging.makeLogRecord(words))

    def _lose(self, error: OSError) -> None:
        """Say so on standard error, once for each outage."""
        self._lost += 1
        self._close()
        if self._lost == 1 and sys.stderr is not None:
            try:
                sys.stderr.write(f"the log file {self._path} cannot be written: {error.strerror}\n")
                sys.stderr.flush()
            except (OSError, ValueError):
                return
