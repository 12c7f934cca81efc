"""How tocsin finds out that it is itself cut off."""

import re
from dataclasses import dataclass, field

from daemon.config.doors import is_port
from daemon.config.keys import doc
from daemon.units import Seconds

_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+):[1-9][0-9]{0,4}", re.ASCII)
_NAME = re.compile(r"[^\s:/@\[\]]+")


def _check_reference(text: str) -> None:
    if not _HOST_AND_PORT.fullmatch(text) or not is_port(text.rpartition(":")[2]):
        raise ValueError("is not host:port; write for example 223.5.5.5:53")


def _check_name(text: str) -> None:
    if not _NAME.fullmatch(text):
        raise ValueError("is no name that could be looked up; write for example www.example.com")


@dataclass(frozen=True, kw_only=True)
class Sight:
    """Targets that answer as long as this machine is not cut off: while most do not, nothing is known of the others."""

    references: tuple[str, ...] = field(
        default=(),
        metadata=doc(
            "host:port of several that are not your own and not behind one another, such as public name servers",
            check=_check_reference,
        ),
    )
    names: tuple[str, ...] = field(
        default=(),
        metadata=doc("names of others that can be looked up as long as the name servers are well", check=_check_name),
    )
    every: Seconds = field(default=Seconds(15.0), metadata=doc("time from one look at them to the next", least=1))
    timeout: Seconds = field(
        default=Seconds(3.0), metadata=doc("the longest that looking at all of them takes", least=0.1)
    )
    hub_lag: Seconds = field(
        default=Seconds(1.0),
        metadata=doc("a look that failed while tocsin itself was held up for so long says nothing", least=0.05),
    )
