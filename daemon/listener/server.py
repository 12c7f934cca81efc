"""The HTTP server: a bounded number of clients, each served in turn, none of them able to hold it up."""

import contextlib
import errno
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from email.utils import formatdate

import gevent
from gevent.pool import Pool
from gevent.server import StreamServer

from daemon import telemetry
from daemon.clock import Clock
from daemon.config.settings import Limits
from daemon.errors import TocsinError
from daemon.listener.connection import Connection
from daemon.listener.exchange import FAILED, Answer, App, Request
from daemon.listener.inbox import Largest, as_usual
from daemon.urls import host_port

BACKLOG = 1024
GRANTED = 256 * 1024**2  # bytes that all bodies which come at once may have together beyond `limits.body`
READ = 64 * 1024  # bytes taken from a socket at once
BEAT = 1.0  # seconds between two looks for late clients, at most
PATIENCE = 1.0  # seconds that a client may rest while others wait for its place

log = logging.getLogger("tocsin.listener")


class CannotListen(TocsinError):
    """The door's address cannot be had."""


def open_socket(address: str) -> socket.socket:
    """Bind `host:port` (also `[::1]:port`, `:port` for every address) and listen. Raises CannotListen."""
    host, colon, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        if not (colon and port.isdecimal() and int(port) < 65536):  # noqa: PLR2004 - where port numbers end
            raise ValueError(address)
        sock = socket.create_server(
            ("" if host == "*" else host, int(port)), family=family, backlog=BACKLOG, dualstack_ipv6=host == "::"
        )
    except (OSError, ValueError) as error:
        raise CannotListen(f"cannot listen on {address}: {_reason(error)}") from error
    # Accepted sockets inherit it: without it each answer could wait 40 ms for the client's delayed ACK.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def address_of(door: socket.socket) -> str:
    """Where it is bound, written the way `open_socket` reads it."""
    host, port = door.getsockname()[:2]
    return host_port(host, port)


class HttpDoor:
    """Serves `app` over HTTP/1.1.

    `limits` is asked anew for each request, so a reload takes effect at once; only `limits.connections` is
    read once, at the start.
    """

    def __init__(
        self,
        listener: str | socket.socket,
        app: App,
        limits: Callable[[], Limits],
        clock: Clock,
        largest: Largest = as_usual,
    ) -> None:
        """`listener` is an address, or a socket that was bound while the process still had the right to."""
        self.clock = clock
        self.limits = limits
        self._largest = largest
        self.stopping = False
        self.buffer = memoryview(bytearray(READ))
        self._app = app
        self._listener = listener
        self._pool = Pool(limits().connections)
        self._open: set[Connection] = set()
        self._empty = threading.Event()
        self._server: StreamServer | None = None
        self._sweeper: gevent.Greenlet[[], None] | None = None
        self._second = 0
        self._date = ""
        self._requests: dict[tuple[str, int], Callable[[], None]] = {}
        self._seconds: dict[str, Callable[[float], None]] = {}

    # what the daemon calls

    def start(self) -> None:
        """Open the door. Raises CannotListen."""
        sock = open_socket(self._listener) if isinstance(self._listener, str) else self._listener
        self._server = StreamServer(sock, self._serve, spawn=self._pool)
        self._server.start()
        self._sweeper = gevent.spawn(self._sweep_for_ever)
        log.info("HTTP door open on %s:%d", *sock.getsockname()[:2])

    @property
    def port(self) -> int:
        """The port, once started: the one the system chose where the address said 0."""
        if self._server is None:
            raise CannotListen("the HTTP door is not open")
        return self._server.server_port or 0

    def stop(self, timeout: float) -> None:
        """Take no more clients, let requests in work be answered, cut off what is left after `timeout`."""
        self.stopping = True
        if self._server is not None:
            self._server.close()
        for connection in list(self._open):
            if connection.resting:
                self._interrupt(connection, self.clock.monotonic())
        if self._open:
            self.clock.wait(self._empty, timeout)
        if self._open:
            log.warning("%d HTTP connections were cut off", len(self._open))
        self._pool.kill(timeout=1)
        if self._sweeper is not None:
            self._sweeper.kill(timeout=1)

    # what a connection calls

    def largest(self, url: bytes, headers: Mapping[str, str]) -> int:
        """How large a body may be, as long as not too many are large at once."""
        size = self._largest(url, headers)
        return size if size and sum(one.granted for one in self._open) + size <= GRANTED else 0

    def work(self, request: Request) -> Answer:
        """Serve one request; what goes wrong unexpectedly is logged here and answered 500."""
        try:
            return self._app(request)
        except Exception:  # the listener's loop: one request's failure must not end the others
            log.exception("%s %r failed", request.method, request.shown_path)
            return FAILED

    def date(self) -> str:
        """The Date header, made anew once a second."""
        now = int(self.clock.now())
        if now != self._second:
            self._second, self._date = now, formatdate(now, usegmt=True)
        return self._date

    def answered(self, request: Request | None, answer: Answer, seconds: float) -> None:
        """Count an answer."""
        key = (answer.door, answer.status)
        count = self._requests.get(key)
        if count is None:
            count = self._requests[key] = telemetry.requests.labels(answer.door, str(answer.status)).inc
        count()
        observe = self._seconds.get(answer.door)
        if observe is None:
            observe = self._seconds[answer.door] = telemetry.request_seconds.labels(answer.door).observe
        observe(seconds)
        if request is not None and log.isEnabledFor(logging.DEBUG):
            log.debug("%s %s %r: %d", request.remote, request.method, request.shown_path, answer.status)

    # the rest

    def _serve(self, sock: socket.socket, address: tuple[str, int]) -> None:
        connection = Connection(self, sock, address[0])
        self._open.add(connection)
        telemetry.connections.set(len(self._open))
        try:
            connection.serve()
        except Exception:  # the listener's loop: one client's failure must not end the others
            log.exception("the connection of %s failed", address[0])
        finally:
            self._open.discard(connection)
            telemetry.connections.set(len(self._open))
            if self.stopping and not self._open:
                self._empty.set()

    def _sweep_for_ever(self) -> None:
        """Look for late clients on a beat: far cheaper than a timer for each wait."""
        while True:
            limits = self.limits()
            self.clock.sleep(min(BEAT, max(0.01, min(limits.read_timeout, limits.idle_timeout) / 4)))
            self._sweep(self.clock.monotonic())

    def _sweep(self, now: float) -> None:
        # When every place is taken, those that only rest make room for those that wait outside.
        crowded = self._pool.full()
        for connection in list(self._open):
            if connection.deadline <= now or (crowded and connection.rested(now) > PATIENCE):
                self._interrupt(connection, now)

    def _interrupt(self, connection: Connection, now: float) -> None:
        """End its wait, unless it ends by itself before the hub comes to it: then it has a new deadline."""
        connection.deadline = min(connection.deadline, now)
        gevent.get_hub().loop.run_callback(connection.expire, now)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        number = error.errno
        with contextlib.suppress(KeyError):
            return {
                errno.EADDRINUSE: "another program listens there; stop it or change listen.http",
                errno.EACCES: "ports below 1024 need more rights; choose a higher one or start as root",
                errno.EADDRNOTAVAIL: "this machine has no such address",
            }[number or 0]
        return error.strerror or str(error)
    return "write host:port, for example 127.0.0.1:8420"
