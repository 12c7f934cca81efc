"""A way between a library and a service, over which every byte is carried by us: counted, and looked at in passing."""

import socket
from contextlib import suppress

import gevent
from gevent.event import AsyncResult

from daemon.probes.network.dial import said

CHUNK = 16 * 1024
PATIENCE = 1.0  # seconds that a service may wait for more before it says its head


class Relay:
    """Carries what a library says to the service and what comes back, until it is closed.

    A library with threads of its own reads what comes as fast as it comes and without an end, and does not tell why a
    connection was closed. Here there is a limit, and a reason.

    What the library says after its first `hold` bytes waits for the service's `head`: a service that does not like
    what it hears hangs up, and would not have said what it is.
    """

    def __init__(self, service: socket.socket, library: socket.socket, *, hold: int, head: int, most: int) -> None:
        self.first: AsyncResult[None] = AsyncResult()  # set when something came, or nothing will
        self.head: AsyncResult[bytes] = AsyncResult()  # what the service said first, so many bytes unless it ended
        self.ended: AsyncResult[str] = AsyncResult()  # why there will be no more
        self._service = service
        self._library = library
        self._most = most
        carriers: list[gevent.Greenlet[..., None]]
        carriers = [gevent.spawn(self._carry_out, hold), gevent.spawn(self._carry_in, head)]
        self._carriers = carriers

    def close(self) -> None:
        """Carry nothing more. The connections are closed by those who opened them."""
        gevent.killall(self._carriers)

    def _carry_out(self, hold: int) -> None:
        try:
            while words := self._library.recv(hold or CHUNK):
                self._service.sendall(words)
                hold = max(0, hold - len(words))
                if not hold:
                    self.head.wait(PATIENCE)
        except OSError:
            return  # the other direction says why
        self._end("the connection was given up")

    def _carry_in(self, head: int) -> None:
        begun, heard = b"", 0
        why = "the connection was closed"
        try:
            while words := self._service.recv(CHUNK):
                heard += len(words)
                self.first.set()
                if len(begun) < head:
                    begun += words[: head - len(begun)]
                    if len(begun) == head:
                        self.head.set(begun)
                if heard > self._most:
                    why = f"it said more than {self._most} bytes"
                    break
                self._library.sendall(words)
        except OSError as error:
            why = said(error)
        self._end(why)
        self.head.set(begun)
        self.first.set()
        with suppress(OSError):
            self._library.shutdown(socket.SHUT_WR)

    def _end(self, why: str) -> None:
        """What came first is the reason."""
        if not self.ended.ready():
            self.ended.set(why)
