"""The settings of TLS that several kinds have: whom they believe, and as whom they introduce themselves."""

from dataclasses import dataclass, field

from daemon.config.trusting import CA_FILE, CERT_FILE, KEY_FILE, check_key
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
    ca_file: str = field(default="", metadata=CA_FILE)
    cert_file: str = field(default="", metadata=CERT_FILE)
    key_file: str = field(default="", metadata=KEY_FILE)

    def __post_init__(self) -> None:
        """Refuse a key to nothing."""
        super().__post_init__()
        check_key(self.cert_file, self.key_file)

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
