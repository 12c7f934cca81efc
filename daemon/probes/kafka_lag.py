"""Do the consumers of these Kafka groups keep up?"""

import functools
import re
from dataclasses import dataclass, field
from types import ModuleType
from typing import ClassVar, Literal

import msgspec

from daemon.config.trusting import CA_FILE
from daemon.probes.base import probe
from daemon.probes.brokers.asked import Account, Address, Wanted
from daemon.probes.lags.lag import Marks, Rules, lingering
from daemon.probes.lags.look import Lagging
from daemon.probes.lags.told import EXPIRED, GIVES, MEMBERS, TOLD, Sight
from daemon.probes.network.dial import Watch
from daemon.probes.network.host import HIGHEST_PORT, is_near_host
from daemon.secret import Secret

ALL = "*"
PORT = 9092
LONGEST = 1_000  # characters of a name; Kafka has shorter ones

_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:\[\]/@]+))(?::(\d{1,5}))?", re.ASCII)

Security = Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@probe("kafka_lag")
@dataclass(frozen=True, kw_only=True)
class KafkaLag(Lagging):
    """Compare what consumer groups have committed with where the logs end, without joining any group.

    What is down is not a number but a shape: a group that is behind and does not move.
    """

    PHASES: ClassVar = ("metadata", "committed", "ends")
    GIVES: ClassVar = {**GIVES, "expired": EXPIRED, "members": MEMBERS}

    bootstrap: tuple[str, ...] = field(
        metadata={"doc": "brokers to begin with, host:port each; the first that answers knows the others"}
    )
    groups: tuple[str, ...] = field(
        metadata={"doc": 'consumer groups; `["*"]` is all that the brokers list and let this user see'}
    )
    topics: tuple[str, ...] = field(
        default=(), metadata={"doc": "topics; without any, those that a group has committed something in"}
    )
    count_unread: bool = field(
        default=False,
        metadata={"doc": "whether a partition without any commit lags by all that is in it"},
    )
    security: Security = field(default="plaintext", metadata={"doc": "how the brokers' port is to be spoken to"})
    mechanism: Mechanism = field(default="PLAIN", metadata={"doc": "of SASL"})
    user: str = field(default="", metadata={"doc": "for SASL"})
    password: Secret | None = field(default=None, metadata={"doc": "for SASL"})
    ca_file: str = field(default="", metadata=CA_FILE)

    def __post_init__(self) -> None:
        """Refuse what could never be asked; Kafka's library is loaded here, so only where it is wanted."""
        if not self.bootstrap:
            raise ValueError("bootstrap is empty: name a broker, for example kafka-1:9092")
        _ = self._addresses
        if not self.groups or not all(map(str.strip, self.groups)):
            raise ValueError('groups is empty: name consumer groups, or write ["*"] for all')
        for named in (*self.groups, *self.topics, self.user):
            if not named.isprintable() or len(named) > LONGEST:
                raise ValueError(f"{named[:40]!r} is no name of a group, a topic or a user")
        if ALL in self.groups and len(self.groups) > 1:
            raise ValueError('groups names "*" and others: "*" is all of them')
        has_sasl = self.security.startswith("sasl_")
        if has_sasl and not (self.user and self.password):
            raise ValueError(f"security {self.security} needs user and password")
        if not has_sasl and (self.user or self.password):
            raise ValueError(f"security {self.security} takes no user and no password: write sasl_ssl")
        if self.ca_file and not self.security.endswith("ssl"):
            raise ValueError(f"ca_file means nothing with security {self.security}")
        _brokers()

    def target(self) -> str:
        """The first broker, and the groups."""
        more = f" and {len(self.bootstrap) - 1} more" if len(self.bootstrap) > 1 else ""
        others = f" and {len(self.groups) - TOLD} more" if len(self.groups) > TOLD else ""
        return f"{self.bootstrap[0]}{more}, {', '.join(self.groups[:TOLD])}{others}"

    def is_near(self) -> bool:
        """Whether all its brokers are on this machine, or in its own networks."""
        return all(is_near_host(host) for host, _ in self._addresses)

    def rules(self) -> Rules:
        """How to judge, and what a partition lags by that nobody has read."""
        return msgspec.structs.replace(super().rules(), count_unread=self.count_unread)

    def see(self, marks: Marks, watch: Watch) -> Sight:
        """Ask the brokers."""
        wanted = Wanted(
            bootstrap=self._addresses,
            account=self._account,
            groups=() if ALL in self.groups else self.groups,
            topics=self.topics,
            lingering=lingering(marks),
            count_unread=self.count_unread,
        )
        found: Sight = _brokers().seen(wanted, watch)
        return found

    @functools.cached_property
    def _addresses(self) -> tuple[Address, ...]:
        return tuple(map(_address, self.bootstrap))

    @property
    def _account(self) -> Account:
        return Account(
            is_tls=self.security.endswith("ssl"),
            ca_file=self.ca_file,
            mechanism=self.mechanism if self.security.startswith("sasl_") else "",
            user=self.user,
            password=self.password or Secret(""),
        )


def _address(text: str) -> Address:
    found = _ADDRESS.fullmatch(text.strip())
    port = int(found[3] or PORT) if found else 0
    if not found or not 1 <= port <= HIGHEST_PORT:
        raise ValueError(f"bootstrap: {text!r} is not host:port: write for example kafka-1:9092")
    return found[1] or found[2], port


@functools.cache
def _brokers() -> ModuleType:
    """Load what speaks to brokers, with its library: a tenth of a second, and nine megabytes."""
    from daemon.probes.brokers import look  # noqa: PLC0415 - only where such a probe is configured

    return look
