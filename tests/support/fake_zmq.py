"""How a ZeroMQ socket begins a connection (ZMTP 3), written by hand."""


def greeting(mechanism: bytes = b"NULL", version: bytes = b"\3\0") -> bytes:
    return b"\xff" + b"\0" * 8 + b"\x7f" + version + mechanism.ljust(20, b"\0") + b"\0" * 32


READY = b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03REP"
