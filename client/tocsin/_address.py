"""Reads where datagrams are to go: a host and port, or a socket in the file system."""

from __future__ import annotations

from socket import AF_INET, AF_INET6, AF_UNIX, inet_pton
from typing import NamedTuple, Tuple, Union

OFF = frozenset(("", "off", "none", "no", "0", "false"))
PORT = 8125
_UNIX = "unix://"
_LAST_PORT = 65_535

Place = Union[str, Tuple[str, int]]  # what `connect` takes


class Target(NamedTuple):
    """`place` is None where a name has to be looked up first."""

    family: int
    place: Place | None
    host: str = ""
    port: int = 0


def target(text: str) -> Target | None:
    """Read it; None switches everything off. Raises ValueError."""
    text = text.strip()
    if text.lower() in OFF:
        return None
    if text.startswith(("/", _UNIX)):
        path = text[len(_UNIX) :] if text.startswith(_UNIX) else text
        return Target(AF_UNIX, path)
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):  # no port, or an IPv6 address on its own
        host, port = text, str(PORT)
    host = host.strip("[]")
    if not host or not (port.isascii() and port.isdigit() and 0 < int(port) <= _LAST_PORT):
        raise ValueError(f"{text!r} is no address; write 127.0.0.1:8125, [::1]:8125 or unix:///run/tocsin/statsd.sock")
    if host == "localhost":
        host = "127.0.0.1"
    for family in (AF_INET, AF_INET6):
        try:
            inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return Target(family, (host, int(port)), host, int(port))
    return Target(0, None, host, int(port))
