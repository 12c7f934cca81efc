"""Where the doors listen, and who can reach them there."""

import ipaddress
from dataclasses import dataclass

from daemon.config.keys import doc

_TCP = "tcp://"
IPC = "ipc://"
_LAST_PORT = 65_535
BUFFER = doc(  # of a door for datagrams
    "how much may wait in the kernel; without root's rights no more than net.core.rmem_max",
    least=64 * 1024,
    most=1024**3,
)


@dataclass(frozen=True, slots=True)
class Door:
    """A host and port that can be listened on; the host is empty for every address."""

    host: str
    port: int

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # a name, or every address
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The doors that a running daemon has open, written like the settings; empty for one that is not open.

    They stay as they were opened until a restart, whatever a new configuration says.
    """

    http: str = ""
    zmq: str = ""
    zmq_has_curve: bool = False


NONE_OPENED = Opened()


def http_door(text: str) -> Door:
    """Read `host:port`; ValueError says what would be right."""
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    in_brackets = len(host) - len(bare) == len("[]")
    if not colon or not is_port(port) or (":" in bare and not in_brackets) or _has_odd(bare):
        raise ValueError("is not an address; write host:port, for example 127.0.0.1:8420 or [::1]:8420")
    return Door("" if bare == "*" else bare, int(port))


def zmq_door(text: str) -> Door | None:
    """Read a ZeroMQ endpoint; None for a socket in the file system. ValueError says what would be right."""
    if text.startswith(IPC) and len(text) > len(IPC):
        return None
    host, colon, port = text.removeprefix(_TCP).rpartition(":")
    if not text.startswith(_TCP) or not colon or not host or _has_odd(host) or not (port == "*" or is_port(port)):
        raise ValueError("is not a ZeroMQ endpoint; write tcp://127.0.0.1:8421 or ipc:///run/tocsin/ipc/control")
    return Door(host.strip("[]"), 0 if port == "*" else int(port))


def is_port(text: str) -> bool:
    """Whether it is the number of a port."""
    return text.isascii() and text.isdigit() and len(text) <= len(str(_LAST_PORT)) and int(text) <= _LAST_PORT


def _has_odd(host: str) -> bool:
    return any(c in "/@ \t" or not c.isprintable() for c in host)
