"""What a supervisord says of its programs: XML-RPC over its socket, bounded in time and in size."""

import base64
import re
import socket
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError

import msgspec

from daemon.aside import LARGE
from daemon.clock import SystemClock
from daemon.probes.machine.apart import Apart, CrowdedError, HungError
from daemon.probes.network.dial import Missed, Watch, dialled
from daemon.secret import Secret

MOST_ANSWER = 1024**2  # bytes; a program takes about 1,500
CHUNK = 16 * 1024
PORT = 9001
RUNNING, STARTING, EXITED = 20, 10, 100  # states of a program, as supervisord numbers them

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)")
_BAD_NAME = 10
_SHUTTING_DOWN = 6
_APART = Apart(1)


class Program(msgspec.Struct, frozen=True, rename={"state_name": "statename", "error": "spawnerr"}):
    """How one of its processes stands. Times are seconds since the epoch, on the clock of its machine."""

    name: str
    group: str
    state: int
    state_name: str
    start: int = 0
    now: int = 0
    pid: int = 0
    exitstatus: int = 0  # 0 also for one that never came up
    error: str = ""

    @property
    def full_name(self) -> str:
        """As supervisorctl writes it."""
        return self.name if self.name == self.group else f"{self.group}:{self.name}"

    @property
    def uptime(self) -> float:
        """For how long it has been running; the same clock tells both."""
        return float(max(0, self.now - self.start))


class ForbiddenError(Exception):
    """This supervisord does not let us ask; the sentence says what to do."""


@dataclass(frozen=True)
class Supervisor:
    """Where a supervisord listens, and as whom to ask it."""

    url: str
    user: str = ""
    password: Secret | None = field(default=None, repr=False)

    def programs(self, name: str, watch: Watch) -> list[Program]:
        """One program, or with `group:*` all of a group; else Missed, OSError or ForbiddenError."""
        group, _, wanted = name.partition(":")
        if wanted != "*":
            return [_program(self._call("supervisor.getProcessInfo", (name,), watch))]
        everything = self._call("supervisor.getAllProcessInfo", (), watch)
        if not isinstance(everything, list):
            raise Missed("the answer is none of supervisord's")
        found = [one for one in map(_program, everything) if one.group == group]
        if not found:
            raise Missed(f"supervisord knows no group {group}")
        return found

    def _call(self, method: str, arguments: tuple[str, ...], watch: Watch) -> object:
        body = xmlrpc.client.dumps(arguments, method).encode()
        try:
            with self._reached(watch) as sock, watch.phase("answer"):
                status, answer = _exchange(sock, self._request(body))
        except PermissionError as error:
            raise ForbiddenError(
                "tocsin's user may not use supervisord's socket: set chown and chmod in its [unix_http_server]"
            ) from error
        except FileNotFoundError as error:
            raise Missed(f"there is no socket {self.url.removeprefix('unix://')}: supervisord does not run") from error
        if status in {401, 403}:
            raise ForbiddenError("supervisord wants another user and password: set those of its http server")
        if status != 200:  # noqa: PLR2004 - the only status that XML-RPC has
            raise Missed(f"supervisord answers with status {status}")
        if len(answer) > LARGE:
            return _aside(answer, watch.left())
        return _read(answer)

    @contextmanager
    def _reached(self, watch: Watch) -> Iterator[socket.socket]:
        parts = urlsplit(self.url)
        if parts.scheme != "unix":
            with dialled(str(parts.hostname), parts.port or PORT, watch) as sock:
                yield sock
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            with watch.phase("connect"):
                sock.connect(self.url.removeprefix("unix://"))
            yield sock

    def _request(self, body: bytes) -> bytes:
        """As HTTP/1.0, so that the answer comes in one piece and ends with the connection."""
        lines = ["POST /RPC2 HTTP/1.0", "Host: localhost", "Content-Type: text/xml", f"Content-Length: {len(body)}"]
        if self.user or self.password:
            pair = f"{self.user}:{self.password.reveal() if self.password else ''}"
            lines.append(f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}")
        return "\r\n".join([*lines, "", ""]).encode() + body


def _exchange(sock: socket.socket, request: bytes) -> tuple[int, bytes]:
    """Ask, and read to the end."""
    clock = SystemClock()
    sock.sendall(request)
    answer = bytearray()
    while data := sock.recv(CHUNK):
        answer += data
        if len(answer) > MOST_ANSWER:
            raise Missed(f"the answer is longer than {MOST_ANSWER} bytes")
        clock.breathe()  # one that sends faster than we read would never make us wait
    head, end, body = bytes(answer).partition(b"\r\n\r\n")
    status = _STATUS.match(head)
    if status is None or not end:
        raise Missed("the answer is none of supervisord's" if answer else "the connection was closed without an answer")
    return int(status[1]), body


def _aside(answer: bytes, limit: float) -> object:
    """Read a large one beside the event loop."""
    try:
        return _APART.call(object(), lambda: _read(answer), limit)
    except (HungError, CrowdedError) as error:
        raise Missed("the answer takes too long to read") from error


def _read(answer: bytes) -> object:
    """What the method returned."""
    if b"<!" in answer or b"\0" in answer:  # no document types, which can make much of little; in UTF-16 neither
        raise Missed("the answer is none of supervisord's")
    try:
        (value,), _ = xmlrpc.client.loads(answer)
    except xmlrpc.client.Fault as fault:
        if fault.faultCode == _BAD_NAME:
            raise Missed("supervisord knows no program of that name") from fault
        if fault.faultCode == _SHUTTING_DOWN:
            raise Missed("supervisord is shutting down") from fault
        raise Missed(f"supervisord answers with fault {fault.faultCode}") from fault
    except (
        xmlrpc.client.Error,
        ExpatError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        OverflowError,
    ) as error:
        raise Missed("the answer is none of supervisord's") from error
    return value


def _program(told: object) -> Program:
    try:
        return msgspec.convert(told, Program)
    except (msgspec.ValidationError, TypeError) as error:
        raise Missed("the answer is none of supervisord's") from error
