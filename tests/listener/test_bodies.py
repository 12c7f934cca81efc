"""Expansion under a limit."""

import zlib

import brotli
import pytest

from bodies import gzipped
from daemon.listener.bodies import expanded
from daemon.listener.exchange import Refusal
from daemon.payload.coding import MEMBERS

PLAIN = b'{"alert": "disk full"}' * 4
RAW = zlib.compressobj(wbits=-15)
RAW_DEFLATE = RAW.compress(PLAIN) + RAW.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("", PLAIN),
        ("identity", PLAIN),
        ("gzip", gzipped(PLAIN)),
        (" GZip ", gzipped(PLAIN)),
        ("x-gzip", gzipped(PLAIN)),
        ("gzip", gzipped(PLAIN[:30]) + gzipped(PLAIN[30:])),
        ("gzip", gzipped(PLAIN) + b"\0\0\0"),
        ("deflate", zlib.compress(PLAIN)),
        ("deflate", RAW_DEFLATE),
        ("br", brotli.compress(PLAIN)),
    ],
)
def test_every_taken_coding_gives_the_plain_body(coding: str, body: bytes) -> None:
    assert expanded(body, coding, len(PLAIN)) == PLAIN


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("br", PLAIN, 422),
        ("br", b"", 422),
        ("br", brotli.compress(PLAIN)[:-1], 422),
        ("br", brotli.compress(PLAIN) + b"rubbish", 422),
        ("zstd", PLAIN, 415),
        ("gzip, gzip", gzipped(gzipped(PLAIN)), 415),
        ("zstd\udcff", PLAIN, 415),
        ("gzip", PLAIN, 422),
        ("gzip", b"", 422),
        ("gzip", gzipped(PLAIN)[:-1], 422),
        ("gzip", gzipped(PLAIN)[:-5] + b"\xff" * 5, 422),
        ("gzip", gzipped(PLAIN)[:4], 422),
        ("gzip", gzipped(PLAIN) + b"rubbish", 422),
        ("gzip", gzipped(PLAIN) + gzipped(PLAIN)[:9], 422),
        ("deflate", PLAIN, 422),
        ("deflate", b"", 422),
        ("deflate", zlib.compress(PLAIN)[:-1], 422),
        ("deflate", RAW_DEFLATE[:-1], 422),
        ("gzip", gzipped(b"") * (MEMBERS + 1), 422),
    ],
)
def test_a_body_that_cannot_be_expanded_says_why(coding: str, body: bytes, status: int) -> None:
    answer = expanded(body, coding, 1_000)
    assert isinstance(answer, Refusal)
    assert answer.status == status
    assert answer.detail


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzipped(bytes(10_000_000))),
        ("gzip", gzipped(b"x" * 60) + gzipped(b"y" * 60)),
        ("gzip", gzipped(b"x" * 101)),
        ("deflate", zlib.compress(bytes(10_000_000))),
        ("deflate", zlib.compress(b"x" * 101)),
    ],
)
def test_a_bomb_is_refused_at_the_limit(coding: str, body: bytes) -> None:
    answer = expanded(body, coding, 100)
    assert isinstance(answer, Refusal)
    assert answer.status == 413


def test_a_body_of_exactly_the_limit_is_taken() -> None:
    assert expanded(gzipped(b"x" * 100), "gzip", 100) == b"x" * 100
    assert expanded(zlib.compress(b"x" * 100), "deflate", 100) == b"x" * 100
