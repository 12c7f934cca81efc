"""How far a file was read, and whether a file is still the one that was."""

import hashlib
import itertools
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from daemon.probes.files.lines import Reader

HEAD = 128  # bytes at the beginning of a file by which it is known
TAIL = 512  # bytes before the place, of which a hash is kept
ALIKE = 64 * 1024  # bytes by which two files are compared
MOST_ENTRIES = 20_000  # of a folder that are looked at

_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
# What rotation puts behind the name, or, as Java does, before its suffix: numbers, dates, times.
_BEHIND = r"[.\-_](?:\d[\d.\-_T:]*|old|prev)"
_BETWEEN = r"(?:[.\-_]\d{4}[\d.\-_T:]*|\.\d{1,3})"
_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


class NoLogError(Exception):
    """What has that name can never be followed."""


class Bookmark(msgspec.Struct, frozen=True, array_like=True):
    """How far a file has been read, and how it is known again."""

    inode: int
    offset: int = 0  # where the next line begins
    head: bytes = b""
    tail: bytes = b""
    skips: bool = False  # inside a line that is too long, whose rest nobody wants
    is_copy: bool = False  # of what is read elsewhere: nothing in it is news

    def from_start(self, offset: int) -> "Bookmark":
        """Begin there."""
        return msgspec.structs.replace(self, offset=offset, skips=False)

    def read(self, file: int, reader: Reader) -> "Bookmark":
        """Read on as far as there is room."""
        offset, skips = reader.read(file, self.offset, skips=self.skips)
        return msgspec.structs.replace(self, offset=offset, skips=skips).marked(file)

    def marked(self, file: int) -> "Bookmark":
        """Note by what the file is known."""
        return msgspec.structs.replace(
            self, head=os.pread(file, min(HEAD, self.offset), 0), tail=_tail(file, self.offset)
        )


class Beside(msgspec.Struct, frozen=True):
    """A file that lies beside the log."""

    path: str
    inode: int
    changed: int  # nanoseconds
    is_rotated: bool  # it is called as what was rotated away is


def fits(file: int, place: Bookmark) -> bool:
    """Whether this is the file in which that place is; of a beginning nobody can tell."""
    if not place.offset:
        return True
    if os.fstat(file).st_size < place.offset:
        return False
    return os.pread(file, len(place.head), 0) == place.head and _tail(file, place.offset) == place.tail


def head_of(file: int) -> bytes:
    """The first bytes."""
    return os.pread(file, HEAD, 0)


def is_copy(file: int, other: int) -> bool:
    """Whether all that there is of the other stands at the beginning of this one, as far as that is looked at."""
    if os.fstat(other).st_size > os.fstat(file).st_size:
        return False
    begun = os.pread(other, ALIKE, 0)
    return os.pread(file, len(begun), 0) == begun


def read_on(former: Iterable[Bookmark], others: list[Beside], reader: Reader) -> tuple[Bookmark, ...]:
    """Read what has come to files that were rotated away; those that are gone are forgotten."""
    kept = []
    where = {one.inode: one for one in others}
    for place in former:
        if place.inode in where:
            with reopened(where[place.inode]) as file:
                if file is not None and fits(file, place):
                    kept.append(place if place.is_copy else place.read(file, reader))
    return tuple(kept)


@contextmanager
def opened(path: str) -> Iterator[int | None]:
    """The log itself; None when there is none. NoLogError for what is no file: a pipe would wait, or end its writer."""
    try:
        _check(Path(path).stat())
        file = os.open(path, _OPEN)
    except (FileNotFoundError, NotADirectoryError):
        yield None
        return
    try:
        _check(os.fstat(file))
        yield file
    finally:
        os.close(file)


@contextmanager
def reopened(one: Beside) -> Iterator[int | None]:
    """A file beside it, unless it has gone, is another meanwhile, or may not be read."""
    file = None
    with suppress(OSError):
        file = os.open(one.path, _OPEN | os.O_NOFOLLOW)
    try:
        yield file if file is not None and os.fstat(file).st_ino == one.inode else None
    finally:
        if file is not None:
            os.close(file)


def beside(path: str, inodes: set[int]) -> list[Beside]:
    """The files in its folder that are called as rotated ones are, or have one of these inodes; the latest last."""
    found: dict[int, Beside] = {}
    for name in dict.fromkeys((path, os.path.realpath(path))):
        folder, base = os.path.split(name)
        rotated = _rotated(base)
        with suppress(OSError), os.scandir(folder or ".") as entries:
            for entry in itertools.islice(entries, MOST_ENTRIES):
                is_rotated = rotated.fullmatch(entry.name) is not None
                if is_rotated or entry.inode() in inodes:
                    with suppress(OSError):
                        facts = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(facts.st_mode):
                            one = Beside(entry.path, facts.st_ino, facts.st_mtime_ns, is_rotated)
                            found.setdefault(one.inode, one)
    return sorted(found.values(), key=lambda one: one.changed)


def _rotated(base: str) -> re.Pattern[str]:
    stem, dot, suffix = base.rpartition(".")
    between = f"|{re.escape(stem)}{_BETWEEN}{re.escape(dot + suffix)}" if stem else ""
    return re.compile(re.escape(base) + _BEHIND + between, re.ASCII)


def _check(facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise NoLogError(f"is {_KINDS.get(stat.S_IFMT(facts.st_mode), 'no file')}, which cannot be followed")


def _tail(file: int, offset: int) -> bytes:
    start = max(0, offset - TAIL)
    return hashlib.blake2b(os.pread(file, offset - start, start), digest_size=8).digest()
