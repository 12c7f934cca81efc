"""A name server on a port of its own: says that every name is this machine, or nothing at all."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from gevent.event import Event as Signal
from gevent.server import DatagramServer

_A = 1  # the type of a question for an IPv4 address
_HERE = ("127.0.0.1",)


class NameServer(DatagramServer):
    """`asked` are the names that it was asked for; every one has these IPv4 addresses."""

    def __init__(
        self, *, mute: bool = False, port: int = 0, addresses: tuple[str, ...] = _HERE, delay: float = 0
    ) -> None:
        super().__init__(f"127.0.0.1:{port}")
        self.asked: set[str] = set()
        self._mute = mute
        self._delay = delay
        self._answers = [
            struct.pack(">HHHIH4s", 0xC00C, _A, 1, 5, 4, socket.inet_pton(socket.AF_INET, one)) for one in addresses
        ]

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
        answers = self._answers if kind == _A else []
        head = data[:2] + struct.pack(">HHHHH", 0x8180, 1, len(answers), 0, 0)
        if self._delay:
            Signal().wait(self._delay)
        self.sendto(head + data[12 : at + 5] + b"".join(answers), address)


@contextmanager
def name_server(*, mute: bool = False, addresses: tuple[str, ...] = _HERE) -> Iterator[NameServer]:
    """One that serves inside the block."""
    server = NameServer(mute=mute, addresses=addresses)
    server.start()
    try:
        yield server
    finally:
        server.stop(timeout=1)
