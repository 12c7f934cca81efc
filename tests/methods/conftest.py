"""A desk: the methods on a real store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.store.sqlite import SqliteStore
from fake_clock import FakeClock
from fake_parts import Desk


@pytest.fixture
def desk(store: SqliteStore, clock: FakeClock) -> Iterator[Desk]:
    made = Desk(store, clock)
    yield made
    made.measured.close()


@pytest.fixture
def desk_of_closed_store(tmp_path: Path, clock: FakeClock) -> Desk:
    closed = SqliteStore(tmp_path / "closed.db")
    closed.close()
    return Desk(closed, clock)
