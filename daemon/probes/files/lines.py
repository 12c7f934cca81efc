"""Whole lines of growing files: bounded in length, in bytes, and in time."""

import os
from collections.abc import Callable

MOST_LINE = 16 * 1024  # bytes of a line that are looked at
CHUNK = 256 * 1024

Take = Callable[[bytes], object]


class Reader:
    """Reads files on from a place, as long as there is room: what is left over is read the next time."""

    def __init__(self, take: Take, most: int, is_late: Callable[[], bool]) -> None:
        self.lines = 0
        self.behind = 0  # bytes that nobody has read yet
        self._take = take
        self._room = max(most, MOST_LINE + CHUNK)  # less, and a long line would be begun again for ever
        self._is_late = is_late

    def read(self, file: int, offset: int, *, skips: bool) -> tuple[int, bool]:
        """Hand on every whole line from `offset`, which begins one; return where the next begins.

        With `skips` it lies inside a line that was too long, and what is left of that one is passed over; the
        answer says whether that is so again.
        """
        position, pending = offset, b""
        while self._room > 0 and not self._is_late():
            data = os.pread(file, min(CHUNK, self._room), position)
            if not data:
                break
            position += len(data)
            self._room -= len(data)
            *whole, pending = (pending + data).split(b"\n")
            if whole and skips:
                del whole[0]
                skips = False
            for line in whole:
                self._hand_on(line)
            # Where a file was truncated under a writer that goes on at its old place there is nothing but zeros.
            pending = pending.lstrip(b"\0")
            if skips:
                pending = b""
            elif len(pending) > MOST_LINE:
                self._hand_on(pending)
                pending, skips = b"", True
        self.behind += max(0, os.fstat(file).st_size - position)
        return position - len(pending), skips

    def _hand_on(self, line: bytes) -> None:
        self.lines += 1
        self._take(line.lstrip(b"\0")[:MOST_LINE].rstrip(b"\r"))


def begin(file: int, size: int) -> tuple[int, bool]:
    """Where the last line begins, which may not be whole yet; whether that is inside one that is too long."""
    start = max(0, size - MOST_LINE)
    data = os.pread(file, size - start, start)
    after = data.rfind(b"\n") + 1
    if after or not start:
        return start + after, False
    return start + len(data), True


def beyond_the_hole(file: int) -> int:
    """Where the first bytes are that were ever written."""
    try:
        return os.lseek(file, 0, os.SEEK_DATA)
    except OSError:  # an empty file, or a file system that knows no holes
        return 0
