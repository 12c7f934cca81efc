"""How a probe reaches its target: the name, then one address after the other, each step measured."""

import functools
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent

from daemon.clock import Clock, SystemClock
from daemon.reading import Health, Reading

MOST_ADDRESSES = 16  # a name may resolve to hundreds; the first ones tell enough
LEAST_SHARE = 1.0  # seconds that every address is given, however many there are
TOLD = 3  # failures of single addresses that the reading names

_LOOKUP = {
    socket.EAI_NONAME: "there is no such name",
    getattr(socket, "EAI_NODATA", None): "the name has no address",
    socket.EAI_AGAIN: "the name server did not answer, or not usefully",
}


Address = tuple[int, tuple[Any, ...]]  # family, and what connect() takes


class Missed(Exception):
    """What the look saw is not well. It never leaves `measured`, which makes it the reading's detail."""


class Watch:
    """Measures one look: `phases` are seconds each, and one that was not completed is absent."""

    def __init__(self, limit: float, clock: Clock) -> None:
        self.phases: dict[str, float] = {}
        self.doing = "start"
        self._limit = limit
        self._clock = clock
        self._began = clock.monotonic()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure what happens inside; it counts only when it ends well."""
        self.doing = name
        began = self._clock.monotonic()
        yield
        self.phases[name] = self._clock.monotonic() - began

    def left(self) -> float:
        """Seconds until the deadline."""
        return max(0.0, self._began + self._limit - self._clock.monotonic())


def measured(limit: float, look: Callable[[Watch], str]) -> Reading:
    """Run a look that returns its detail; whatever goes wrong on the network becomes a reading within `limit`."""
    watch = Watch(limit, SystemClock())
    # One timer over everything, in place of a time-out per call: a server that drips a byte a second would keep
    # each single call happy, and a name lookup has no time-out of its own.
    timer = gevent.Timeout(limit)
    try:
        with timer:
            return Reading(health=Health.UP, detail=look(watch), phases=watch.phases)
    except gevent.Timeout as late:
        if late is not timer:
            raise
        detail = f"no answer within {limit:g}s, stuck at {watch.doing.replace('_', ' ')}"
    except Missed as missed:
        detail = str(missed)
    except OSError as error:
        detail = said(error)
    return Reading(health=Health.DOWN, detail=detail, phases=watch.phases)


@contextmanager
def dialled(host: str, port: int, watch: Watch) -> Iterator[socket.socket]:
    """Connect to the first address that answers; hang up at the end."""
    with _connected(addresses(host, port, watch), watch) as sock:
        yield sock


@contextmanager
def secured(sock: socket.socket, host: str, ca_file: str, watch: Watch) -> Iterator[ssl.SSLSocket]:
    """Shake hands, and demand a valid certificate for `host`."""
    context = _trust(ca_file, _changed(ca_file))
    # The handshake comes second: cut off inside wrap_socket, it would leave its descriptor open.
    with context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False) as tunnel:
        with watch.phase("tls"):
            tunnel.do_handshake()
        yield tunnel


def said(error: OSError) -> str:
    """What went wrong, in words that mean something to the person who is woken by them."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "the connection was closed during TLS"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {(error.reason or str(error)).replace('_', ' ').lower()}"
    if isinstance(error, TimeoutError):
        return "no answer"
    return (error.strerror or str(error) or type(error).__name__).lower()


def addresses(host: str, port: int, watch: Watch, family: int = socket.AF_UNSPEC) -> list[Address]:
    """Look the name up; return (family, socket address) of each, in the resolver's order."""
    with watch.phase("resolve"):
        try:
            found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise Missed(f"{host}: {_LOOKUP.get(error.errno, str(error.strerror).lower())}") from error
        except UnicodeError as error:
            raise Missed(f"{host} is not a host name") from error
    unique: list[Address] = []
    for kind, _, _, _, address in found:
        if (kind, address) not in unique:
            unique.append((kind, address))
    if not unique:
        raise Missed(f"{host}: the name has no address")
    return unique[:MOST_ADDRESSES]


def _connected(found: list[Address], watch: Watch) -> socket.socket:
    """Try each address; each gets its share of the time that is left, so that a dead one cannot use it all up."""
    failures = []
    with watch.phase("connect"):
        for tried, (family, address) in enumerate(found):
            share = max(watch.left() / (len(found) - tried), LEAST_SHARE)
            try:
                return _connect(family, address, share)
            except OSError as error:
                failures.append(f"{said(error)} ({_shown(address)})")
        more = f" and {len(failures) - TOLD} more addresses" if len(failures) > TOLD else ""
        raise Missed("; ".join(failures[:TOLD]) + more)


def _connect(family: int, address: tuple[Any, ...], limit: float) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(limit)
        sock.connect(address)
        sock.settimeout(None)  # from here on the one timer of the look is the limit
    except BaseException:  # the look's timer among them: no descriptor may stay behind
        sock.close()
        raise
    return sock


def _shown(address: tuple[Any, ...]) -> str:
    host, port = address[0], address[1]
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


def _changed(ca_file: str) -> int:
    try:
        return Path(ca_file).stat().st_mtime_ns if ca_file else 0
    except OSError as error:
        raise Missed(f"cannot read {ca_file}: {said(error)}") from error


@functools.lru_cache(maxsize=64)
def _trust(ca_file: str, changed: int) -> ssl.SSLContext:
    """Whom to believe: the system's authorities or a file's. Loading takes 20 ms, so all looks share it."""
    del changed  # only there to load a file again after it was replaced
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except ssl.SSLError as error:
        raise Missed(f"{ca_file} holds no certificates") from error
