"""One run of a program: what it is given, what it says, and that nothing of it stays."""

import os
import signal
from collections.abc import Mapping, Sequence
from typing import IO, Any, NamedTuple

import gevent
from gevent import subprocess

KEPT = 64 * 1024  # bytes of each of its two outputs; what comes after is read and forgotten
LAST_WORDS = 0.2  # seconds after its end for what is still in the pipes, which a child of its may hold open
REAPED = 1.0  # seconds for the kernel to end what was killed


class Ended(NamedTuple):
    """How it ended: its exit code, negative for the signal that killed it, None when it had to be killed."""

    code: int | None
    out: bytes
    err: bytes


def run(argv: Sequence[str], given: bytes, environment: Mapping[str, str], within: float) -> Ended:
    """Start a program without a shell, in a session of its own; OSError when it cannot be started.

    It has the given environment and nothing else, `/` to work in, and inherits no open file. When `within` seconds are
    over, or whoever waits for it is stopped, it is killed with everything in its process group; so is what it
    leaves behind there at its end.
    """
    process = subprocess.Popen(
        list(argv),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        cwd="/",
        bufsize=0,
        close_fds=True,
        start_new_session=True,
    )
    out, err = bytearray(), bytearray()
    pipes: tuple[Any, ...] = (process.stdin, process.stdout, process.stderr)
    given_to = gevent.spawn(_give, pipes[0], given)
    heard = [gevent.spawn(_keep, pipes[1], out), gevent.spawn(_keep, pipes[2], err)]
    code: int | None = None
    try:
        code = process.wait(timeout=within)
        gevent.joinall(heard, timeout=LAST_WORDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if code is None or not all(one.ready() for one in heard):
            _kill(process)
        gevent.killall([given_to, *heard])
        for pipe in pipes:
            _close(pipe)
    return Ended(code, bytes(out), bytes(err))


def _give(pipe: IO[bytes], given: bytes) -> None:
    """Write; a program that does not want it all is free to stop reading."""
    left = memoryview(given)
    try:
        while left:
            left = left[pipe.write(left) :]
        pipe.close()
    except OSError:
        return


def _keep(pipe: IO[bytes], kept: bytearray) -> None:
    """Read to the end."""
    while data := pipe.read(KEPT):
        kept += data[: KEPT - len(kept)]


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End the whole group, whose number is the program's own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
    try:
        process.wait(timeout=REAPED)
    except subprocess.TimeoutExpired:
        return  # in the kernel's hands; it is reaped when it ends


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        return  # what was still to be written is for nobody
