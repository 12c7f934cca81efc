"""The client as applications use it, told where to send; afterwards it is as it was."""

from collections.abc import Iterator

import pytest

import tocsin
from ear import Ear, udp_ear
from tocsin import _way


@pytest.fixture
def ear() -> Iterator[Ear]:
    before = _way.current.way
    with udp_ear() as heard:
        tocsin.configure(heard.address, app="shop")
        yield heard
        tocsin.configure("off")
    _way.current.way = before
