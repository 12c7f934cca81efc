"""Expand a compressed body, never beyond its limit."""

import zlib
from collections.abc import Mapping
from enum import StrEnum

from daemon.errors import HandlerError

HEADER = "content-encoding"
MEMBERS = 32  # gzip members of one body; each costs a decompressor, so a body of empty ones would cost seconds

_GZIP = 16 + zlib.MAX_WBITS
_ZLIB = zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS


class Why(StrEnum):
    """What is wrong with a body that cannot be expanded."""

    TOO_LARGE = "too_large"
    DAMAGED = "damaged"
    STRANGE = "strange"  # a coding that is not taken


class CodingError(HandlerError):
    """A body cannot be expanded; `why` is what is wrong in one word."""

    def __init__(self, why: Why, text: str) -> None:
        self.why = why
        super().__init__(text)


def expanded(body: bytes, coding: str, limit: int) -> bytes:
    """Undo a Content-Encoding. Raises CodingError; a body without one is handed back as it is."""
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return body
    try:
        if coding in ("gzip", "x-gzip"):
            return _gunzip(body, limit)
        if coding == "deflate":
            return _inflate(body, limit)
    except zlib.error as error:
        raise CodingError(Why.DAMAGED, f"the {coding} body is damaged: {error}") from error
    raise CodingError(Why.STRANGE, f"Content-Encoding {coding!r} is not taken: send gzip, deflate or none")


def without(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of an expanded body: nothing is left to undo."""
    return {name: value for name, value in headers.items() if name != HEADER}


def _gunzip(body: bytes, limit: int) -> bytes:
    plain = b""
    for _ in range(MEMBERS):
        machine = zlib.decompressobj(_GZIP)
        plain += machine.decompress(body, limit + 1 - len(plain))
        if len(plain) > limit:
            raise _too_large(limit)
        if not machine.eof:
            raise _cut_short("gzip")
        body = machine.unused_data.lstrip(b"\0")
        if not body:
            return plain
    raise CodingError(Why.DAMAGED, f"the gzip body has more than {MEMBERS} members")


def _inflate(body: bytes, limit: int) -> bytes:
    """The standard means zlib's wrapping; some senders leave it out."""
    try:
        machine = zlib.decompressobj(_ZLIB)
        plain = machine.decompress(body, limit + 1)
    except zlib.error:
        machine = zlib.decompressobj(_RAW)
        plain = machine.decompress(body, limit + 1)
    if len(plain) > limit:
        raise _too_large(limit)
    if not machine.eof:
        raise _cut_short("deflate")
    return plain


def _too_large(limit: int) -> CodingError:
    return CodingError(Why.TOO_LARGE, f"the body is larger than {limit} bytes after expansion")


def _cut_short(coding: str) -> CodingError:
    return CodingError(Why.DAMAGED, f"the {coding} body ends before its end")
