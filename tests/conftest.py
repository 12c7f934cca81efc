"""Patch first; then the fixtures that every test may use."""

from gevent import monkey

monkey.patch_all()

from collections.abc import Iterator  # noqa: E402
from pathlib import Path  # noqa: E402

import gevent  # noqa: E402
import pytest  # noqa: E402

from daemon.store.sqlite import SqliteStore  # noqa: E402
from fake_clock import FakeClock  # noqa: E402


@pytest.fixture(autouse=True)
def _guard(request: pytest.FixtureRequest) -> Iterator[None]:
    """A stuck test fails instead of hanging: 5 s, or 120 s for one marked `slow`."""
    limit = 120 if request.node.get_closest_marker("slow") else 5
    if request.node.get_closest_marker("unguarded"):
        yield
        return
    with gevent.Timeout(limit, AssertionError(f"the test was stuck for {limit} s")):
        yield


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "tocsin.db")
    yield opened
    opened.close()
