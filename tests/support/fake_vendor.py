"""What the fakes of chat vendors share: a server on a port of its own, a script, the vendor's windows.

From a shell, for benchmarks: `python tests/support/fake_wecom.py --latency 0.1 --unlimited` prints its port on the
first line, and answers `GET /count` with how many messages the room saw.
"""

import argparse
import json
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, Self

import gevent
from gevent.event import Event
from gevent.server import StreamServer
from gevent.socket import socket

from fake_provider import Asked, read_request

Body = dict[str, Any]


class Windows:
    """At most so many within any stretch of so many seconds, for each of several stretches."""

    def __init__(self, *rates: tuple[int, float]) -> None:
        self._rates = rates
        self._taken: deque[float] = deque(maxlen=max((most for most, _ in rates), default=0))

    def take(self, now: float) -> bool:
        """Whether there is room for one more; if so it is counted."""
        for most, within in self._rates:
            if sum(at > now - within for at in self._taken) >= most:
                return False
        self._taken.append(now)
        return True


class FakeVendor:
    """A vendor. `script` holds answers to the next requests, in place of its own; `None` hangs up without one."""

    rates: ClassVar[tuple[tuple[int, float], ...]]

    def __init__(
        self, *, port: int = 0, latency: float = 0.0, limited: bool = True, now: Callable[[], float] = time.time
    ) -> None:
        self.windows = Windows(*self.rates if limited else ())
        self.keeps = limited  # remembers what it was asked
        self.room: list[Any] = []  # what the group chat saw
        self.called: list[set[str]] = []  # whom each of its messages mentioned
        self.latency = latency
        self.now = now
        self.asked: list[Asked] = []
        self.script: deque[Body | None] = deque()
        self.over = Event()
        self._server = StreamServer(("127.0.0.1", port), self._serve, backlog=1_024)

    def answer(self, asked: Asked) -> tuple[int, Body]:
        """The status and the body of the vendor's own answer."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.stop(timeout=1)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def then(self, *answers: Body | None) -> None:
        self.script.extend(answers)

    def _answer(self, asked: Asked) -> tuple[int, Body]:
        return (200, {"count": len(self.room)}) if asked.target == "/count" else self.answer(asked)

    def _serve(self, connection: socket, _: object) -> None:
        buffer = b""
        try:
            while (found := read_request(connection, buffer)) is not None:
                asked, buffer = found
                if self.keeps:
                    self.asked.append(asked)
                if self.latency:
                    self.over.wait(self.latency)
                scripted = bool(self.script)
                step = self.script.popleft() if scripted else None
                if scripted and step is None:
                    return
                status, body = (200, step) if step is not None else self._answer(asked)
                written = json.dumps(body, ensure_ascii=False).encode()
                head = f"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\nContent-Length: {len(written)}"
                connection.sendall(head.encode() + b"\r\n\r\n" + written)
        except OSError:
            return  # the client hung up first
        finally:
            connection.close()


def main(kind: type[FakeVendor], doc: str | None) -> None:
    """Serve until somebody sends a signal."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--unlimited", action="store_true", help="as many messages a minute as come")
    told = parser.parse_args()
    with kind(port=told.port, latency=told.latency, limited=not told.unlimited) as vendor:
        for number in (signal.SIGTERM, signal.SIGINT):
            gevent.signal_handler(number, vendor.over.set)
        sys.stdout.write(f"{vendor.endpoint.rpartition(':')[2]}\n")
        sys.stdout.flush()
        vendor.over.wait()
