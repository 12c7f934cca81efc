"""The name of a host as DNS and TLS know it."""

import re

_HOST = re.compile(r"[A-Za-z0-9._~-]+|[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._~-]+)?")


def host_name(host: str) -> str:
    """A host as DNS knows it; raises ValueError."""
    try:
        known = host if ":" in host else host.encode("idna").decode()
    except UnicodeError:
        known = ""
    if not _HOST.fullmatch(known):
        raise ValueError("has a host that is no host name")
    return known


def check_host(host: str) -> None:
    """Refuse what is no host name; none at all is not refused."""
    if host:
        host_name(host)
