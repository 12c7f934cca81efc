"""Pages with numbers in Prometheus' text format that tocsin reads by itself."""

from dataclasses import dataclass, field

from daemon.config.keys import doc
from daemon.config.thresholds import Rule
from daemon.config.trusting import CA_FILE, CERT_FILE, KEY_FILE, VERIFY, check_key
from daemon.secret import Secret
from daemon.units import Bytes, Seconds
from daemon.urls import check_url, split

NAME = "scrape"  # the label that says which one it was


@dataclass(frozen=True, kw_only=True)
class ScrapeUser:
    """Who asks, by user name and password."""

    user: str = field(metadata=doc("user name"))
    password: Secret = field(metadata=doc("password"))


def _check(url: str) -> None:
    check_url(url)
    if "@" in split(url)[0].netloc:
        raise ValueError("holds credentials: write them as `basic: {user, password}`, where they are never shown")


@dataclass(frozen=True, kw_only=True)
class Scrape:
    """One page of an exporter. Its series get the label `scrape` with the name that stands here."""

    name: str
    url: str = field(metadata=doc("http or https address of the page, such as http://web-1:9100/metrics", check=_check))
    every: Seconds = field(default=Seconds(15.0), metadata=doc("how often it is read", least=1, most=3_600))
    timeout: Seconds = field(
        default=Seconds(10.0), metadata=doc("how long it may take, until its last byte", least=0.1, most=120)
    )
    labels: dict[str, str] = field(default_factory=dict, metadata=doc("labels that all its series get"))
    keep: tuple[str, ...] = field(
        default=(), metadata=doc("names that are taken, or patterns such as `node_cpu_*`; all where this is empty")
    )
    drop: tuple[str, ...] = field(default=(), metadata=doc("names, or patterns, that are left out of those"))
    most: int = field(default=5_000, metadata=doc("most series that are taken of it", least=1, most=200_000))
    largest: Bytes = field(
        default=Bytes(16 * 1024**2),
        metadata=doc("a page beyond it is not taken, expanded as it is", least=1_024, most=64 * 1024**2),
    )
    basic: ScrapeUser | None = field(default=None, metadata=doc("user and password for basic authentication"))
    bearer: Secret | None = field(default=None, metadata=doc("token, sent as Authorization: Bearer"))
    verify: bool = field(default=True, metadata=VERIFY)
    ca_file: str = field(default="", metadata=CA_FILE)
    cert_file: str = field(default="", metadata=CERT_FILE)
    key_file: str = field(default="", metadata=KEY_FILE)
    server_name: str = field(
        default="", metadata=doc("name to ask for in TLS, and to find in the certificate, instead of the host's")
    )
    rules: dict[str, Rule] = field(
        default_factory=dict,
        metadata=doc("threshold rules as below `rules:`, about the series of this page alone", listed=True),
    )

    def __post_init__(self) -> None:
        """Refuse what can never be read."""
        if self.basic is not None and self.bearer is not None:
            raise ValueError("credentials are given twice: keep one of basic and bearer")
        check_key(self.cert_file, self.key_file)
        if NAME in self.labels:
            raise ValueError(f"labels: {NAME} is the name that stands here; choose another label")
