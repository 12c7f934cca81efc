"""Other tocsins that look for this one."""

import re
from dataclasses import dataclass, field

from daemon.config.doors import is_port
from daemon.config.keys import doc
from daemon.secret import Secret

HERE = "here"  # this tocsin, where nodes are named

_URL = re.compile(r"tcp://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[1-9][0-9]{0,4}|ipc://.+", re.ASCII)
_KEY = 40  # characters of a CURVE key in Z85


def _check_url(text: str) -> None:
    if not _URL.fullmatch(text) or (text.startswith("tcp:") and not is_port(text.rpartition(":")[2])):
        raise ValueError("is not a ZeroMQ endpoint; write for example tcp://probe-1.example.com:8421")


@dataclass(frozen=True, kw_only=True)
class ForOthers:
    """What a tocsin that has the right `look` may have this one look at."""

    near: bool = field(
        default=False,
        metadata=doc("also at this machine itself: its loopback and link-local addresses, whatever names lead there"),
    )


@dataclass(frozen=True, kw_only=True)
class Node:
    """Another tocsin, whose ZeroMQ port lets us in with the right `look`."""

    name: str
    url: str = field(metadata=doc("its ZeroMQ endpoint: tcp://host:port or ipc:///path", check=_check_url))
    server_key: str = field(default="", metadata=doc("its public key, where its port demands keys"))
    secret_key: Secret | None = field(
        default=None, metadata=doc("our secret key, whose public half stands in its `auth.curve.clients`")
    )
    second_opinion: bool = field(
        default=True, metadata=doc("ask it before something that it can reach as well is called down")
    )

    def __post_init__(self) -> None:
        """Refuse what can never be asked."""
        if self.name == HERE:
            raise ValueError("`here` is this tocsin itself; choose another name")
        if bool(self.server_key) != (self.secret_key is not None):
            raise ValueError("server_key and secret_key belong together: set both, or neither")
        for what, key in (("server_key", self.server_key), ("secret_key", _revealed(self.secret_key))):
            if key and (len(key) != _KEY or not key.isascii()):
                raise ValueError(f"{what} is not a key: 40 characters, as `tocsinctl keygen` prints")


def _revealed(secret: Secret | None) -> str:
    return secret.reveal() if secret is not None else ""
