"""Lists in Redis to which applications push what their pages took."""

from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from daemon.config.keys import doc
from daemon.config.trusting import CA_FILE, CERT_FILE, KEY_FILE, VERIFY, check_key
from daemon.secret import Secret
from daemon.units import Bytes, Seconds
from daemon.urls import host_port

PORT = 6_379
_WRITE = "write redis://127.0.0.1:6379/0, rediss://… for TLS, or unix:///run/redis.sock"


class Server(NamedTuple):
    """Where a Redis is: a host and a port, or the path of a socket."""

    host: str
    port: int
    path: str
    database: int
    is_tls: bool

    def __str__(self) -> str:
        """Name it, for people and in alarms."""
        if self.path:
            return f"unix://{self.path}" + (f"?db={self.database}" if self.database else "")
        return f"{'rediss' if self.is_tls else 'redis'}://{host_port(self.host, self.port)}/{self.database}"


def server(url: str) -> Server:
    """Take a URL apart; ValueError, which does not show it, when it is none."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or PORT
        told = parse_qs(parts.query)
        database = int((told.get("db") or [parts.path.strip("/") if parts.scheme != "unix" else ""])[0] or 0)
    except ValueError:
        raise ValueError(f"is no address of a Redis: {_WRITE}") from None
    if "@" in parts.netloc:
        raise ValueError("holds credentials: write them as `user:` and `password:`, where they are never shown")
    if parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc and database >= 0:
        return Server("", 0, unquote(parts.path), database, is_tls=False)
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname or database < 0:
        raise ValueError(f"is no address of a Redis: {_WRITE}")
    return Server(parts.hostname, port, "", database, parts.scheme == "rediss")


def _check(url: str) -> None:
    server(url)


@dataclass(frozen=True, kw_only=True)
class RedisList:
    """Lists of one Redis. Applications LPUSH `{"url": …, "time_spent": …}` to `apm:<number of the application>`."""

    url: str = field(
        metadata=doc(
            "`redis://host:port/database`, `rediss://…` for TLS, or `unix:///path?db=0`; no password in it",
            check=_check,
        )
    )
    keys: tuple[str, ...] = field(
        default=("apm:*",), metadata=doc("names of lists, or patterns with `*` that are looked for again and again")
    )
    apps: dict[str, str] = field(
        default_factory=dict,
        metadata=doc("what the application is called whose list ends so, such as `0x00000001: shop`; else as its list"),
    )
    user: str = field(default="", metadata=doc("the user to log in as (Redis 6); empty for the default user"))
    password: Secret | None = field(default=None, metadata=doc("the password"))
    verify: bool = field(default=True, metadata=VERIFY)
    ca_file: str = field(default="", metadata=CA_FILE)
    cert_file: str = field(default="", metadata=CERT_FILE)
    key_file: str = field(default="", metadata=KEY_FILE)
    timeout: Seconds = field(
        default=Seconds(5.0), metadata=doc("how long the server may take for an answer", least=0.1, most=60)
    )
    batch: int = field(default=1_000, metadata=doc("entries read at once", least=1, most=10_000))
    largest: Bytes = field(
        default=Bytes(64 * 1024), metadata=doc("an entry beyond it is thrown away unread", least=64, most=1024**2)
    )
    behind: int = field(default=1_000_000, metadata=doc("when so many wait in one list an alarm is raised", least=1))
    most: int = field(
        default=0,
        metadata=doc("when more wait in one list, the oldest are thrown away, with an alarm; 0 keeps all", least=0),
    )

    def __post_init__(self) -> None:
        """Refuse what can never be read."""
        if not self.keys or not all(self.keys):
            raise ValueError("keys is empty: name the lists, or a pattern such as apm:*")
        if self.user and self.password is None:
            raise ValueError("user is given without a password; Redis has no login without one")
        check_key(self.cert_file, self.key_file)

    @property
    def server(self) -> Server:
        """The server, taken apart."""
        return server(self.url)
