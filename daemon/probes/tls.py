"""Does this port speak TLS, with a certificate that is valid, and for how long still?"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from daemon.probes.base import Fact, Reading, probe
from daemon.probes.network.certificate import noted
from daemon.probes.network.dial import Watch, dialled, leave, measured, secured
from daemon.probes.network.host import HIGHEST_PORT, Networked, bare
from daemon.probes.network.names import host_name
from daemon.probes.network.starttls import Protocol, upgrade
from daemon.probes.network.trust import Trust, Version
from daemon.probes.network.trusting import Naming


@probe("tls")
@dataclass(frozen=True, kw_only=True)
class Tls(Naming, Networked):
    """Connect, shake hands and look at the certificates; nothing is said through the tunnel."""

    PHASES: ClassVar[tuple[str, ...]] = ("resolve", "connect", "starttls", "tls", "total")
    GIVES: ClassVar[Mapping[str, Fact]] = {
        "cert.days": Fact("days until the server's certificate expires, negative when it has", "days"),
        "cert.chain_days": Fact("days until the first certificate expires of all that the server showed", "days"),
        "cert.names": Fact("the names and addresses that the certificate is valid for", "list"),
        "cert.subject": Fact("whose certificate it is", "text"),
        "cert.issuer": Fact("who signed it", "text"),
        "cert.sha256": Fact("its fingerprint, in hexadecimal digits", "text"),
        "tls.version": Fact("the version that both agreed on: TLSv1.2 or TLSv1.3", "text"),
        "tls.cipher": Fact("the cipher suite that both agreed on", "text"),
        "ip": Fact("the address that it is connected to", "text"),
    }

    port: int = field(default=443, metadata={"doc": "port number", "least": 1, "most": HIGHEST_PORT})
    starttls: Protocol | None = field(
        default=None, metadata={"doc": "the protocol in whose words TLS is begun, where it does not begin at once"}
    )
    least_version: Version = field(default="1.2", metadata={"doc": "the oldest version of TLS that is accepted"})

    def __post_init__(self) -> None:
        """Refuse what can never be looked at."""
        super().__post_init__()
        try:
            host_name(self.server_name or bare(self.host))
        except ValueError:
            raise ValueError(f"{'server_name' if self.server_name else 'host'} is no host name") from None

    def look(self) -> Reading:
        """Shake hands once."""
        return measured(self.timeout, self._look)

    def _look(self, watch: Watch) -> str:
        host = host_name(bare(self.host))
        name = self.named(host.rstrip("."))
        trust = replace(self.trust, least_version=self.least_version)

        def shown(tunnel: ssl.SSLSocket) -> None:
            _take_down(tunnel, trust, watch)

        with watch.phase("total"), dialled(host, self.port, watch, self.family) as plain:
            watch.values["ip"] = plain.getpeername()[0]
            if self.starttls is not None:
                upgrade(plain, self.starttls, name, watch)
            with secured(plain, name, trust, watch, shown) as tunnel:
                leave(tunnel)
        return f"{watch.values['tls.version']}{_validity(watch.values.get('cert.days'))}"


def _validity(days: float | None) -> str:
    if days is None:
        return ""
    return f", certificate expired {-days:.0f} days ago" if days < 0 else f", certificate valid for {days:.0f} days"


def _take_down(tunnel: ssl.SSLSocket, trust: Trust, watch: Watch) -> None:
    """Whatever the server showed of itself, also where that was not accepted."""
    values = watch.values
    if chain := noted(tunnel, trust, watch):
        values["cert.names"] = list(chain[0].names)
        values["cert.subject"] = chain[0].subject
        values["cert.issuer"] = chain[0].issuer
        values["cert.sha256"] = chain[0].sha256
    version, cipher = tunnel.version(), tunnel.cipher()
    if version is not None and cipher is not None:  # after a handshake that failed there may be one of them
        values["tls.version"], values["tls.cipher"] = version, cipher[0]
