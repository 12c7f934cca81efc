"""How a probe reaches its target: the name, then one address after the other, each step measured."""

import errno
import functools
import ipaddress
import os
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Literal

import gevent

from daemon.clock import Clock, SystemClock
from daemon.probes.network.trust import Trust, TrustError
from daemon.reading import Health, Reading
from daemon.resolver import looked_up
from daemon.urls import host_port

MOST_ADDRESSES = 16  # a name may resolve to hundreds; the first ones tell enough
LEAST_SHARE = 1.0  # seconds that every address is given, however many there are
TOLD = 3  # failures of single addresses that the reading names

_LOOKUP = {
    socket.EAI_NONAME: "there is no such name",
    getattr(socket, "EAI_NODATA", None): "the name has no address",
    socket.EAI_AGAIN: "the name server did not answer, or not usefully",
}
_FAMILIES = {"any": socket.AF_UNSPEC, "ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
_NAMED: dict[int, str] = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}
_NONE_OF_IT = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None), getattr(socket, "EAI_ADDRFAMILY", None)}
_CLOCK = SystemClock()

# Set for a look that somebody else asked for. Names are looked up by the look's own greenlet, whose context this is.
only_beyond: ContextVar[bool] = ContextVar("only_beyond", default=False)

_OWN_NETWORKS = [ipaddress.ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]

# What a cloud tells of the machine that asks, its credentials among it; those of the others are link-local.
_METADATA = {ipaddress.ip_address(one) for one in ("100.100.100.200", "fd00:ec2::254")}

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
Family = Literal["any", "ipv4", "ipv6"]
Address = tuple[int, tuple[Any, ...]]  # family, and what connect() takes


class Missed(Exception):
    """What the look saw is not well. It never leaves `measured`, which makes it the reading's detail."""


class Forbidden(Missed):
    """Nobody may look there for somebody else: nothing was seen, which is no opinion."""


class Watch:
    """Measures one look, and takes down what it sees.

    `phases` are seconds each, those of one name added up; one that was not completed is absent. `values`, `evidence`
    and `body` become the reading's, however the look ends. `address` is what it is connected to.
    """

    __slots__ = ("_began", "_limit", "address", "body", "clock", "doing", "evidence", "phases", "values")

    def __init__(self, limit: float, clock: Clock) -> None:
        self.phases: dict[str, float] = {}
        self.values: dict[str, Any] = {}
        self.evidence: dict[str, str] = {}
        self.body = b""
        self.address: Address | None = None
        self.doing = "start"
        self.clock = clock
        self._limit = limit
        self._began = clock.monotonic()

    def phase(self, name: str) -> "_Phase":
        """Measure what happens inside; it counts only when it ends well."""
        return _Phase(self, name)

    def left(self) -> float:
        """Seconds until the deadline."""
        return max(0.0, self._began + self._limit - self.clock.monotonic())


class _Phase:
    """A stretch of a look. A class, for a generator costs three times as much, and a look has half a dozen."""

    __slots__ = ("_began", "_name", "_watch")

    def __init__(self, watch: Watch, name: str) -> None:
        self._watch = watch
        self._name = name

    def __enter__(self) -> None:
        self._watch.doing = self._name
        self._began = self._watch.clock.monotonic()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del error, trace
        if kind is None:
            phases = self._watch.phases
            phases[self._name] = phases.get(self._name, 0.0) + self._watch.clock.monotonic() - self._began


def measured(limit: float, look: Callable[[Watch], str]) -> Reading:
    """Run a look that returns its detail; whatever goes wrong on the network becomes a reading within `limit`."""
    watch = Watch(limit, _CLOCK)
    # One timer over everything, in place of a time-out per call: a server that drips a byte a second would keep
    # each single call happy, and a name lookup has no time-out of its own.
    timer = gevent.Timeout(limit)
    health = Health.DOWN
    try:
        with timer:
            detail = look(watch)
            health = Health.UP
    except gevent.Timeout as late:
        if late is not timer:
            raise
        detail = f"no answer within {limit:g}s, stuck at {watch.doing.replace('_', ' ')}"
    except Missed as missed:
        detail = str(missed)
        health = Health.UNKNOWN if isinstance(missed, Forbidden) else Health.DOWN
    except OSError as error:
        detail = said(error)
    return Reading(
        health=health,
        detail=detail,
        phases=watch.phases,
        values=watch.values,
        evidence=watch.evidence,
        body=watch.body,
        near=watch.address is not None and is_near_address(_ip(watch.address)),
    )


@contextmanager
def dialled(host: str, port: int, watch: Watch, family: Family = "any") -> Iterator[socket.socket]:
    """Connect to the first address that answers, one after the other, never two at once; hang up at the end."""
    with _connected(addresses(host, port, watch, family), watch) as sock:
        yield sock


@contextmanager
def secured(
    sock: socket.socket,
    host: str,
    trust: Trust,
    watch: Watch,
    shown: Callable[[ssl.SSLSocket], object] | None = None,
) -> Iterator[ssl.SSLSocket]:
    """Shake hands, and demand a valid certificate for `host`, if `trust` says nothing else.

    `shown` is called when the handshake is over, also one that failed, for what the server showed of itself.
    """
    # The handshake comes second: cut off inside wrap_socket, it would leave its descriptor open.
    with trust.context().wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False) as tunnel:
        try:
            with watch.phase("tls"):
                tunnel.do_handshake()
        finally:
            if shown is not None:
                shown(tunnel)
        yield tunnel


def leave(tunnel: ssl.SSLSocket) -> None:
    """Say goodbye: who hangs up without a word is written down by many a server as a connection that broke."""
    with suppress(OSError):
        tunnel.settimeout(0.0)
        tunnel.unwrap()


def said(error: OSError) -> str:
    """What went wrong, in words that mean something to the person who is woken by them."""
    if isinstance(error, TrustError):
        return str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "the connection was closed during TLS"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {(error.reason or str(error)).replace('_', ' ').lower()}"
    if isinstance(error, TimeoutError):
        return "no answer"
    return (error.strerror or str(error) or type(error).__name__).lower()


@functools.lru_cache(maxsize=16_384)
def literal(host: str) -> int | None:
    """The family of what is an address already, and need not be looked up; None for a name."""
    for family in _NAMED:
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return family
    return None


def shown_address(address: Address) -> str:
    """An address for people."""
    family, place = address
    return f"{_shown(place)} ({_NAMED.get(family, 'of another family')})"


def addresses(host: str, port: int, watch: Watch, family: Family = "any") -> list[Address]:
    """Look the name up; return (family, socket address) of each, in the resolver's order."""
    wanted = _FAMILIES[family]
    with watch.phase("resolve"):
        own = literal(host)
        if own is not None and wanted in (own, socket.AF_UNSPEC):
            unique = [(own, (host, port))]
        else:
            unique = list(dict.fromkeys(_found(host, port, wanted)))
    if not unique:
        raise Missed(f"{host}: the name has no address")
    if only_beyond.get() and any(map(_is_ours, unique)):
        raise Forbidden(
            f"{host} is this machine itself, at which it looks for nobody else (for_others: {{near: true}})"
        )
    return unique[:MOST_ADDRESSES]


def is_near_address(address: Ip) -> bool:
    """Whether it can be reached without the internet: this machine, or a network that it may be in."""
    own = any(address in network for network in _OWN_NETWORKS if network.version == address.version)
    return own or address.is_loopback or address.is_link_local or address.is_unspecified


def _ip(address: Address) -> Ip:
    found = ipaddress.ip_address(str(address[1][0]).partition("%")[0])
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found


def _is_ours(address: Address) -> bool:
    """Whether it leads to this machine, or to what only answers those who are next to it, as a cloud's metadata do."""
    found = _ip(address)
    is_this = found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast
    return is_this or found in _METADATA


def _found(host: str, port: int, family: int) -> Iterable[Address]:
    try:
        return [(one[0], one[4]) for one in looked_up(host, port, family)]
    except socket.gaierror as error:
        if family in _NAMED and error.errno in _NONE_OF_IT:
            raise Missed(f"{host}: there is no such name, or it has no {_NAMED[family]} address") from error
        raise Missed(f"{host}: {_LOOKUP.get(error.errno, str(error.strerror).lower())}") from error
    except UnicodeError as error:
        raise Missed(f"{host} is not a host name") from error


def _connected(found: list[Address], watch: Watch) -> socket.socket:
    """Try each address; each gets its share of the time that is left, so that a dead one cannot use it all up."""
    failures = []
    with watch.phase("connect"):
        for tried, address in enumerate(found):
            watch.address = address
            before = f", after {tried} others" if tried else ""
            watch.evidence["address"] = shown_address(address) + before
            share = max(watch.left() / (len(found) - tried), LEAST_SHARE) if len(found) > 1 else None
            try:
                return _connect(address, share)
            except OSError as error:
                failures.append(f"{said(error)} ({_shown(address[1])})")
        more = f" and {len(failures) - TOLD} more addresses" if len(failures) > TOLD else ""
        raise Missed("; ".join(failures[:TOLD]) + more)


def _connect(address: Address, limit: float | None) -> socket.socket:
    """Connect; without a limit of its own, what is left of the look's time is the limit."""
    family, place = address
    with ExitStack() as stack:  # whatever ends it, the look's timer among it, no descriptor stays behind
        sock = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        if limit is not None:
            sock.settimeout(limit)
        sock.connect(place)
        # Where nobody listens, our own end may by chance be given that very port, and is connected to itself.
        if sock.getsockname()[1] == place[1] and sock.getsockname() == sock.getpeername():
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        sock.settimeout(None)  # from here on the one timer of the look is the limit
        stack.pop_all()
        return sock


def _shown(place: tuple[Any, ...]) -> str:
    return host_port(str(place[0]), place[1])
