"""A ZeroMQ port with a table made for breaking it, and clients of it."""

from collections.abc import Callable
from typing import Any

import gevent
import msgspec
import zmq.green as zmq
from gevent.event import Event

from daemon.control.port import ControlPort
from daemon.methods import listing
from daemon.methods.table import Table

SOON = 4_000  # milliseconds that an answer may take at most

Open = Callable[..., ControlPort]
Connect = Callable[..., "zmq.Socket[bytes]"]


class Counter:
    """What the table's methods did."""

    def __init__(self) -> None:
        self.acts: list[str] = []
        self.gate = Event()
        self.entered = Event()


def make_table(counter: Counter) -> Table:
    table = Table()
    listing.add(table)

    @table.method("echo", "read")
    def echo(text: str = "") -> str:
        """Say it back."""
        return text

    @table.method("act", "act")
    def act(text: str = "") -> int:
        """Do something that counts."""
        counter.acts.append(text)
        return len(counter.acts)

    @table.method("raise", "read")
    def broken() -> None:
        """Fail in an unforeseen way."""
        raise ZeroDivisionError("s3cret inside")

    @table.method("wait", "read")
    def wait() -> str:
        """Wait until the test opens the gate."""
        counter.entered.set()
        counter.gate.wait()
        return "waited"

    @table.method("huge", "read")
    def huge(size: int) -> str:
        """Answer with very much."""
        return "x" * size

    @table.method("late", "read")
    def late() -> None:
        """Let a time-out of its own escape."""
        raise gevent.Timeout(1)

    return table


def request(method: str, request_id: Any = 1, **params: Any) -> bytes:
    return msgspec.json.encode({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})


def heard(client: "zmq.Socket[bytes]") -> Any:
    assert client.poll(SOON), "no answer"
    return msgspec.json.decode(client.recv_multipart()[-1])


def asked(client: "zmq.Socket[bytes]", *frames: bytes) -> Any:
    client.send_multipart(frames)
    return heard(client)


def assert_lives(port: ControlPort, connect: Connect) -> None:
    assert asked(connect(port), request("echo", text="still there"))["result"] == "still there"
