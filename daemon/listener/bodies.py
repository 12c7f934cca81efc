"""Expand a compressed body, never beyond its limit."""

import zlib

from daemon.listener.exchange import Refusal

MEMBERS = 32  # gzip members of one body; each costs a decompressor, so a body of empty ones would cost seconds

_GZIP = 16 + zlib.MAX_WBITS
_ZLIB = zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS


def expanded(body: bytes, coding: str, limit: int) -> bytes | Refusal:
    """Undo a Content-Encoding: the plain body, or why it cannot be had."""
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return body
    try:
        if coding in ("gzip", "x-gzip"):
            return _gunzip(body, limit)
        if coding == "deflate":
            return _inflate(body, limit)
    except zlib.error as error:
        return Refusal(422, "unusable_body", f"the {coding} body is damaged: {error}")
    return Refusal(415, "unsupported_encoding", f"Content-Encoding {coding!r} is not taken: send gzip, deflate or none")


def _gunzip(body: bytes, limit: int) -> bytes | Refusal:
    plain = b""
    for _ in range(MEMBERS):
        machine = zlib.decompressobj(_GZIP)
        plain += machine.decompress(body, limit + 1 - len(plain))
        if len(plain) > limit:
            return _too_large(limit)
        if not machine.eof:
            return _cut_short("gzip")
        body = machine.unused_data.lstrip(b"\0")
        if not body:
            return plain
    return Refusal(422, "unusable_body", f"the gzip body has more than {MEMBERS} members")


def _inflate(body: bytes, limit: int) -> bytes | Refusal:
    """The standard means zlib's wrapping; some senders leave it out."""
    try:
        machine = zlib.decompressobj(_ZLIB)
        plain = machine.decompress(body, limit + 1)
    except zlib.error:
        machine = zlib.decompressobj(_RAW)
        plain = machine.decompress(body, limit + 1)
    if len(plain) > limit:
        return _too_large(limit)
    if not machine.eof:
        return _cut_short("deflate")
    return plain


def _too_large(limit: int) -> Refusal:
    return Refusal(413, "too_large", f"the body is larger than {limit} bytes after expansion")


def _cut_short(coding: str) -> Refusal:
    return Refusal(422, "unusable_body", f"the {coding} body ends before its end")
