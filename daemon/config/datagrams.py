"""Doors for datagrams: nobody can show who he is there, so the networks are named from which they are taken."""

import ipaddress
import re
from collections.abc import Iterator

from daemon.config.doors import http_door
from daemon.config.findings import quoted
from daemon.config.settings import Settings
from daemon.config.written import Problem

_MODE = re.compile(r"0?[0-7]{3}")
_LONGEST_PATH = 107  # bytes, as the kernel has it


def statsd(settings: Settings) -> Iterator[Problem]:
    """The doors of statsd."""
    listen, said = settings.listen, settings.statsd
    if listen.statsd:
        yield from _udp(settings)
    paths = {name: getattr(listen, name) for name in ("statsd_unix", "statsd_stream")}
    for name, path in paths.items():
        if path and (not path.startswith("/") or not path.isprintable() or len(path.encode()) > _LONGEST_PATH):
            yield ("listen", name), f"is not the full path of a socket, of at most {_LONGEST_PATH} bytes"
    if listen.statsd_unix and listen.statsd_unix == listen.statsd_stream:
        yield ("listen", "statsd_stream"), "is the path of statsd_unix; each has its own"
    if any((listen.statsd, *paths.values())) and "statsd" in settings.sources:
        yield ("sources", "statsd"), "the name is taken by events and service checks of statsd; choose another"
    if not _MODE.fullmatch(said.mode):
        yield ("statsd", "mode"), "is not the rights of a file; write for example 0660"
    for i, network in enumerate(said.from_):
        try:
            ipaddress.ip_network(network)
        except ValueError:
            yield ("statsd", "from", f"[{i}]"), f"{quoted(network)} is not a network; write for example 10.0.0.0/8"


def _udp(settings: Settings) -> Iterator[Problem]:
    text = settings.listen.statsd
    try:
        door = http_door(text)
    except ValueError:
        yield ("listen", "statsd"), f"{quoted(text)} is not an address; write host:port, for example 127.0.0.1:8125"
        return
    if not door.is_local and not settings.statsd.from_ and not settings.auth.allow_unauthenticated:
        sentence = (
            f"{quoted(text)} can be reached from other machines, and anybody there could send numbers and raise alarms:"
            " write statsd.from: [10.0.0.0/8] with the networks that may, listen on 127.0.0.1:8125,"
            " or write auth.allow_unauthenticated: true"
        )
        yield ("listen", "statsd"), sentence
