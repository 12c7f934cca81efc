"""Tallies as they are in the store: those of up to so many series in one blob, small numbers where they can be."""

import struct
from collections.abc import Iterable
from struct import pack, unpack
from typing import Any

import msgspec

from daemon import sketch
from daemon.series import distinct
from daemon.series.tally import NO_COUNTS, NOBODY, Tally

SIZE = 128  # series whose tallies are in one blob; a series is number // SIZE, at the place number % SIZE
VERSION = 1

Tallies = dict[int, Tally]  # by the place in the blob

_encode = msgspec.msgpack.Encoder().encode
_WHOLE = 2.0**53


class _Row(msgspec.Struct, array_like=True, gc=False):
    """Of a single value, or of many that were the same, there is only that; else all there is to know."""

    place: int
    count: float
    total: float
    low: float | None = None
    high: float = 0.0
    last: float = 0.0
    more: list[int] | bytes = b""  # the sketch of a spread, the hashes of a set


class _Blob(msgspec.Struct, array_like=True):
    version: int
    rows: list[_Row]


_decode = msgspec.msgpack.Decoder(_Blob).decode


def packed(rows: Iterable[tuple[int, Tally]]) -> bytes:
    """Write tallies, each with its place."""
    return _encode((VERSION, [_row(place, tally) for place, tally in rows]))


def unpacked(blob: bytes) -> Tallies | None:
    """Read what `packed` wrote; None for what another version wrote, or a broken disk: the others still count."""
    try:
        found = _decode(blob)
        return {one.place: _tally(one) for one in found.rows} if found.version == VERSION else None
    except (ValueError, struct.error):  # msgspec's errors are ValueErrors
        return None


def merged(blob: bytes | None, more: Tallies, *, is_older: bool = False) -> bytes:
    """Add to a blob what came later in the same time, or earlier; what cannot be read is gone."""
    found = (unpacked(blob) if blob is not None else None) or {}
    for place, tally in more.items():
        here = found.get(place)
        if here is None:
            found[place] = tally
        else:
            last = here.last
            here.merge(tally)
            here.last = last if is_older else tally.last
    return packed(found.items())


def _row(place: int, tally: Tally) -> tuple[Any, ...]:
    total = tally.total
    head = (place, _slim(tally.count), _slim(total))
    more = _more(tally)
    if tally.distinct or tally.low == tally.high == tally.last == total:
        return (*head, None, 0, 0, more) if more else head
    row = (*head, _slim(tally.low), _slim(tally.high), _slim(tally.last))
    return (*row, more) if more else row


def _more(tally: Tally) -> list[int] | bytes:
    if tally.distinct:
        return pack(f"<{len(tally.distinct)}Q", *sorted(tally.distinct))
    return sketch.packed(tally.counts) if tally.counts else b""


def _tally(row: _Row) -> Tally:
    counts, hashes = NO_COUNTS, NOBODY
    if isinstance(row.more, list):
        counts = sketch.unpacked(row.more)
    elif row.more:
        hashes = set(unpack(f"<{len(row.more) // 8}Q", row.more))
        distinct.merge(hashes, ())
    if row.low is None:
        return Tally(row.count, row.total, row.total, row.total, row.total, counts, hashes)
    return Tally(row.count, row.total, row.low, row.high, row.last, counts, hashes)


def _slim(value: float) -> float:
    """A whole number takes one byte to five, a fraction nine."""
    value = float(value)  # whoever counts adds integers
    return int(value) if value.is_integer() and -_WHOLE < value < _WHOLE else value
