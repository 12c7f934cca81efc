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
        yield from _udp(settings, "statsd", said.from_, "8125", "could send numbers and raise alarms")
    paths = {name: getattr(listen, name) for name in ("statsd_unix", "statsd_stream")}
    for name, path in paths.items():
        yield from _path(name, path)
    if listen.statsd_unix and listen.statsd_unix == listen.statsd_stream:
        yield ("listen", "statsd_stream"), "is the path of statsd_unix; each has its own"
    if any((listen.statsd, *paths.values())) and "statsd" in settings.sources:
        yield ("sources", "statsd"), "the name is taken by events and service checks of statsd; choose another"
    yield from _who("statsd", said.mode, said.from_)


def syslog(settings: Settings) -> Iterator[Problem]:
    """The doors of syslog."""
    listen, said = settings.listen, settings.syslog
    if listen.syslog:
        yield from _udp(settings, "syslog", said.from_, "5514", "could raise alarms")
    yield from _path("syslog_unix", listen.syslog_unix)
    if said.patterns and "syslog" in settings.sources:
        yield ("sources", "syslog"), "the name is taken by lines of syslog that are alarms; choose another"
    yield from _who("syslog", said.mode, said.from_)


def _who(section: str, mode: str, networks: tuple[str, ...]) -> Iterator[Problem]:
    """Who may send."""
    if not _MODE.fullmatch(mode):
        yield (section, "mode"), "is not the rights of a file; write for example 0660"
    for i, network in enumerate(networks):
        try:
            ipaddress.ip_network(network)
        except ValueError:
            yield (section, "from", f"[{i}]"), f"{quoted(network)} is not a network; write for example 10.0.0.0/8"


def _path(name: str, path: str) -> Iterator[Problem]:
    if path and (not path.startswith("/") or not path.isprintable() or len(path.encode()) > _LONGEST_PATH):
        yield ("listen", name), f"is not the full path of a socket, of at most {_LONGEST_PATH} bytes"


def _udp(settings: Settings, name: str, networks: tuple[str, ...], port: str, could: str) -> Iterator[Problem]:
    text = getattr(settings.listen, name)
    try:
        door = http_door(text)
    except ValueError:
        yield ("listen", name), f"{quoted(text)} is not an address; write host:port, for example 127.0.0.1:{port}"
        return
    if not door.is_local and not networks and not settings.auth.allow_unauthenticated:
        sentence = (
            f"{quoted(text)} can be reached from other machines, and anybody there {could}:"
            f" write {name}.from: [10.0.0.0/8] with the networks that may, listen on 127.0.0.1:{port},"
            " or write auth.allow_unauthenticated: true"
        )
        yield ("listen", name), sentence
