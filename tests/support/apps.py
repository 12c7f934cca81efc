"""A whole tocsin in the test's own process: its files in a folder, its doors on ports of its own."""

import gc
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from daemon.app import App
from daemon.listener.server import open_socket
from http_client import Reply, ask

ROOM = """
channels: {room: {type: console}}
receivers: [{name: ops, notify: [{by: [room]}]}]
route: {receiver: ops, group_by: ['...'], group_wait: 0s, group_interval: 0s}
"""


def write(home: Path, more: str) -> None:
    """Write the configuration: a store, a room that everything goes to, and `more`."""
    if "listen:" not in more:
        more += f"listen: {{http: '127.0.0.1:0', zmq: 'ipc://{home}/zmq'}}\n"
    (home / "tocsin.yml").write_text(f"store: sqlite:///{home}/tocsin.db\n{ROOM}{more}")


@contextmanager
def logging_as_it_was() -> Iterator[None]:
    """An app sets up the logging of the whole process; give the tests theirs back, and the garbage collector."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    gc.unfreeze()


class Running:
    """One that runs, and its HTTP door."""

    def __init__(self, home: Path, door: socket.socket) -> None:
        self.home = home
        self.app = App(home / "tocsin.yml", {}, door)
        self._port = door.getsockname()[1]

    def post(self, path: str, body: Any = b"", **headers: str) -> Reply:
        """POST bytes, or anything else as JSON."""
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return ask(self._port, "POST", path, raw, {"Content-Type": "application/json"} | headers)

    def get(self, path: str) -> Reply:
        """GET."""
        return ask(self._port, "GET", path)

    def rpc(self, method: str, **params: Any) -> Any:
        """Ask at /rpc; return the whole answer."""
        return self.post("/rpc", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).json()

    def configure(self, more: str) -> Reply:
        """Write another configuration and have it taken."""
        write(self.home, more)
        return self.post("/-/reload")


@contextmanager
def running_here(home: Path, more: str = "", *, at: str = "127.0.0.1:0") -> Iterator[Running]:
    """One that is up inside the block, its HTTP door bound `at` that address."""
    write(home, more)
    with logging_as_it_was(), open_socket(at) as door:
        one = Running(home, door)
        one.app.start()
        try:
            yield one
        finally:
            one.app.stop()
