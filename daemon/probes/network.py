"""What the kinds have in common that look at a port: a host, a port, an address family."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from daemon.probes.base import Probe
from daemon.reading import Looks

HIGHEST_PORT = 65_535

Family = Literal["any", "ipv4", "ipv6"]

_FAMILIES: dict[Family, str] = {"ipv4": "over IPv4", "ipv6": "over IPv6"}
_LOCAL_NAMES = ("localhost", "ip6-localhost", "ip6-loopback")


def is_loopback(host: str) -> bool:
    """Whether this host is this machine, whatever network there is."""
    host = bare(host)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.rstrip(".").lower()
        return name in _LOCAL_NAMES or name.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def is_address(host: str) -> bool:
    """Whether it is an address and no name: there is nothing to look up, and no choice of a family."""
    try:
        ipaddress.ip_address(bare(host))
    except ValueError:
        return False
    return True


def bare(host: str) -> str:
    """A host without the brackets that an IPv6 address may be written in."""
    return host.strip("[]")


def other_families(family: Family, host: str) -> Iterable[tuple[str, Family]]:
    """The families of addresses to ask for a second opinion, each with its name: none where one was chosen."""
    return () if family != "any" or is_address(host) else ((name, one) for one, name in _FAMILIES.items())


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
        if not bare(self.host).strip():
            raise ValueError("host is empty: write a name or an address")
        if not 1 <= self.port <= HIGHEST_PORT:
            raise ValueError(f"port {self.port} is not between 1 and {HIGHEST_PORT}")

    def target(self) -> str:
        """Host and port."""
        host = bare(self.host)
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def is_near(self) -> bool:
        """Whether it is on this machine."""
        return is_loopback(self.host)

    def otherwise(self) -> Iterable[tuple[str, Looks]]:
        """Over the one and over the other family of addresses, where the name may have both."""
        return [(name, replace(self, family=family)) for name, family in other_families(self.family, self.host)]
