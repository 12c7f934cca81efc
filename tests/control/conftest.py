"""Ports that are stopped, and clients that are closed, when a test ends."""

from collections.abc import Iterator
from typing import Any

import pytest
import zmq.green as zmq

from daemon.clock import SystemClock
from daemon.config.settings import Settings
from daemon.control.port import ControlPort
from ports import Connect, Counter, Open, make_table

DEFAULTS = Settings()


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def open_port(counter: Counter) -> Iterator[Open]:
    ports: list[ControlPort] = []

    def make(endpoint: str = "tcp://127.0.0.1:0", settings: Settings = DEFAULTS, **more: Any) -> ControlPort:
        clock = more.pop("clock", SystemClock())
        port = ControlPort(make_table(counter), lambda: settings, clock, endpoint, **more)
        port.start()
        ports.append(port)
        return port

    yield make
    counter.gate.set()
    for port in ports:
        port.stop()


@pytest.fixture
def connect() -> Iterator[Connect]:
    context = zmq.Context()
    sockets: list[zmq.Socket[bytes]] = []

    def make(port: ControlPort, kind: int = zmq.REQ, name: bytes = b"") -> "zmq.Socket[bytes]":
        client = context.socket(kind)
        client.linger = 0
        if name:
            client.setsockopt(zmq.IDENTITY, name)
        client.connect(port.endpoint)
        sockets.append(client)
        return client

    yield make
    for client in sockets:
        client.close()
    context.term()
