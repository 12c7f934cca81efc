"""A socket that hears what programs tell in datagrams."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Ear:
    """Datagrams as they come. `address` is written as the client wants it."""

    def __init__(self, bound: socket.socket, address: str) -> None:
        self.socket = bound
        self.address = address

    def lines(self, count: int, within: float = 3.0) -> list[str]:
        """The next so many lines."""
        self.socket.settimeout(within)
        found: list[str] = []
        while len(found) < count:
            found += self.socket.recv(65_535).decode().splitlines()
        return found

    def line(self) -> str:
        """The next one."""
        return self.lines(1)[0]

    def rest(self) -> list[str]:
        """What is there already; over loopback that is everything that was sent."""
        self.socket.settimeout(0)
        found: list[str] = []
        try:
            while True:
                found += self.socket.recv(65_535).decode().splitlines()
        except BlockingIOError:
            return found


@contextmanager
def udp_ear() -> Iterator[Ear]:
    """Over UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024**2)
        bound.bind(("127.0.0.1", 0))
        yield Ear(bound, f"127.0.0.1:{bound.getsockname()[1]}")


@contextmanager
def unix_ear(path: Path) -> Iterator[Ear]:
    """Over the file system."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(path))
        yield Ear(bound, f"unix://{path}")
