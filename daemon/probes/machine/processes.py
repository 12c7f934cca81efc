"""The processes of this machine, as the kernel lists them; to be read in a thread, for there may be thousands."""

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from daemon.clock import Clock, SystemClock
from daemon.probes.machine.apart import Apart

FRESH = 1.0  # seconds for which a list holds, so that fifty probes read it once
MOST_LINE = 16 * 1024  # characters of a command line
MOST_DETAILED = 500  # processes that are measured
MOST_PIDFILE = 64  # bytes
FIRST = "/proc/1"  # the machine's first process, which everybody sees unless others' processes are hidden


class Seen(NamedTuple):
    """One process that runs; what has ended and is not reaped is none."""

    pid: int
    started: float  # seconds since the epoch, on a clock that is off by up to a second from one look to the next
    name: str
    line: str  # the command line; a thread of the kernel has its name in brackets


class Listed(NamedTuple):
    """The processes that could be seen, and whether there may be more."""

    processes: tuple[Seen, ...]
    hides: bool = False


class Measured(NamedTuple):
    """What several processes use together. What the kernel does not tell tocsin's user is None."""

    memory: int
    cpu: dict[int, tuple[int, int]]  # by number: when it started, and the milliseconds of CPU that it has used
    threads: int
    files: int | None
    users: tuple[str, ...]


class Table:
    """The list that everybody who looks within the same second shares."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._apart = Apart(1)
        self._listed = Listed(())
        self._read_at = float("-inf")

    def listed(self, limit: float) -> Listed:
        """All processes; HungError when the kernel does not tell them within `limit` seconds."""
        if self._clock.monotonic() - self._read_at > FRESH:
            self._listed = self._apart.call("processes", lambda: listed(psutil.pids()), limit)
            self._read_at = self._clock.monotonic()
        return self._listed


def listed(pids: Iterable[int]) -> Listed:
    """Those of these numbers that run, whom tocsin's user may see."""
    found, hides = [], not Path(FIRST).exists()
    for pid in pids:
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                name = process.name()
                line = " ".join(process.cmdline())[:MOST_LINE] or f"[{name}]"
                found.append(Seen(pid, process.create_time(), name, line))
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue  # it ended while we looked
        except (psutil.Error, OSError):
            hides = True
    return Listed(tuple(found), hides)


def measured(processes: Sequence[Seen]) -> Measured | None:
    """What they use; None when they are too many to be measured."""
    if len(processes) > MOST_DETAILED:
        return None
    memory, threads, cpu, users = 0, 0, {}, set()
    files: int | None = 0
    for one in processes:
        try:
            process = psutil.Process(one.pid)
            with process.oneshot():
                memory += process.memory_info().rss
                threads += process.num_threads()
                times = process.cpu_times()
                cpu[one.pid] = (round(one.started), round((times.user + times.system) * 1000))
                users.add(process.username())
                files = None if files is None else files + process.num_fds()
        except psutil.AccessDenied:
            files = None
        except (psutil.Error, OSError):
            continue
    return Measured(memory, cpu, threads, files, tuple(sorted(users)))


class Noted(NamedTuple):
    """What a pid file says, and when it was written."""

    pid: int
    at: float


def noted(path: str) -> Noted:
    """Read a pid file. OSError when it cannot be read, ValueError when it holds no number."""
    # Not waiting: a FIFO in its place would wait for somebody who writes.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise ValueError("is no file")
        words = os.read(descriptor, MOST_PIDFILE).split()
    finally:
        os.close(descriptor)
    if not words:
        raise ValueError("is empty")
    if not words[0].isdigit() or not 0 < int(words[0]) < 2**31:
        raise ValueError("holds no process number")
    return Noted(int(words[0]), facts.st_mtime)
