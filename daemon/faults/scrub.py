"""Secrets out of what is kept of an error, and everything else fit to be kept."""

import re

from daemon.faults.event import Pairs
from daemon.fitting import cut, line, lines
from daemon.secret import HIDDEN, redact_headers, redact_text

# Who stands before the @ of an address; a password may hold a slash, but no white space.
_USER = re.compile(r"(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]{0,20}://)[^\s/@]*:[^\s@]*@")


def text(given: str, limit: int) -> str:
    """A text of several lines, cut; what it says to be a password or the like is hidden."""
    return cut(lines(_hidden(given[: 2 * limit])), limit)


def word(given: str, limit: int) -> str:
    """The same on one line."""
    return cut(line(_hidden(given[: 2 * limit])), limit)


def pairs(given: Pairs, most: int, limit: int) -> Pairs:
    """So many names and values; those whose names tell of credentials keep only the name."""
    shown = redact_headers({line(name[:limit]): value[: 2 * limit] for name, value in given[:most]})
    return tuple((name, value if value == HIDDEN else text(value, limit)) for name, value in shown.items() if name)


def _hidden(given: str) -> str:
    shown = redact_text(given)
    return _USER.sub(rf"\1{HIDDEN}@", shown) if "://" in shown else shown
