"""How a provider's server is reached: straight or through an HTTP proxy, and whose certificates are trusted."""

import base64
import socket
from dataclasses import dataclass
from urllib.parse import unquote

from daemon.secret import Secret
from daemon.urls import DEFAULT_PORT, host_port, split

MAX_HEAD = 8 * 1024  # of a proxy's answer
_OK = range(200, 300)


@dataclass(frozen=True)
class Proxy:
    """A proxy taken apart. `authorization` is a header's value, and a secret; `shown` is for people."""

    address: tuple[str, int]
    authorization: str
    shown: str
    secrets: tuple[str, ...] = ()  # what may stand in no error

    @property
    def header(self) -> str:
        """The header line that a request to it has beside the others; empty where it wants none."""
        return f"Proxy-Authorization: {self.authorization}\r\n" if self.authorization else ""


@dataclass(frozen=True)
class Road:
    """A proxy, if there is one, and a file of authorities; without one the machine's own are trusted."""

    proxy: Proxy | None = None
    ca_file: str = ""


STRAIGHT = Road()


class ProxyRefusedError(OSError):
    """The proxy does not let us through."""


def check_proxy(url: Secret) -> None:
    """Refuse what is no proxy; the ValueError does not show it."""
    proxy_of(url)


def proxy_of(url: Secret) -> Proxy:
    """Take `http://[user:password@]host[:port]` apart. Raises ValueError, and does not show it."""
    parts, host = split(url.reveal())
    if parts.scheme != "http" or parts.path.strip("/") or parts.query:
        raise ValueError("is no proxy: write http://host:port, with user:password@ before the host where it wants them")
    authorization, secrets = "", tuple[str, ...]()
    if parts.username or parts.password:
        user = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        basic = base64.b64encode(user.encode()).decode()
        authorization, secrets = f"Basic {basic}", (basic, unquote(parts.password or ""))
    port = parts.port or DEFAULT_PORT["http"]
    return Proxy(address=(host, port), authorization=authorization, shown=f"http://{host}:{port}", secrets=secrets)


def tunnel(connection: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Ask the proxy for a way to a server (CONNECT, RFC 9110 §9.3.6). Raises OSError."""
    place = host_port(host, port)
    connection.sendall(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{proxy.header}\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        # One byte at a time: what follows the head is the server's, and TLS is to read it.
        data = connection.recv(1)
        if not data or len(head) > MAX_HEAD:
            raise ProxyRefusedError(f"the proxy {proxy.shown} gave no answer that can be read")
        head += data
    words = head.split(b"\r\n", 1)[0].split()
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    if status not in _OK:
        raise ProxyRefusedError(f"the proxy {proxy.shown} answered {status or 'no HTTP'}")
