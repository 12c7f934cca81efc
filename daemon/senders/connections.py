"""Kept-alive connections to one server, opened when needed and never trusted for long."""

import functools
import socket
import ssl
from collections import deque
from pathlib import Path

import certifi
from gevent import monkey

from daemon.clock import Clock
from daemon.senders.road import Road, tunnel

MAX_IDLE = 500  # connections kept for the next burst
IDLE_SECONDS = 4.0  # common servers hang up after five: a younger connection is rarely closed under our feet

# The real one: it looks without waiting and, unlike `select`, at descriptors beyond 1023 too.
_poll = monkey.get_original("select", "poll")
_POLLIN = 1


class Connections:
    """Idle connections, newest first out. Who takes one gives it back, whatever happened."""

    def __init__(self, host: str, port: int, clock: Clock, timeout: float, *, secure: bool, road: Road) -> None:
        self._address = (host, port)
        self._clock = clock
        self._timeout = timeout
        self._secure = secure
        self._road = road
        self._idle: deque[tuple[socket.socket, float]] = deque()
        self._closed = False

    def take(self) -> socket.socket:
        """Return an idle connection that is still open, or a new one; OSError when there is none to be had."""
        self._drop_old()
        while self._idle:
            connection, _ = self._idle.pop()
            if is_quiet(connection):
                return connection
            connection.close()
        return self._open()

    def give_back(self, connection: socket.socket, *, reusable: bool) -> None:
        """Keep it for the next one, or close it."""
        if reusable and not self._closed and len(self._idle) < MAX_IDLE:
            self._idle.append((connection, self._clock.monotonic()))
        else:
            connection.close()
        self._drop_old()

    def close(self) -> None:
        """Close what is idle, and from now on whatever is given back."""
        self._closed = True
        while self._idle:
            self._idle.popleft()[0].close()

    def _drop_old(self) -> None:
        oldest = self._clock.monotonic() - IDLE_SECONDS
        while self._idle and self._idle[0][1] <= oldest:
            self._idle.popleft()[0].close()

    def _open(self) -> socket.socket:
        proxy = self._road.proxy
        connection = opened(proxy.address if proxy else self._address, self._timeout)
        if not self._secure:
            return connection
        if proxy is not None:
            try:
                tunnel(connection, proxy, *self._address)
            except BaseException:
                connection.close()
                raise
        return encrypted(connection, self._address[0], self._road.ca_file)


def opened(address: tuple[str, int], timeout: float) -> socket.socket:
    """Connect; OSError where that fails. Later waits have no end of their own: whoever uses it keeps a deadline."""
    # Half the time for one address, so that a dead first one leaves time for the second.
    connection = socket.create_connection(address, timeout / 2)
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def encrypted(connection: socket.socket, host: str, ca_file: str) -> ssl.SSLSocket:
    """Speak TLS from here on, with a server that can prove to be `host`; else it is closed, and an OSError."""
    try:
        # Wrapped first, so that a deadline in the middle of the handshake finds something to close.
        wrapped = _tls(ca_file).wrap_socket(connection, server_hostname=host, do_handshake_on_connect=False)
    except BaseException:
        connection.close()
        raise
    try:
        wrapped.do_handshake()
    except BaseException:
        wrapped.close()
        raise
    return wrapped


@functools.lru_cache(maxsize=16)
def _tls(ca_file: str) -> ssl.SSLContext:
    """Read the certificates to trust once: it takes tens of milliseconds."""
    return ssl.create_default_context(cafile=ca_file or _authorities())


def _authorities() -> str | None:
    """None for the machine's own; a bare machine without any (no ca-certificates) gets Mozilla's list."""
    own = ssl.get_default_verify_paths()
    if own.cafile or (own.capath and list(Path(own.capath).iterdir())):
        return None
    return certifi.where()


def is_quiet(connection: socket.socket) -> bool:
    """An idle connection has nothing to say: readable means closed by the other side, or out of step."""
    poll = _poll()
    poll.register(connection.fileno(), _POLLIN)
    return not poll.poll(0)
