"""What a MySQL server says first, as its protocol's documentation has it."""

CAPABLE = 0xFF_FF
SALT = b"12345678"


def packet(number: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + bytes([number]) + body


def greeting(version: bytes = b"8.4.3", able: int = CAPABLE, plugin: bytes = b"caching_sha2_password") -> bytes:
    low = able.to_bytes(2, "little")
    fixed = b"\x2a\0\0\0" + SALT + b"\0" + low + b"\xff\x02\0" + b"\xff\xdf" + b"\x15" + b"\0" * 10
    return packet(0, b"\x0a" + version + b"\0" + fixed + b"abcdefghijkl\0" + plugin + b"\0")


def error(number: int, code: int, words: bytes, state: bytes = b"") -> bytes:
    return packet(number, b"\xff" + code.to_bytes(2, "little") + (b"#" + state if state else b"") + words)


DENIED = error(2, 1045, b"Access denied for user 'tocsin'@'x' (using password: NO)", b"28000")
