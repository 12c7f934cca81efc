"""A Sentry intake, and a door to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.config.settings import Limits
from daemon.listener.server import HttpDoor
from fake_clock import FakeClock
from reporting import Reporting, small


@pytest.fixture
def reporting(tmp_path: Path, clock: FakeClock) -> Iterator[Reporting]:
    made = Reporting(tmp_path, clock, **small(expanded=10 * 1024**2))
    yield made
    made.store.close()


@pytest.fixture
def port(reporting: Reporting, clock: FakeClock) -> Iterator[int]:
    web = reporting.daemon().web()
    door = HttpDoor("127.0.0.1:0", web, Limits, clock, web.largest)
    door.start()
    yield door.port
    door.stop(0)
