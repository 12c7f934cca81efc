"""A log as programs write it and logrotate turns it; what must be seen of it, and what may be lost."""

import os
import shutil
from collections.abc import Container
from pathlib import Path
from typing import Self


class Written:
    """Writes numbered lines. Times of change are turned by hand: file systems note them more slowly than tests go."""

    def __init__(self, folder: Path, *, appends: bool = True) -> None:
        self.path = folder / "shop.log"
        self.path.touch()
        self.lost: set[int] = set()
        self.is_told = True  # in which file to write
        self.number = 0
        self._folder = folder
        self._appends = appends
        self._half = False
        self._in_file: list[int] = []  # whole lines that stand in the file that is written to
        self._ticks = 1_700_000_000
        self._open()
        self._touch(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def write(self, count: int, *, half: bool = False) -> None:
        """Write so many lines; with `half`, begin one more."""
        for _ in range(count):
            os.write(self._file, self._end() if self._half else self._line())
            self._half = False
            self._in_file.append(self.number)
            self.number += 1
        if half and not self._half:
            os.write(self._file, self._line()[:5])
            self._half = True
        os.utime(self._file, ns=(self._tick(), self._ticks))

    def rename(self) -> None:
        """As logrotate does it: the writer goes on in the old file until it is told."""
        self.is_told = False
        self._shift()
        self.path.rename(self._beside(1))
        self.path.touch()
        self._touch(self.path)

    def reopen(self) -> None:
        """The writer is told; it ends the line that it has begun."""
        self.is_told = True
        if self._half:
            self.write(1)
        os.close(self._file)
        self._open()
        self._in_file = []

    def copy(self) -> None:
        """As logrotate does it with copytruncate, between two lines."""
        if self._half:
            self.write(1)
        self._shift()
        shutil.copyfile(self.path, self._beside(1))
        self._touch(self._beside(1))
        self._empty()

    def truncate(self, seen: Container[int]) -> None:
        """Empty it; what nobody has seen of it is lost."""
        self.lost |= {one for one in self._in_file if one not in seen}
        self._empty()

    def away(self) -> None:
        """Move it to where nobody looks for it, or back."""
        elsewhere = self._folder / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        if self.path.exists():
            self.path.rename(elsewhere / "shop.log")
        elif (elsewhere / "shop.log").exists():
            (elsewhere / "shop.log").rename(self.path)

    def _empty(self) -> None:
        os.truncate(self._file, 0)
        os.utime(self._file, ns=(self._tick(), self._ticks))
        self._half = False
        self._in_file = []

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if self._appends else 0)
        self._file = os.open(self.path, flags, 0o644)
        if not self._appends:
            os.lseek(self._file, 0, os.SEEK_END)

    @property
    def is_away(self) -> bool:
        """Whether nobody finds it."""
        return not self.path.exists()

    def _line(self) -> bytes:
        return f"line {self.number} of shop\n".encode()

    def _end(self) -> bytes:
        return self._line()[5:]

    def _beside(self, number: int) -> Path:
        return self._folder / f"shop.log.{number}"

    def _shift(self) -> None:
        for number in range(30, 0, -1):
            if self._beside(number).exists():
                self._beside(number).rename(self._beside(number + 1))

    def _touch(self, path: Path) -> None:
        os.utime(path, ns=(self._tick(), self._ticks))

    def _tick(self) -> int:
        self._ticks += 1_000
        return self._ticks
