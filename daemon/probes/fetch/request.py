"""What an HTTP probe says: its requests as bytes, and what of them nobody may see."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from daemon import __version__
from daemon.blotted import TELLING, longest_first
from daemon.probes.fetch.hop import basic
from daemon.probes.fetch.place import Place
from daemon.probes.fetch.redirect import HARMLESS, Step

_WITH_CONTENT = frozenset(("POST", "PUT", "PATCH"))  # many a server wants to be told that there is none (411)
_TOKEN_LENGTH = 8  # characters from which on a value of a query may be a token, and not a word


@dataclass(frozen=True)
class Wording:
    """How all requests of a probe are written. Header names are lower case."""

    headers: Mapping[str, str]
    authorization: str = ""
    hidden: str = ""  # a body that nobody may see
    proxy: Place | None = None

    @property
    def takes_compressed(self) -> bool:
        """Whether answers may come compressed."""
        return "accept-encoding" in self.headers

    def request(self, step: Step) -> bytes:
        """The whole request. What the settings say goes before what we would say; to strangers it is not said."""
        where = step.where
        headers = {
            "host": where.authority,
            "user-agent": f"tocsin/{__version__}",
            "accept": "*/*",
            "accept-encoding": "identity",
            "connection": "close",
        }
        if step.is_ours and self.authorization:
            headers["authorization"] = self.authorization
        headers |= {name: value for name, value in self.headers.items() if step.is_ours or name in HARMLESS}
        if step.body or step.method in _WITH_CONTENT:
            headers["content-length"] = str(len(step.body))
        target = where.path
        if self.proxy is not None and where.scheme == "http":  # the proxy reads the request itself
            target = where.root + target
            if self.proxy.user is not None:
                headers["Proxy-Authorization"] = basic(self.proxy.user)
        lines = [f"{step.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + step.body

    def secrets(self, first: Step) -> list[str]:
        """What a server may repeat and nobody may see, in whatever way it writes it."""
        plain = {one for one in self._secrets(first) if len(one) >= TELLING}
        return longest_first(plain | {quote(one) for one in plain} | {json.dumps(one)[1:-1] for one in plain})

    def _secrets(self, first: Step) -> Iterator[str]:
        yield from self.headers.values()
        yield self.authorization.rpartition(" ")[2]
        yield self.hidden
        for user in (first.where.user, self.proxy.user if self.proxy is not None else None):
            if user is not None:
                yield from (user.partition(":")[2], basic(user).rpartition(" ")[2])
        query = first.where.path.partition("?")[2]
        written = (value or name for name, _, value in (pair.partition("=") for pair in query.split("&")))
        yield from (one for one in (*written, *(value for _, value in parse_qsl(query))) if len(one) >= _TOKEN_LENGTH)
