"""A provider that answers as told, over real sockets, and remembers what it was asked."""

import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from gevent.event import Event
from gevent.server import StreamServer
from gevent.socket import socket

Step = Callable[["FakeProvider", socket], bool]  # says whether the connection stays open


@dataclass
class Asked:
    """One request, as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def say(status: int = 200, body: bytes = b"{}", **headers: str) -> Step:
    """Answer; a keyword `retry_after="3"` becomes the header `Retry-After: 3`."""

    def step(_: "FakeProvider", connection: socket) -> bool:
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return True

    return step


def raw(data: bytes, *, stay: bool = False) -> Step:
    """Send these bytes, then hang up (or stay, saying nothing more)."""

    def step(provider: "FakeProvider", connection: socket) -> bool:
        connection.sendall(data)
        if stay:
            provider.over.wait()
        return False

    return step


def hang(provider: "FakeProvider", _: socket) -> bool:
    """Say nothing until the test is over."""
    provider.over.wait()
    return False


def drop(_provider: "FakeProvider", _connection: socket) -> bool:
    """Hang up without a word."""
    return False


def endless(provider: "FakeProvider", connection: socket) -> bool:
    """Say yes and go on talking for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not provider.over.is_set():
        connection.sendall(b"x" * 65_536)
    return False


def leave(_provider: "FakeProvider", connection: socket) -> bool:
    """Answer as if the connection were kept, then close it: the next one finds it stale."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    return False


@dataclass
class FakeProvider:
    """Listens on a port of its own; each request takes the next step, the last one for all that follow."""

    steps: deque[Step] = field(default_factory=lambda: deque([say()]))
    requests: list[Asked] = field(default_factory=list)
    connections: int = 0
    hung_up: Event = field(default_factory=Event)  # set when the server has closed a connection
    over: Event = field(default_factory=Event)

    def start(self, *steps: Step, tls: ssl.SSLContext | None = None) -> "FakeProvider":
        self.then(*steps)
        more = {"ssl_context": tls} if tls else {}
        self._server = StreamServer(("127.0.0.1", 0), self._serve, **more)
        self._server.start()
        self.scheme = "https" if tls else "http"
        return self

    def then(self, *steps: Step) -> None:
        if steps:
            self.steps = deque(steps)

    def stop(self) -> None:
        self.over.set()
        self._server.stop(timeout=1)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self._server.server_port}"

    def _serve(self, connection: socket, _: object) -> None:
        self.connections += 1
        buffer = b""
        try:
            while (asked := read_request(connection, buffer)) is not None:
                request, buffer = asked
                self.requests.append(request)
                step = self.steps.popleft() if len(self.steps) > 1 else self.steps[0]
                if not step(self, connection):
                    break
        except OSError:
            pass  # the client hung up first
        connection.close()
        self.hung_up.set()


def read_request(connection: socket, buffer: bytes) -> tuple[Asked, bytes] | None:
    """The next request and what came after it; None once the other side has hung up."""
    while b"\r\n\r\n" not in buffer:
        data = connection.recv(65_536)
        if not data:
            return None
        buffer += data
    head, _, rest = buffer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    length = int(headers.get("content-length", "0"))
    while len(rest) < length:
        data = connection.recv(65_536)
        if not data:
            return None
        rest += data
    return Asked(method, target, headers, rest[:length]), rest[length:]
