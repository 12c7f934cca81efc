"""Patch first; then the fixtures that every test may use."""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from pathlib import Path  # noqa: E402

import gevent  # noqa: E402
import hypothesis  # noqa: E402
import pytest  # noqa: E402

from daemon.store.sqlite import SqliteStore  # noqa: E402
from fake_clock import FakeClock  # noqa: E402

pytest_plugins = ("shared_out",)

# Containers like to forbid files with bytecode. Here hundreds of daemons are started, each of which would compile all
# of tocsin, and each of the suite's own processes all of the tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The machine's own time is the same at every desk.
os.environ["TZ"] = "UTC"
time.tzset()

IN_CI = bool(os.environ.get("CI"))
STUCK = 15 if IN_CI else 5  # seconds: nobody knows how busy a machine of CI is

# A desk tries new examples each time; CI the same ones, so that it fails for a change and not for a chance. No example
# has a deadline: what is slow is caught by the guard below, and a busy machine is no failure.
hypothesis.settings.register_profile("tocsin", derandomize=IN_CI, deadline=None)
hypothesis.settings.load_profile("tocsin")


@pytest.fixture(autouse=True)
def _guard(request: pytest.FixtureRequest) -> Iterator[None]:
    """A stuck test fails instead of hanging: soon, or after 120 s for one marked `slow`."""
    limit = 120 if request.node.get_closest_marker("slow") else STUCK
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
