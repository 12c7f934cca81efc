"""One post office a test."""

from collections.abc import Iterator

import pytest
from delivering import Post
from fake_clock import FakeClock

from daemon.store.sqlite import SqliteStore


@pytest.fixture
def post(store: SqliteStore, clock: FakeClock) -> Iterator[Post]:
    post = Post(store, clock)
    yield post
    post.store.ill = False
    post.stop()
