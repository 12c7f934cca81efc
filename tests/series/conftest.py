"""A life of a process that measures, and others on the same file."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.config.series import Series
from fake_clock import FakeClock
from measured import Measured

Begin = Callable[..., Measured]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Begins a life on the same file; the one before ends."""
    lives: list[Measured] = []

    def new(clock: FakeClock | None = None, **settings: float) -> Measured:
        for life in lives:
            life.end()
        kept = Series(**settings)  # type: ignore[arg-type]
        lives.append(Measured(tmp_path / "measured.db", clock or (lives[-1].clock if lives else None), lambda: kept))
        return lives[-1]

    yield new
    for life in lives:
        life.end()


@pytest.fixture
def here(begin: Begin) -> Measured:
    return begin()
