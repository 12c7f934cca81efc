"""Expand a compressed body, never beyond its limit."""

import zlib
from collections.abc import Iterator, Mapping
from enum import StrEnum

import brotli

from daemon.errors import HandlerError

HEADER = "content-encoding"
TAKEN = "gzip, deflate, br"
PIECE = 64 * 1024  # bytes of the plain body that are held at once where only its size is asked for
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
    if coding.strip().lower() in ("", "identity"):
        return body
    found, size = [], 0
    for piece in pieces(body, coding, limit + 1):
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        found.append(piece)
    return b"".join(found)


def measured(plain: Iterator[bytes], limit: int, size: int = 0) -> int:
    """How large a plain body is of which so much was seen, and these pieces; none is kept. Raises CodingError."""
    while size <= limit:
        piece = next(plain, None)
        if piece is None:
            return size
        size += len(piece)
    raise _too_large(limit)


def pieces(body: bytes, coding: str, most: int = PIECE) -> Iterator[bytes]:
    """Undo a Content-Encoding piece by piece, each of about so many bytes at most. Raises CodingError."""
    coding = coding.strip().lower()
    try:
        if coding in ("", "identity"):
            for at in range(0, max(1, len(body)), most):
                yield body[at : at + most]
        elif coding in ("gzip", "x-gzip"):
            yield from _gunzip(body, most)
        elif coding == "deflate":
            yield from _inflate(body, most)
        elif coding == "br":
            yield from _unbrotli(body, most)
        else:
            raise CodingError(Why.STRANGE, f"Content-Encoding {coding!r} is not taken: send {TAKEN} or none")
    except (zlib.error, brotli.error) as error:
        raise CodingError(Why.DAMAGED, f"the {coding} body is damaged: {error}") from error


def without(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of an expanded body: nothing is left to undo."""
    return {name: value for name, value in headers.items() if name != HEADER}


def _gunzip(body: bytes, most: int) -> Iterator[bytes]:
    for _ in range(MEMBERS):
        machine = zlib.decompressobj(_GZIP)
        yield from _run(machine, machine.decompress(body, most), most, "gzip")
        body = machine.unused_data.lstrip(b"\0")
        if not body:
            return
    raise CodingError(Why.DAMAGED, f"the gzip body has more than {MEMBERS} members")


def _inflate(body: bytes, most: int) -> Iterator[bytes]:
    """The standard means zlib's wrapping; some senders leave it out."""
    try:
        machine = zlib.decompressobj(_ZLIB)
        piece = machine.decompress(body, most)
    except zlib.error:
        machine = zlib.decompressobj(_RAW)
        piece = machine.decompress(body, most)
    return _run(machine, piece, most, "deflate")


def _run(machine: "zlib._Decompress", piece: bytes, most: int, coding: str) -> Iterator[bytes]:
    """Hand on the first piece, and the others; at the end there may be some of it left without any input."""
    while True:
        yield piece
        if machine.eof:
            return
        if not (piece or machine.unconsumed_tail):
            raise _cut_short(coding)
        piece = machine.decompress(machine.unconsumed_tail, most)


def _unbrotli(body: bytes, most: int) -> Iterator[bytes]:
    machine = brotli.Decompressor()
    while True:
        piece = machine.process(body, output_buffer_limit=most)
        yield piece
        if machine.is_finished():
            return
        if not piece:
            raise _cut_short("br")
        body = b""


def _too_large(limit: int) -> CodingError:
    return CodingError(Why.TOO_LARGE, f"the body is larger than {limit} bytes after expansion")


def _cut_short(coding: str) -> CodingError:
    return CodingError(Why.DAMAGED, f"the {coding} body ends before its end")
