"""Fakes that a sender can talk to."""

from collections.abc import Iterator

import pytest

from fake_aliyun import FakeAliyun
from fake_provider import FakeProvider
from opened import close_all


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    started = FakeProvider().start()
    yield started
    started.stop()


@pytest.fixture
def gateway() -> Iterator[FakeAliyun]:
    with FakeAliyun() as started:
        yield started
