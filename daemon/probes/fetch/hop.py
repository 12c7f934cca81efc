"""One HTTP request over a connection of its own, through a proxy where there is one, and the answer to it."""

import base64
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from daemon.probes.fetch.answer import CHUNK, Answer
from daemon.probes.fetch.place import Place, place
from daemon.probes.network.certificate import noted
from daemon.probes.network.dial import Family, Missed, Watch, dialled, secured
from daemon.probes.network.trust import Trust
from daemon.secret import Secret
from daemon.urls import host_port

MOST_HEAD = 8 * 1024  # of a proxy's answer

_STATUS = re.compile(rb"HTTP/\d\.\d (\d{3})\b")
_OK = range(200, 300)


@dataclass(frozen=True, kw_only=True)
class Way:
    """How places are reached, and whom there one believes. `server_name` is asked for in place of the host's."""

    trust: Trust
    family: Family = "any"
    proxy: Place | None = None
    server_name: str = ""


def ask(where: Place, request: bytes, way: Way, answer: Answer, watch: Watch) -> None:
    """Send a request, and read the answer to it; raises Missed and OSError."""
    near = way.proxy or where
    with dialled(near.host, near.port, watch, way.family) as plain:
        if way.proxy is not None:
            watch.evidence["address"] += ", the proxy"
        if where.scheme == "http":
            _exchange(plain, request, answer, watch)
            return
        if way.proxy is not None:
            with watch.phase("proxy"):
                _dig(plain, way.proxy, where)
        name = way.server_name or where.host.rstrip(".")
        shown = partial(noted, trust=way.trust, watch=watch)
        with secured(plain, name, way.trust, watch, shown) as tunnel:
            _exchange(tunnel, request, answer, watch)


def proxy_place(url: Secret) -> Place:
    """Take a proxy's URL apart; raises ValueError, and does not show it."""
    try:
        found = place(url.reveal())
    except ValueError:
        found = None
    if found is None or found.scheme != "http" or found.path != "/":
        raise ValueError("is no proxy: write http://host:port, with user:password@ before the host where it wants them")
    return found


def basic(user: str) -> str:
    """What an Authorization header says for `user:password`."""
    return f"Basic {base64.b64encode(user.encode()).decode()}"


def _exchange(sock: socket.socket, request: bytes, answer: Answer, watch: Watch) -> None:
    with watch.phase("first_byte"):
        # A server that refuses early may have answered before it hung up: look, whatever became of the rest.
        with suppress(BrokenPipeError, ConnectionResetError):
            sock.sendall(request)
        data = sock.recv(CHUNK)
        if not data:
            raise Missed("the connection was closed without an answer")
    with watch.phase("download"):
        answer.read(data, sock.recv, watch)


def _dig(sock: socket.socket, proxy: Place, where: Place) -> None:
    """Ask the proxy for a way to a server (CONNECT, RFC 9110 §9.3.6)."""
    there = host_port(where.host, where.port)
    credentials = f"Proxy-Authorization: {basic(proxy.user)}\r\n" if proxy.user else ""
    sock.sendall(f"CONNECT {there} HTTP/1.1\r\nHost: {there}\r\n{credentials}\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        data = sock.recv(CHUNK)
        if not data or len(head) > MOST_HEAD:
            raise Missed(f"the proxy {proxy.root} gave no answer that can be read")
        head += data
    found = _STATUS.match(head)
    status = int(found[1]) if found else 0
    if status not in _OK:
        raise Missed(f"the proxy {proxy.root} answered {status or 'no HTTP'}")
    # With TLS it is us who speak first.
    if not head.endswith(b"\r\n\r\n"):
        raise Missed(f"the proxy {proxy.root} went on after it had agreed to a tunnel")
