"""What the fakes of chat vendors share: a server on a port of its own, a script, the vendor's windows."""

import json
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Self

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

    def __init__(self, *, port: int = 0, latency: float = 0.0, now: Callable[[], float] = time.time) -> None:
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

    def _serve(self, connection: socket, _: object) -> None:
        buffer = b""
        try:
            while (found := read_request(connection, buffer)) is not None:
                asked, buffer = found
                self.asked.append(asked)
                if self.latency:
                    self.over.wait(self.latency)
                scripted = bool(self.script)
                step = self.script.popleft() if scripted else None
                if scripted and step is None:
                    return
                status, body = (200, step) if step is not None else self.answer(asked)
                written = json.dumps(body, ensure_ascii=False).encode()
                head = f"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\nContent-Length: {len(written)}"
                connection.sendall(head.encode() + b"\r\n\r\n" + written)
        except OSError:
            return  # the client hung up first
        finally:
            connection.close()
