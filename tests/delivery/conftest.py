"""One post office a test."""

from collections.abc import Iterator

import pytest

from daemon.store.sqlite import SqliteStore
from delivering import Post
from fake_clock import FakeClock


@pytest.fixture
def post(store: SqliteStore, clock: FakeClock) -> Iterator[Post]:
    post = Post(store, clock)
    yield post
    post.store.ill = False
    post.stop()
