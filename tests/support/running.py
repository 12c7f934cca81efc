"""A real `tocsind` in a process of its own, on ports of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from until import until

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """A port that nobody listens on; the daemon takes it next."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def listening(port: int) -> Iterator[None]:
    """Take connections on this port, and say nothing to them."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
        held.listen(1_000)
        yield


class Tocsind:
    """Start, ask, signal and kill one daemon; its files live in `home`."""

    def __init__(self, home: Path, config: str) -> None:
        """Write `config` below the doors and the store that every test needs."""
        self.home = home
        self.http = free_port()
        self.zmq = free_port()
        self.store = home / "tocsin.db"
        self.config = home / "tocsin.yml"
        self.doors = (
            f"listen: {{http: '127.0.0.1:{self.http}', zmq: 'tcp://127.0.0.1:{self.zmq}'}}\n"
            f"store: sqlite:///{self.store}\n"
        )
        self.configure(config)
        self.process: subprocess.Popen[bytes] | None = None

    def configure(self, config: str) -> None:
        """Replace the configuration file; the running daemon notices at its next reload."""
        self.config.write_text(self.doors + config)

    def start(self, *, python: str = sys.executable, arguments: tuple[str, ...] = (), **environ: str) -> None:
        """Start it; return once it says that it is ready."""
        with (self.home / "stderr").open("ab") as errors:
            self.process = subprocess.Popen(
                [python, "-m", "daemon", "--config", str(self.config), *arguments],
                cwd=ROOT,
                stdout=errors,
                stderr=errors,
                env=os.environ | environ,
            )
        until(self.ready, within=30, why=self.errors)

    def ready(self) -> bool:
        """Whether it answers that it is ready; fails at once when the process has ended."""
        assert self.process is not None
        assert self.process.poll() is None, f"tocsind ended with {self.process.returncode}: {self.errors()}"
        try:
            return self.get("/-/ready")[0] == 200
        except OSError:
            return False

    def get(self, path: str) -> tuple[int, bytes]:
        """GET; return status and body."""
        return self.request("GET", path)

    def post(self, path: str, body: Any, **headers: str) -> tuple[int, bytes]:
        """POST bytes, or anything else as JSON; return status and body."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", path, raw, {"Content-Type": "application/json"} | headers)

    def request(self, method: str, path: str, body: bytes | None = None, headers: Any = None) -> tuple[int, bytes]:
        """One request on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.http, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def rpc(self, method: str, **params: Any) -> Any:
        """Ask over HTTP; return the result."""
        status, body = self.post("/rpc", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        answer = json.loads(body)
        assert status == 200, answer
        assert "error" not in answer, answer
        return answer["result"]

    def kill(self) -> None:
        """`kill -9`, and reap it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """Stop it as a service manager does; return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)

    def errors(self) -> str:
        """What it wrote."""
        return (self.home / "stderr").read_text(errors="replace")[-4_000:]


@contextmanager
def running(home: Path, config: str, **environ: str) -> Iterator[Tocsind]:
    """A daemon that is up inside the block, and gone after it."""
    daemon = Tocsind(home, config)
    daemon.start(**environ)
    try:
        yield daemon
    finally:
        if daemon.process is not None and daemon.process.poll() is None:
            daemon.kill()
