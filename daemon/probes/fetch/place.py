"""Where an HTTP request goes: a URL taken apart, which shows nothing that may be secret in it."""

import functools
from dataclasses import dataclass
from urllib.parse import quote, unquote, urljoin, urlsplit

from daemon.probes.network.names import host_name
from daemon.urls import DEFAULT_PORT

LONGEST = 8 * 1024  # characters of a URL

_KEPT = "/%:@!$&'()*+,;=~-._"


@dataclass(frozen=True, slots=True)
class Place:
    """One URL. `host` is as DNS knows it; `path` is what the request's first line has, with the query."""

    scheme: str
    host: str
    port: int
    path: str
    user: str | None = None  # `user:password` before the host

    @property
    def authority(self) -> str:
        """Host and port as the Host header wants them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORT[self.scheme] else f"{host}:{self.port}"

    @property
    def root(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.authority}"

    @property
    def shown(self) -> str:
        """The URL for people: without credentials; a query may hold a token, so it is only hinted at."""
        path, question, _ = self.path.partition("?")
        return f"{self.root}{path}{question and '?…'}"

    def trusts(self, other: "Place") -> bool:
        """Whether what was meant for this place may go to the other: the same server, and no less protected."""
        if self.host != other.host or (self.scheme == "https" and other.scheme == "http"):
            return False
        return self.port == other.port or (
            self.port == DEFAULT_PORT[self.scheme] and other.port == DEFAULT_PORT[other.scheme]
        )

    def towards(self, location: str) -> "Place":
        """Where a Location header leads from here; raises ValueError. Credentials in it are nobody's who set us up."""
        if len(location) > LONGEST:
            raise ValueError("is too long")
        try:
            joined = urljoin(self.root + self.path, location)
        except ValueError:
            joined = ""
        found = place(joined)
        return Place(found.scheme, found.host, found.port, found.path)


@functools.lru_cache(maxsize=64)
def place(url: str) -> Place:
    """Take a URL apart; raises ValueError without quoting it. Each is asked for several times while it is set up."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in DEFAULT_PORT and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("is not a URL: write for example https://shop.example.com/health")
    host = host_name(str(parts.hostname))
    query = "?" + quote(parts.query, safe=_KEPT + "?") if parts.query else ""
    user = None if parts.username is None else f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    port = parts.port or DEFAULT_PORT[parts.scheme]
    return Place(parts.scheme, host, port, quote(parts.path or "/", safe=_KEPT) + query, user)
