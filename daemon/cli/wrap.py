"""`tocsinctl run -- COMMAND`: a job with a heartbeat around it. Whatever becomes of tocsin, the job runs."""

import http.client
import os
import secrets
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import IO, Self
from urllib.parse import SplitResult, quote, urlsplit

from daemon.cli.ask import CannotAskError

BASE = "http://127.0.0.1:8420"
PATIENCE = 5.0  # seconds for one call, looking up the name and all
KEPT = 10 * 1024  # bytes of the output that are told: its end
NOT_FOUND, CANNOT = 127, 126  # what a shell says of a command that is not there, or cannot be run
KILLED = 128  # and more by the number of the signal
_PAUSES = (0.5, 1.5)  # seconds before the end of a job is told once more
_PASSED_ON = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_OF_A_TERMINAL = (signal.SIGINT, signal.SIGQUIT)
_PIECE = 64 * 1024
_LAST_PIECES = 64  # that are read at once when the command has ended
_CANNOT_BE_HELPED = range(400, 500)


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """Where a job calls in. Its key shows nowhere."""

    url: SplitResult = field(repr=False)
    run: str
    timeout: float

    @property
    def shown(self) -> str:
        """Where that is, for people."""
        return f"{self.url.scheme}://{self.url.hostname}:{self.url.port or 'default'}"

    @property
    def _late(self) -> str:
        return f"no answer within {self.timeout:g} s"

    def say(self, word: str, body: bytes = b"") -> str:
        """Call once; return why it was not heard, or nothing. It never takes longer than the time-out."""
        said: list[str] = []
        # A thread, because looking up a name knows no time-out.
        call = threading.Thread(target=lambda: said.append(self._call(word, body)), daemon=True)
        call.start()
        call.join(self.timeout)
        return said[0] if said else self._late

    def insist(self, word: str, body: bytes) -> str:
        """Call, and again where that may help."""
        why = self.say(word, body)
        for pause in _PAUSES:
            if not why or why.startswith("it says no"):
                break
            threading.Event().wait(pause)
            why = self.say(word, body)
        return why

    def _call(self, word: str, body: bytes) -> str:
        secure = self.url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self.url.hostname or "", self.url.port, timeout=self.timeout)
        try:
            path = f"{self.url.path.rstrip('/')}{word}?rid={self.run}"
            connection.request("POST", path, body, {"Content-Type": "text/plain"})
            answer = connection.getresponse()
            text = answer.read(_PIECE).decode("utf-8", "replace")
        except TimeoutError:
            return self._late
        except OSError as error:
            return error.strerror or str(error)
        except (http.client.HTTPException, ValueError) as error:
            return str(error) or type(error).__name__
        finally:
            connection.close()
        if answer.status == http.HTTPStatus.OK:
            return ""
        no = "it says no" if answer.status in _CANNOT_BE_HELPED else "it cannot"
        return f"{no}: {answer.status} {text[:200]}"


def heartbeat(key: str, url: str, timeout: float) -> Heartbeat:
    """Where to call: the URL of a heartbeat, or that of a tocsin and a key. Raises CannotAskError."""
    try:
        base = urlsplit(url or BASE)
        usable = base.scheme in ("http", "https") and bool(base.hostname) and (base.port is None or base.port > 0)
    except ValueError:
        base, usable = urlsplit(BASE), False
    if not usable or base.query or base.fragment:
        raise CannotAskError(f"--url is that of tocsin's HTTP door, such as {BASE}, or of a heartbeat: {BASE}/ping/KEY")
    if "/ping/" in f"{base.path}/":
        if key:
            raise CannotAskError("the URL names a heartbeat already: leave the key out, or shorten the URL")
    elif key:
        base = base._replace(path=f"{base.path.rstrip('/')}/ping/{quote(key, safe='')}")
    else:
        raise CannotAskError("whose heartbeat? Set TOCSIN_PING_KEY, which does not stand in `ps`, or give --key")
    return Heartbeat(url=base, run=secrets.token_hex(8), timeout=timeout)


def run(where: Heartbeat, argv: Sequence[str]) -> int:
    """Tell that it begins, run it, tell how it went; return what it returned."""
    _complain(where, "the start", where.say("/start"))
    job = Job(argv)
    code = job.run()
    _complain(where, "the end", where.insist(f"/{code}", bytes(job.tail[-KEPT:])))
    return code


def _complain(where: Heartbeat, of: str, why: str) -> None:
    if why:
        sys.stderr.write(f"tocsinctl: tocsin at {where.shown} did not hear of {of}: {' '.join(why.split())}\n")
        sys.stderr.flush()


class Job:
    """One command, whose output is passed through."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = list(argv)
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []  # signals that came before it ran
        self.tail = bytearray()

    def run(self) -> int:
        """Run it to its end; return its exit code as a shell would."""
        for number in _PASSED_ON:
            if signal.getsignal(number) is not signal.SIG_IGN:  # what `nohup` ignores stays ignored
                signal.signal(number, self._pass_on)
        try:
            child = subprocess.Popen(self._argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)  # noqa: S603 - it is what was asked for
        except (OSError, ValueError) as error:
            self.tail += f"{self._argv[0]} cannot be run: {error}\n".encode("utf-8", "replace")
            _write(2, bytes(self.tail))
            return NOT_FOUND if isinstance(error, FileNotFoundError) else CANNOT
        self._child = child
        for early in self._early:
            child.send_signal(early)
        self._relay(child)
        return child.returncode if child.returncode >= 0 else KILLED - child.returncode

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        """Hand a signal on, unless the terminal has given it to the command already."""
        if number in _OF_A_TERMINAL and _is_in_front():
            return
        if self._child is None:
            self._early.append(number)
        else:
            self._child.send_signal(number)

    def _relay(self, child: "subprocess.Popen[bytes]") -> None:
        """Pass on what it writes until it ends. What its own children write later is passed on by another process."""
        with Relay(child, self.tail) as relay:
            end = os.pidfd_open(child.pid)
            relay.ready.register(end, selectors.EVENT_READ)
            while child.poll() is None:
                relay.turn(None)
            relay.ready.unregister(end)
            os.close(end)
            for _ in range(_LAST_PIECES):
                if not relay.turn(0):
                    break
            if relay.is_open and os.fork() == 0:
                relay.outlive()


class Relay:
    """Two pipes, and where what comes out of them goes."""

    def __init__(self, child: "subprocess.Popen[bytes]", tail: bytearray) -> None:
        self.ready = selectors.DefaultSelector()
        self._tail = tail
        for pipe, to in ((child.stdout, 1), (child.stderr, 2)):
            if pipe is not None:
                self.ready.register(pipe, selectors.EVENT_READ, (pipe, to))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.ready.close()

    @property
    def is_open(self) -> bool:
        """Whether anybody can still write."""
        return bool(self.ready.get_map())

    def turn(self, timeout: float | None) -> bool:
        """Pass on what there is; say whether there was anything."""
        found = [key for key, _ in self.ready.select(timeout)]
        for key in found:
            if key.data is not None:
                self._piece(*key.data)
        return bool(found)

    def _piece(self, pipe: IO[bytes], to: int) -> None:
        data = os.read(pipe.fileno(), _PIECE)
        self._tail += data
        if len(self._tail) > 2 * _PIECE:
            del self._tail[:-KEPT]
        if not data or not _write(to, data):
            self.ready.unregister(pipe)
            pipe.close()  # so that whoever writes learns of it as it would without us

    def outlive(self) -> None:
        """Go on as long as somebody can write, in a process of its own that does nothing else."""
        try:
            for number in _PASSED_ON:
                signal.signal(number, signal.SIG_DFL)
            while self.is_open:
                self.turn(None)
        finally:
            os._exit(0)


def _write(to: int, data: bytes) -> bool:
    """Write all of it; say whether anybody reads it."""
    try:
        while data:
            data = data[os.write(to, data) :]
    except BrokenPipeError:
        return False
    except OSError:  # a full disk is not the job's fault, and its end must be told all the same
        return True
    return True


def _is_in_front() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
