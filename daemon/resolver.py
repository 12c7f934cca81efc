"""Name look-ups follow /etc/resolv.conf: c-ares, which makes them, reads it only when it starts."""

import logging
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gevent
from gevent.resolver.ares import Resolver

from daemon.clock import Clock

RESOLV_CONF = Path("/etc/resolv.conf")
BEAT = 5.0  # seconds between two looks at the file

log = logging.getLogger("tocsin.resolver")

Found = tuple[int, int, int, str, tuple[Any, ...]]  # family, type, protocol, canonical name, socket address


class NameServers:
    """Has names asked of the name servers that the machine has now, not of those that it started with."""

    def __init__(self, clock: Clock, renew: Callable[[], None], path: Path = RESOLV_CONF) -> None:
        """`renew` has the file read anew; it raises OSError when that fails, and all stays as it is."""
        self._clock = clock
        self._renew = renew
        self._path = path
        self._seen = mark(path)
        self._watching: gevent.Greenlet[[], None] | None = None

    def start(self) -> None:
        """Begin to look at the file."""
        self._watching = gevent.spawn(self._watch)

    def stop(self) -> None:
        """Look no more."""
        if self._watching is not None:
            self._watching.kill()

    def look(self) -> None:
        """Renew if the file is another than at the last look; what did not succeed is tried again at the next."""
        # Marked before c-ares reads it: a change in between is seen at the next look instead of never.
        found = mark(self._path)
        if found != self._seen and self.renew():
            log.info("%s has changed: names are looked up as it says now", self._path)
            self._seen = found

    def renew(self) -> bool:
        """Have the file read anew, changed or not; say whether it could be."""
        try:
            self._renew()
        except OSError as error:
            log.warning(
                "%s could not be read anew, the name servers from before are asked still: %s", self._path, error
            )
            return False
        return True

    def _watch(self) -> None:
        while True:
            self._clock.sleep(BEAT)
            self.look()


def looked_up(host: str, port: int, family: int = socket.AF_UNSPEC) -> Sequence[Found]:
    """Ask for a name's addresses now; returns and raises what `socket.getaddrinfo` does.

    The c-ares of this process answers a name again from its memory, for as long as the answer may be kept and at
    most an hour (since c-ares 1.31): good for everybody but those who look whether names can be looked up, and how
    long that takes. A channel of its own remembers nothing, and costs 20 µs.
    """
    shared = gevent.get_hub().resolver
    if not isinstance(shared, Resolver):  # libc remembers nothing
        return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    own = Resolver(use_environ=False, **shared.params)
    try:
        found: Sequence[Found] = own.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        return found
    finally:
        own.close()


def mark(path: Path) -> tuple[int, ...]:
    """What tells one state of a file from another, also where it was replaced; nothing when it is not there."""
    try:
        facts = path.stat()
    except OSError:
        return ()
    return (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)


def renew_hub() -> None:
    """Have this process's look-ups made with the files under /etc as they are now. Raises OSError."""
    resolver = gevent.get_hub().resolver
    if isinstance(resolver, Resolver):  # any other asks libc, which looks for itself
        renew(resolver)


def renew(resolver: Resolver) -> None:
    """Give it a fresh channel; look-ups under way begin again on that. Raises OSError.

    The resolver itself stays, as it does when gevent renews its channel after a fork: were it closed, those who
    wait for an answer would find no channel at all.
    """
    old = resolver.cares
    resolver.cares = resolver.cares_class(resolver.hub.loop, **resolver.params)
    resolver.hub.loop.run_callback(old.destroy)
