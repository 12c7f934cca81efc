"""A door for datagrams of strangers: taken in bursts, from the networks that may send, with who sent them."""

import ipaddress
import logging
import socket
from collections.abc import Callable, Sequence

import gevent
from gevent.hub import get_hub

from daemon.clock import Clock
from daemon.intakes import sockets

log = logging.getLogger("tocsin.intakes")

BURST = 256  # datagrams that are taken before anybody else has a turn: half a millisecond
GATHER = 0.001  # seconds that the next ones have to gather after a full burst
TROUBLE = 1.0  # seconds after an error of the socket
MOST_SENDERS = 10_000  # of which it is known whether they may send

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Datagram = tuple[bytes, str]  # and the address that it came from; empty over the file system
Take = Callable[[list[Datagram]], None]


class Datagrams:
    """Takes what comes to a socket that does not wait. `networks` are those that may send; empty for everybody."""

    def __init__(
        self, bound: socket.socket, take: Take, clock: Clock, longest: int, refused: Callable[[], None]
    ) -> None:
        """`take` must not wait; `longest` is how many bytes of a datagram are read."""
        self.address = sockets.address_of(bound)
        self._bound = bound
        self._take = take
        self._clock = clock
        self._longest = longest
        self._refused = refused
        self._networks: tuple[Network, ...] = ()
        self._allowed: dict[str, bool] = {}
        self._turned_away = sockets.turned_away(bound)
        self._loop: gevent.Greenlet[[], None] | None = None

    def let(self, networks: Sequence[str]) -> None:
        """Only these may send from now on, and this machine."""
        self._networks = tuple(ipaddress.ip_network(one) for one in networks)
        self._allowed = {}

    def start(self) -> None:
        """Begin to take."""
        self._loop = gevent.spawn(self._run)

    def stop(self) -> None:
        """Take no more."""
        if self._loop is not None:
            self._loop.kill()
        if self._bound.family == socket.AF_UNIX:
            sockets.remove(self.address, self._bound)
        else:
            self._bound.close()

    def turned_away(self) -> int:
        """How many found no room in the kernel since this was asked before."""
        before, self._turned_away = self._turned_away, sockets.turned_away(self._bound)
        return sockets.more(before, self._turned_away)

    def _run(self) -> None:
        hub = get_hub()
        watcher = hub.loop.io(self._bound.fileno(), 1)
        try:
            while True:
                hub.wait(watcher)
                while len(burst := self._burst()) == BURST:
                    self._take(self._of_friends(burst))
                    self._clock.sleep(GATHER)
                self._take(self._of_friends(burst))
        finally:
            watcher.close()

    def _burst(self) -> list[Datagram]:
        burst: list[Datagram] = []
        try:
            for _ in range(BURST):
                raw, sender = self._bound.recvfrom(self._longest)
                # Over the file system the sender is a path, or nothing.
                burst.append((raw, sender[0] if isinstance(sender, tuple) else ""))
        except BlockingIOError:
            pass
        except OSError:
            log.exception("datagrams at %s cannot be taken", self.address)
            self._clock.sleep(TROUBLE)
        return burst

    def _of_friends(self, burst: list[Datagram]) -> list[Datagram]:
        if not self._networks or self._bound.family == socket.AF_UNIX:
            return burst
        return [one for one in burst if self._may(one[1])]

    def _may(self, sender: str) -> bool:
        may = self._allowed.get(sender)
        if may is None:
            may = is_among(sender, self._networks)
            if len(self._allowed) >= MOST_SENDERS:
                self._allowed.clear()
            self._allowed[sender] = may
        if not may:
            self._refused()
        return may


def is_among(sender: str, networks: Sequence[Network]) -> bool:
    """Whether the sender's address is this machine's, or in one of the networks."""
    address = ipaddress.ip_address(sender.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback or any(address in network for network in networks)
