"""What the kinds have in common that look at a port: a host, a port, an address family."""

import ipaddress
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import msgspec

from daemon.probes.base import Fact, Health, Past, Probe, Reading
from daemon.probes.network.dial import Family, is_near_address
from daemon.reading import Looks
from daemon.urls import host_port

HIGHEST_PORT = 65_535

_FAMILIES: dict[Family, str] = {"ipv4": "over IPv4", "ipv6": "over IPv6"}
_LOCAL_NAMES = ("localhost", "ip6-localhost", "ip6-loopback")


def is_loopback(host: str) -> bool:
    """Whether this host is this machine, whatever network there is."""
    address = _address(host)
    if address is None:
        name = host.rstrip(".").lower()
        return name in _LOCAL_NAMES or name.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def is_address(host: str) -> bool:
    """Whether it is an address and no name: there is nothing to look up, and no choice of a family."""
    return _address(host) is not None


def is_near_host(host: str) -> bool:
    """Whether it can be reached without the internet: this machine, or an address of the networks it is in."""
    address = _address(host)
    if address is None:
        return is_loopback(host)
    return is_near_address(address)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(bare(host))
    except ValueError:
        return None


def bare(host: str) -> str:
    """A host without the brackets that an IPv6 address may be written in."""
    return host.strip("[]")


def checked(host: str) -> None:
    """Refuse what can be no host. Raises ValueError, which does not quote it: a URL may have a password in it."""
    plain = bare(host)
    if not plain.strip():
        raise ValueError("host is empty: write a name or an address")
    if "://" in plain:
        raise ValueError("host is a URL: write only the name or address in it")
    if any(char in "/@" or char.isspace() for char in plain):
        raise ValueError("host has more in it than a name or an address: no user, no path, no space")
    if ":" in plain and not is_address(plain.partition("%")[0]):
        raise ValueError("host has a colon and is no IPv6 address: a port stands below `port`")


def other_families(family: Family, host: str) -> Iterable[tuple[str, Family]]:
    """The families of addresses to ask for a second opinion, each with its name: none where one was chosen."""
    return () if family != "any" or is_address(host) else ((name, one) for one, name in _FAMILIES.items())


@dataclass(frozen=True)
class Perhaps:
    """A way that there may not be: whoever has no address of that family could not be looked at, and is not down."""

    FOR_OTHERS: ClassVar[bool] = False  # others may know other addresses, and are asked in their own way

    probe: Probe

    @property
    def timeout(self) -> float:
        """As the probe's."""
        return self.probe.timeout

    def look_on(self, past: Past) -> Reading:
        """Look; unknown where the name led nowhere."""
        reading = self.probe.look_on(past)
        if reading.is_well or "resolve" in reading.phases:
            return reading
        return msgspec.structs.replace(reading, health=Health.UNKNOWN)

    def target(self) -> str:
        """As the probe's."""
        return self.probe.target()

    def is_near(self) -> bool:
        """As the probe's."""
        return self.probe.is_near()

    def otherwise(self) -> Iterable[tuple[str, Looks]]:
        """No more: this is one already."""
        return ()

    def quoted(self, body: bytes) -> str:
        """As the probe does."""
        return self.probe.quoted(body)

    def gives(self) -> Mapping[str, Fact]:
        """As the probe's."""
        return self.probe.gives()

    def yielding(self, named: Collection[str]) -> "Perhaps":
        """As the probe does."""
        return Perhaps(self.probe.yielding(named))


@dataclass(frozen=True, kw_only=True)
class Networked(Probe):
    """A way to look at a port of some machine. It touches nothing but the network, so others may have us look."""

    FOR_OTHERS: ClassVar[bool] = True

    host: str = field(metadata={"doc": "host name or address; an IPv6 address with or without brackets"})
    port: int = field(metadata={"doc": "port number", "least": 1, "most": HIGHEST_PORT})
    family: Family = field(
        default="any",
        metadata={"doc": "addresses to try: `any` takes the first that answers, the others only those of one family"},
    )

    def __post_init__(self) -> None:
        """Refuse what can never be looked at."""
        checked(self.host)
        if not 1 <= self.port <= HIGHEST_PORT:
            raise ValueError(f"port {self.port} is not between 1 and {HIGHEST_PORT}")

    def target(self) -> str:
        """Host and port."""
        return host_port(bare(self.host), self.port)

    def is_near(self) -> bool:
        """Whether it is on this machine or in a network that this machine is in."""
        return is_near_host(self.host)

    def otherwise(self) -> Iterable[tuple[str, Looks]]:
        """Over the one and over the other family of addresses, where the name may have both."""
        return [
            (name, Perhaps(replace(self, family=family))) for name, family in other_families(self.family, self.host)
        ]
