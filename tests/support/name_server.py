"""A name server on a port of its own: says that every name is this machine, or nothing at all."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager

from gevent.server import DatagramServer

_A = 1  # the type of a question for an IPv4 address
_LOOPBACK = struct.pack(">HHHIH4B", 0xC00C, _A, 1, 5, 4, 127, 0, 0, 1)


class NameServer(DatagramServer):
    """`asked` are the names that it was asked for."""

    def __init__(self, *, mute: bool) -> None:
        super().__init__("127.0.0.1:0")
        self.asked: set[str] = set()
        self._mute = mute

    def handle(self, data: bytes, address: object) -> None:
        """Answer one question."""
        labels, at = [], 12
        while length := data[at]:
            labels.append(data[at + 1 : at + 1 + length].decode())
            at += 1 + length
        self.asked.add(".".join(labels))
        if self._mute:
            return
        (kind,) = struct.unpack(">H", data[at + 1 : at + 3])
        answers = _LOOPBACK if kind == _A else b""
        head = data[:2] + struct.pack(">HHHHH", 0x8180, 1, len(answers) > 0, 0, 0)
        self.sendto(head + data[12 : at + 5] + answers, address)


@contextmanager
def name_server(*, mute: bool = False) -> Iterator[NameServer]:
    """One that serves inside the block."""
    server = NameServer(mute=mute)
    server.start()
    try:
        yield server
    finally:
        server.stop(timeout=1)
