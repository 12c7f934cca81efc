"""The doors of syslog: nobody can show who he is there, so the networks are named from which lines are taken."""

import ipaddress
import re
from collections.abc import Iterator

from daemon.config.doors import http_door
from daemon.config.findings import quoted
from daemon.config.settings import Settings
from daemon.config.written import Problem

_MODE = re.compile(r"0?[0-7]{3}")
_LONGEST_PATH = 107  # bytes, as the kernel has it


def doors(settings: Settings) -> Iterator[Problem]:
    """What is wrong with them."""
    if settings.listen.syslog:
        yield from _udp(settings)
    path = settings.listen.syslog_unix
    if path and (not path.startswith("/") or not path.isprintable() or len(path.encode()) > _LONGEST_PATH):
        yield ("listen", "syslog_unix"), f"is not the full path of a socket, of at most {_LONGEST_PATH} bytes"
    if not _MODE.fullmatch(settings.syslog.mode):
        yield ("syslog", "mode"), "is not the rights of a file; write for example 0660"
    for i, network in enumerate(settings.syslog.from_):
        try:
            ipaddress.ip_network(network)
        except ValueError:
            yield ("syslog", "from", f"[{i}]"), f"{quoted(network)} is not a network; write for example 10.0.0.0/8"


def _udp(settings: Settings) -> Iterator[Problem]:
    text = settings.listen.syslog
    try:
        door = http_door(text)
    except ValueError:
        yield ("listen", "syslog"), f"{quoted(text)} is not an address; write host:port, for example 127.0.0.1:5514"
        return
    if not door.is_local and not settings.syslog.from_ and not settings.auth.allow_unauthenticated:
        sentence = (
            f"{quoted(text)} can be reached from other machines, and anybody there could raise alarms:"
            " write syslog.from: [10.0.0.0/8] with the networks that may, listen on 127.0.0.1:5514,"
            " or write auth.allow_unauthenticated: true"
        )
        yield ("listen", "syslog"), sentence
