"""What all channels have in common whose provider is an HTTP server."""

import functools
from dataclasses import dataclass, field
from pathlib import Path

from daemon.secret import Secret
from daemon.senders.base import Sender
from daemon.senders.road import Road, check_proxy, proxy_of


def check_file(path: str) -> None:
    """Refuse the path of a file that is not there."""
    if path and not Path(path).is_file():
        raise ValueError(f"there is no file {path}")


@dataclass(frozen=True, kw_only=True)
class OverHttp(Sender):
    """A way out over HTTP: straight or through a proxy."""

    proxy: Secret | None = field(
        default=None,
        metadata={
            "doc": "an HTTP proxy to go through, http://[user:password@]host:port; none is taken from the environment",
            "check": check_proxy,
        },
    )
    ca_file: str = field(
        default="",
        metadata={
            "doc": "PEM file of the authority to trust; empty for the system's authorities",
            "check": check_file,
        },
    )

    @functools.cached_property
    def road(self) -> Road:
        """How the server is reached. Raises ValueError where the proxy is none."""
        if self.proxy is None:
            return Road(ca_file=self.ca_file)
        try:
            return Road(proxy=proxy_of(self.proxy), ca_file=self.ca_file)
        except ValueError as error:
            raise ValueError(f"proxy {error}") from None
