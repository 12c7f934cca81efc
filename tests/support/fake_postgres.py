"""Messages of a PostgreSQL server, as its protocol's documentation has them."""

import struct


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body) + 4) + body


def error(state: bytes, words: bytes) -> bytes:
    return message(b"E", b"SFATAL\0VFATAL\0C" + state + b"\0M" + words + b"\0Fpostmaster.c\0\0")
