"""How many different things there were, in bounded memory: the smallest hashes of them.

Up to MOST different ones the number is exact; beyond that it follows from how close to zero the smallest hashes lie,
with an error of about 1 / sqrt(MOST). Two are added by taking the smallest of both. Z. Bar-Yossef, T. S. Jayram,
R. Kumar, D. Sivakumar, L. Trevisan: Counting distinct elements in a data stream, RANDOM 2002 ("k minimum values").
"""

import hashlib
from collections.abc import Iterable
from heapq import nsmallest

MOST = 1_024  # an error of 3 %
_WHOLE = 2**64

Distinct = set[int]


def hashed(value: bytes) -> int:
    """A number that stands for it, the same in every process."""
    return int.from_bytes(hashlib.blake2b(value, digest_size=8).digest(), "big")


def merge(into: Distinct, others: Iterable[int]) -> None:
    """Add others."""
    into.update(others)
    if len(into) > MOST:
        least = nsmallest(MOST, into)
        into.clear()
        into.update(least)


def number(distinct: Distinct) -> float:
    """How many different ones there were."""
    return float(len(distinct)) if len(distinct) < MOST else (MOST - 1) * _WHOLE / (max(distinct) + 1)
