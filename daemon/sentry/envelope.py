"""An envelope: a header line, then items, each a header line and a payload of so many bytes."""

from collections.abc import Mapping
from typing import Any

import msgspec

from daemon.reading import SPOILT

MOST_ITEMS = 1_000  # of one envelope; the SDKs send one or a few

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Item(msgspec.Struct, frozen=True):
    """What one envelope carries several of."""

    type: str
    payload: bytes
    content: Mapping[str, Any] | None = None  # the payload, where that was read already


class Envelope(msgspec.Struct, frozen=True):
    """What came whole. `flaw` says where the rest could not be read; empty when all could."""

    headers: Mapping[str, Any]
    items: tuple[Item, ...] = ()
    flaw: str = ""


class NoEnvelope(ValueError):
    """The first line is not the header of an envelope."""


def header(line: bytes) -> dict[str, Any]:
    """Read the first line. Raises NoEnvelope."""
    found = _object(line)
    if found is None:
        raise NoEnvelope("this is no envelope: its first line is not a JSON object")
    return found


def opened(plain: bytes) -> Envelope:
    """Take an envelope apart, as far as it goes; a carriage return ends no line here. Raises NoEnvelope."""
    end = _line_end(plain, 0)
    headers, items = header(plain[:end]), list[Item]()
    at = end + 1
    while at < len(plain):
        end = _line_end(plain, at)
        line = plain[at:end]
        if not line.strip():
            at = end + 1
            continue
        if len(items) >= MOST_ITEMS:
            return Envelope(headers, tuple(items), f"there are more than {MOST_ITEMS} items")
        found = _object(line)
        if found is None:
            return Envelope(headers, tuple(items), f"the header of item {len(items) + 1} is not a JSON object")
        begin = end + 1
        length = found.get("length")
        if length is None:
            at = _line_end(plain, begin)
        elif not isinstance(length, int) or isinstance(length, bool) or length < 0:
            return Envelope(headers, tuple(items), f"the length of item {len(items) + 1} is no number of bytes")
        else:
            at = begin + length
        if at > len(plain) and length:
            return Envelope(headers, tuple(items), f"item {len(items) + 1} is cut short")
        items.append(Item(text(found.get("type")), plain[begin:at]))
        if plain[at : at + 1] not in (b"", b"\n"):
            return Envelope(headers, tuple(items), f"item {len(items)} does not end where its length says")
        at += 1
    return Envelope(headers, tuple(items))


def first_type(plain: bytes) -> str:
    """Of what type the first item is, from the beginning of an envelope; empty where that cannot be seen."""
    begin = _line_end(plain, 0) + 1
    found = _object(plain[begin : _line_end(plain, begin)])
    return "" if found is None else text(found.get("type"))


def text(value: object) -> str:
    """The value if it is text, else nothing."""
    return value if isinstance(value, str) else ""


def _line_end(plain: bytes, at: int) -> int:
    end = plain.find(b"\n", at)
    return len(plain) if end < 0 else end


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        return _decode(line)
    except SPOILT:
        return None
