"""A desk for errors, on a store of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.store.migrate import MEASURED
from daemon.store.sqlite import SqliteStore
from fake_clock import FakeClock
from faulty import Desk


@pytest.fixture
def measured(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "measured.db", MEASURED)
    yield store
    store.close()


@pytest.fixture
def desk(measured: SqliteStore, clock: FakeClock) -> Desk:
    return Desk(measured, clock)
