"""One run of a program: what it is given, what it says, and that nothing of it stays."""

import os
import re
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any, NamedTuple

import gevent
from gevent import Greenlet
from gevent.event import AsyncResult
from gevent.lock import Semaphore
from gevent.os import make_nonblocking, nb_read, nb_write

from daemon.clock import SystemClock

BASIC = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
}  # what every program has in its environment, beside what is set for it
KEPT = 64 * 1024  # bytes of each of its two outputs; what comes after is read and forgotten
LAST_WORDS = 0.2  # seconds after its end for what is still in the pipes, which a child of its may hold open
REAPED = 0.5  # seconds for the kernel to end what was killed
_IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)  # Python ignores them, and a program would inherit that
_THREE = 3  # standard input, output and error
_ONE_AT_A_TIME = Semaphore()
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Ended(NamedTuple):
    """How it ended: its exit code, negative for the signal that ended it, None when it had to be killed."""

    code: int | None
    out: bytes
    err: bytes


def check_environment(variables: Mapping[str, str]) -> None:
    """Refuse what cannot be set beside what every program has; no value is quoted, for it may be a secret."""
    for name, value in variables.items():
        if not _NAME.fullmatch(name) or name in BASIC or name.startswith("TOCSIN_"):
            raise ValueError(f"env: {name!r} cannot be set; a name has letters, digits and _, and is not tocsin's own")
        if "\0" in value:
            raise ValueError(f"env: the value of {name} holds a zero byte")


def run(
    argv: Sequence[str],
    given: bytes,
    environment: Mapping[str, str],
    within: float,
    *,
    mercy: float = 0.0,
    may_leave: bool = True,
) -> Ended:
    """Start a program without a shell, in a session of its own; OSError when it cannot be started.

    It has the given environment and nothing else, and inherits no open file. When `within` seconds are over, or
    whoever waits for it is stopped, it is killed with everything in its process group; `mercy` is how many of them
    it is given to end by itself once it is told to. What it leaves behind in its group is killed where it holds the
    output open, and in any case unless it `may_leave` something.
    """
    clock = SystemClock()
    until = clock.monotonic() + within
    with _ONE_AT_A_TIME:
        # A start takes the event loop a millisecond or two: between many at once everybody else has a turn.
        clock.breathe()
        child = _Child(argv, environment)
    out, err = bytearray(), bytearray()
    giving = gevent.spawn(_give, child.given, given)
    hearing = [gevent.spawn(_keep, child.out, out), gevent.spawn(_keep, child.err, err)]
    code: int | None = None
    try:
        code = child.wait(max(0.0, until - mercy - clock.monotonic()))
        if code is not None:
            gevent.joinall(hearing, timeout=LAST_WORDS)
        elif mercy:
            child.signal(signal.SIGTERM)
            child.wait(mercy)
    finally:
        is_over = code is not None and all(one.ready() for one in hearing)
        child.end([giving, *hearing], whole=not (is_over and may_leave))
    return Ended(code, bytes(out), bytes(err))


class _Child:
    """A running program, and our ends of its pipes. Nothing can come in between its start and our watching it.

    It is started with posix_spawn: a fork would copy our tables, and run Python in the copy beside locks that native
    threads may hold.
    """

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        (its_in, self.given), (self.out, its_out), (self.err, its_err) = _pipe(), _pipe(), _pipe()
        self._ours, theirs = (self.given, self.out, self.err), (its_in, its_out, its_err)
        actions: list[tuple[Any, ...]] = [(os.POSIX_SPAWN_DUP2, one.fileno(), n) for n, one in enumerate(theirs)]
        actions += [(os.POSIX_SPAWN_CLOSE, fd) for fd in _inheritable()]
        loop = gevent.get_hub().loop
        loop.install_sigchld()
        try:
            self._pid = os.posix_spawn(
                argv[0],
                list(argv),
                dict(environment),
                file_actions=actions,
                setsid=True,
                setsigmask=(),
                setsigdef=_IGNORED,
            )
        except BaseException:
            self._close()
            raise
        finally:
            for one in theirs:
                one.close()
        self._status: AsyncResult[int] = AsyncResult()
        self._watcher = loop.child(self._pid)
        self._watcher.start(self._over)
        for one in self._ours:
            make_nonblocking(one.fileno())

    def wait(self, within: float) -> int | None:
        """Its exit code; None when it has none after so many seconds."""
        self._status.wait(within)
        status = self._status.value if self._status.ready() else None
        return None if status is None else os.waitstatus_to_exitcode(status)

    def signal(self, number: int) -> None:
        """Tell all of its process group, whose number is its own."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, number)

    def end(self, helpers: "list[Greenlet[Any, Any]]", *, whole: bool) -> None:
        """Let go of it; with `whole` its process group is killed."""
        try:
            if whole:
                self.signal(signal.SIGKILL)
                self._status.wait(REAPED)  # what is stuck in the kernel is reaped when it ends
        finally:
            gevent.killall(helpers)
            self._close()

    def _over(self) -> None:
        self._status.set(self._watcher.rstatus)
        self._watcher.close()

    def _close(self) -> None:
        for one in self._ours:
            one.close()


def _pipe() -> tuple[FileIO, FileIO]:
    """As files: they are closed at once, and descriptors, under gevent, only when the event loop comes round."""
    reading, writing = os.pipe()
    return FileIO(reading), FileIO(writing, "w")


def _give(pipe: FileIO, given: bytes) -> None:
    """Write, then close; a program that does not want it all is free to stop reading."""
    left = memoryview(given)
    with suppress(OSError):
        while left:
            left = left[nb_write(pipe.fileno(), left) :]
    pipe.close()


def _keep(pipe: FileIO, kept: bytearray) -> None:
    """Read to the end. One that prints faster than we read would never make us wait, and nobody else would run."""
    clock = SystemClock()
    while data := nb_read(pipe.fileno(), KEPT):
        kept += data[: KEPT - len(kept)]
        if len(kept) == KEPT:
            clock.breathe()


def _inheritable() -> Iterator[int]:
    """What the program would inherit: libraries may have left files open for it."""
    for entry in Path("/proc/self/fd").iterdir():
        fd = int(entry.name)
        with suppress(OSError):  # the folder itself, which is closed again
            if fd >= _THREE and os.get_inheritable(fd):
                yield fd
