"""The settings of TLS that several kinds have: whom they believe, and as whom they introduce themselves."""

from dataclasses import dataclass, field

from daemon.probes.base import Probe
from daemon.probes.network.names import check_host, host_name
from daemon.probes.network.trust import Trust


@dataclass(frozen=True, kw_only=True)
class Trusting(Probe):
    """A way to look that goes through TLS, always or where that is wanted."""

    verify: bool = field(
        default=True,
        metadata={"doc": "whether the certificate must be valid, and for this host; false reports on it all the same"},
    )
    ca_file: str = field(
        default="", metadata={"doc": "PEM file of the authorities to trust instead of the system's", "here": True}
    )
    cert_file: str = field(
        default="", metadata={"doc": "PEM file of our own certificate, where the server wants one", "here": True}
    )
    key_file: str = field(
        default="", metadata={"doc": "PEM file of its key, where it is not in `cert_file`", "here": True}
    )

    def __post_init__(self) -> None:
        """Refuse a key to nothing."""
        super().__post_init__()
        if self.key_file and not self.cert_file:
            raise ValueError("key_file is the key to a cert_file, which is missing")

    @property
    def trust(self) -> Trust:
        """What these settings mean."""
        return Trust(ca_file=self.ca_file, cert_file=self.cert_file, key_file=self.key_file, verify=self.verify)


@dataclass(frozen=True, kw_only=True)
class Naming(Trusting):
    """The same, where the certificate may be for another name than the one that is connected to."""

    server_name: str = field(
        default="",
        metadata={
            "doc": "name to ask for in TLS, and to find in the certificate, instead of the host's",
            "check": check_host,
        },
    )

    def named(self, host: str) -> str:
        """The name to ask for, where the host is this one."""
        return host_name(self.server_name) if self.server_name else host
