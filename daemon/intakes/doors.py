"""Doors for datagrams: taken in bursts, from the networks that may send.

A greenlet that took each datagram by itself would be woken two hundred thousand times a second; it takes whatever is
there, and when that was much, it leaves the next burst a moment to gather.
"""

import ipaddress
import logging
import os
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import gevent
from gevent import monkey
from gevent.hub import get_hub

from daemon.clock import A_LOOK, Clock
from daemon.intakes import sockets

log = logging.getLogger("tocsin.intakes")

LARGEST = 65_535  # bytes of a datagram
BURST = 128 * 1024  # bytes that are taken before they are read
EACH = 32  # bytes as which each datagram counts beside its own: to take it takes time, too
MUCH = 64  # datagrams: as many in one burst, and the next one may gather
MUCH_PACKED = 8 * 1024  # bytes of fewer: much, too, for they hold many values each
GATHER = 0.05  # seconds, at most: what is read in larger pieces is read with warmer caches
FLOOD = 80_000_000  # bytes of room a second: what two hundred thousand datagrams take that are as small as most
GATHER_ROOM = 0.5  # part of the room that such a flood may fill meanwhile
TROUBLE = 1.0  # seconds after an error of the socket
MOST_SENDERS = 10_000  # of which it is known whether they may send

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Signed = tuple[bytes, str]  # a datagram, and the address that it came from; empty over the file system
Taken = TypeVar("Taken")


class _Bursts(ABC, Generic[Taken]):
    """Takes what comes to a socket that does not wait, until it is stopped."""

    def __init__(
        self,
        bound: socket.socket,
        take: Callable[[list[Taken]], None],
        clock: Clock,
        refused: Callable[[], None],
        networks: Sequence[str] = (),
    ) -> None:
        """`take` must not wait; `refused` hears of each datagram from beyond `networks`; with none, all may send."""
        self.bound = bound
        self.address = sockets.address_of(bound)
        # gevent's own would cost more than what is done with what comes.
        self._bare = monkey.get_original("socket", "socket")(fileno=os.dup(bound.fileno()))
        self._take = take
        self._clock = clock
        self._refused = refused
        self._networks: tuple[Network, ...] = ()
        self._allowed: dict[str, bool] = {}
        self._turned_away = sockets.turned_away(bound)
        # Somebody who sends over the file system waits while its short queue is full: nothing gathers there.
        self._gather = A_LOOK
        if bound.family != socket.AF_UNIX:
            self._gather = min(GATHER, GATHER_ROOM * sockets.room(bound) / FLOOD)
        self._loop: gevent.Greenlet[[], None] | None = None
        self.let(networks)

    @abstractmethod
    def _fill(self, burst: list[Taken]) -> None:
        """Take what is there, up to a bound. Raises BlockingIOError when that was all."""

    @abstractmethod
    def _bytes(self, burst: list[Taken]) -> int:
        """How many came."""

    def start(self) -> None:
        """Begin to take."""
        self._loop = gevent.spawn(self._run)

    def let(self, networks: Sequence[str]) -> None:
        """Only these may send from now on, and this machine; all where there are none."""
        self._networks = tuple(ipaddress.ip_network(one) for one in networks)
        self._allowed.clear()

    def stop(self) -> None:
        """Take no more."""
        if self._loop is not None:
            self._loop.kill()
        self._bare.close()
        if self.bound.family == socket.AF_UNIX:
            sockets.remove(self.address, self.bound)
        else:
            self.bound.close()

    def turned_away(self) -> int:
        """How many found no room in the kernel since this was asked before."""
        before, self._turned_away = self._turned_away, sockets.turned_away(self.bound)
        return sockets.more(before, self._turned_away)

    def _run(self) -> None:
        hub = get_hub()
        watcher = hub.loop.io(self.bound.fileno(), 1)
        try:
            while True:
                hub.wait(watcher)
                is_much = True
                while is_much:
                    burst, is_all = self._burst()
                    self._hand_over(burst)
                    is_much = len(burst) >= MUCH or self._bytes(burst) >= MUCH_PACKED
                    if is_much:
                        self._clock.sleep(self._gather if is_all else A_LOOK)
        finally:
            watcher.close()

    def _hand_over(self, burst: list[Taken]) -> None:
        try:
            self._take(burst)
        except Exception:  # a loop of the process's own: it must go on
            log.exception("%d datagrams at %s were lost", len(burst), self.address)

    def _burst(self) -> tuple[list[Taken], bool]:
        """Take what is there, up to a bound; say whether that was all."""
        burst: list[Taken] = []
        try:
            self._fill(burst)
        except BlockingIOError:
            return burst, True
        except OSError:
            log.exception("datagrams at %s cannot be taken", self.address)
            self._clock.sleep(TROUBLE)
        return burst, False

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


class Datagrams(_Bursts[bytes]):
    """Hands over what came, whoever sent it."""

    def _fill(self, burst: list[bytes]) -> None:
        room = BURST
        if self._networks and self.bound.family != socket.AF_UNIX:
            while room > 0:
                packet, (sender, *_) = self._bare.recvfrom(LARGEST)
                room -= len(packet) + EACH
                if self._may(sender):
                    burst.append(packet)
        keep, receive = burst.append, self._bare.recv
        while room > 0:
            packet = receive(LARGEST)
            keep(packet)
            room -= len(packet) + EACH

    def _bytes(self, burst: list[bytes]) -> int:
        return sum(map(len, burst))


class SignedDatagrams(_Bursts[Signed]):
    """Hands over what came, each with the address of its sender."""

    def _fill(self, burst: list[Signed]) -> None:
        room = BURST
        while room > 0:
            packet, told = self._bare.recvfrom(LARGEST)
            room -= len(packet) + EACH
            # Over the file system the sender is a path, or nothing.
            sender = told[0] if isinstance(told, tuple) else ""
            if not sender or not self._networks or self._may(sender):
                burst.append((packet, sender))

    def _bytes(self, burst: list[Signed]) -> int:
        return sum(len(packet) for packet, _ in burst)


def is_among(sender: str, networks: Sequence[Network]) -> bool:
    """Whether the sender's address is this machine's, or in one of the networks."""
    address = ipaddress.ip_address(sender.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback or any(address in network for network in networks)
