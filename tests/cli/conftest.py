"""tocsinctl as a process of its own, unpatched, against a port in this one."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.clock import SystemClock
from daemon.control.port import ControlPort
from daemon.store.sqlite import SqliteStore
from fake_clock import FakeClock
from fake_parts import Desk

ROOT = Path(__file__).parents[2]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def desk(store: SqliteStore, clock: FakeClock) -> Desk:
    return Desk(store, clock)


@pytest.fixture
def port(desk: Desk) -> Iterator[ControlPort]:
    opened = ControlPort(desk.table, lambda: desk.settings, SystemClock(), "tcp://127.0.0.1:0")
    opened.start()
    yield opened
    opened.stop()


@pytest.fixture
def run(port: ControlPort) -> Run:
    def call(*words: str, url: str = port.endpoint, **environ: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "daemon.cli", *words],
            cwd=ROOT,
            env={**os.environ, "TOCSIN_URL": url, "TZ": "UTC", **environ},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )

    return call
