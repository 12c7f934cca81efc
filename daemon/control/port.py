"""The ZeroMQ port: a ROUTER socket that answers every request it can read, and survives all others."""

import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import zmq.green as zmq
from gevent.pool import Pool

from daemon import telemetry
from daemon.clock import Clock
from daemon.config.settings import Settings
from daemon.control import address, zap
from daemon.control.address import PortError
from daemon.control.memory import Memory
from daemon.errors import MethodError
from daemon.methods import jsonrpc
from daemon.methods.table import INVALID_REQUEST, NOT_ALLOWED, OVERLOADED, PATIENCE, UNAVAILABLE, Caller, Right, Table

log = logging.getLogger("tocsin.control")

MAX_MESSAGE = 1024**2  # bytes of one frame; libzmq hangs up on a client that sends a bigger one
MAX_FRAMES = 16
WORKERS = 64
DRAIN = 5.0
BREATH = 16  # messages or frames read in a row before everybody else has a turn
EVERYTHING: tuple[Right, ...] = ("read", "look", "act", "admin")
_OPTIONS = {
    zmq.MAXMSGSIZE: MAX_MESSAGE,
    zmq.RCVHWM: 100,  # unread requests per client: beyond it the client's own socket holds them back
    zmq.SNDHWM: 200,  # unread answers per client: beyond it they are dropped, because the client is not reading
    zmq.LINGER: 0,
    zmq.HANDSHAKE_IVL: 10_000,
    zmq.HEARTBEAT_IVL: 5_000,
    zmq.HEARTBEAT_TIMEOUT: 15_000,
    zmq.HEARTBEAT_TTL: 20_000,
    zmq.BACKLOG: 128,
}

Envelope = list[bytes]


class ControlPort:
    """One open port. `settings` is asked anew for every client, so that a reload changes who may do what."""

    def __init__(
        self,
        table: Table,
        settings: Callable[[], Settings],
        clock: Clock,
        endpoint: str = "",
        *,
        workers: int = WORKERS,
        patience: float = PATIENCE,
    ) -> None:
        """Take what to answer with; the endpoint is the settings' own unless one is given."""
        self.endpoint = endpoint or settings().listen.zmq
        self._table = table
        self._settings = settings
        self._clock = clock
        self._patience = patience
        self._memory = Memory(clock)
        self._pool = Pool(workers)
        self._began: dict[Any, float] = {}  # the request's greenlet -> when it began
        self._loops: list[Any] = []
        self._file: Path | None = None

    def start(self) -> None:
        """Open the port. Raises PortError with a sentence."""
        endpoint = address.bindable(self.endpoint)
        auth = self._settings().auth
        self._guarded = auth.curve is not None
        if not (self._guarded or address.is_local(endpoint) or auth.allow_unauthenticated):
            raise PortError(
                f"{endpoint} can be reached from other machines and nothing authenticates callers: set auth.curve "
                "(`tocsinctl keygen` makes keys), listen on tcp://127.0.0.1, or set auth.allow_unauthenticated"
            )
        if (file := address.file_of(endpoint)) is not None:
            address.clear_stale(file)
        self._context = zmq.Context()
        self._keeper = zap.Gatekeeper(self._context, self._settings) if self._guarded else None
        self._socket = self._context.socket(zmq.ROUTER)
        try:
            self._open(endpoint)
        except (zmq.ZMQError, OSError) as error:
            self._close()
            raise PortError(f"cannot open the ZeroMQ port {endpoint}: {os.strerror(error.errno or 0)}") from error
        except PortError:
            self._close()
            raise
        self._loops = [gevent.spawn(self._read_all), gevent.spawn(self._give_up_late)]

    def stop(self) -> None:
        """Read no more, let what is in work be answered, close."""
        gevent.killall(self._loops)
        if not self._pool.join(DRAIN):
            log.warning("%d ZeroMQ requests were still in work and are dropped", len(self._pool))
            self._pool.kill()
        # A short linger lets the last answers out; the wait for it must not hold the hub, hence the thread.
        self._socket.linger = 200
        self._close()

    def _open(self, endpoint: str) -> None:
        for option, value in _OPTIONS.items():
            self._socket.setsockopt(option, value)
        if "[" in endpoint:
            self._socket.setsockopt(zmq.IPV6, 1)
        if self._guarded:
            self._lock()
        else:
            # A client that names itself and comes back after a crash takes over its name at once. Among
            # strangers with different rights that would let one catch another's answers, so not under CURVE.
            self._socket.setsockopt(zmq.ROUTER_HANDOVER, 1)
        self._socket.bind(endpoint)
        self.endpoint = str(self._socket.get_string(zmq.LAST_ENDPOINT)).rstrip("\0")
        self._file = address.file_of(self.endpoint)
        if self._file is not None:
            self._file.chmod(address.IPC_MODE)

    def _lock(self) -> None:
        """Encrypt, and let in only whom the gatekeeper knows."""
        curve = self._settings().auth.curve
        secret = curve.secret_key.reveal().encode() if curve else b""
        try:
            public = zmq.curve_public(secret)
        except (zmq.ZMQError, ValueError, TypeError):
            # Not `from` the library's error, which may hold the key.
            raise PortError(
                "auth.curve.secret_key is not a CURVE key of 40 characters; `tocsinctl keygen` makes one"
            ) from None
        self._socket.setsockopt(zmq.CURVE_SERVER, 1)
        self._socket.setsockopt(zmq.CURVE_SECRETKEY, secret)
        self._socket.setsockopt(zmq.CURVE_PUBLICKEY, public)
        self._socket.setsockopt(zmq.ZAP_DOMAIN, zap.DOMAIN)

    def _close(self) -> None:
        self._socket.close()
        if self._keeper is not None:
            self._keeper.stop()
        gevent.get_hub().threadpool.apply(self._context.term)
        if self._file is not None:
            with contextlib.suppress(FileNotFoundError):
                self._file.unlink()

    def _read_all(self) -> None:
        """Hand every message to a greenlet. Nothing that a client sends ends this loop."""
        in_a_row = 0
        while True:
            try:
                self._take(*self._next())
            except Exception:  # the port outlives whatever a message does
                telemetry.rpc_calls.labels("unknown", "unreadable").inc()
                log.exception("a ZeroMQ message could not be taken")
                self._clock.sleep(0.05)  # a broken socket must not spin
            in_a_row += 1
            if in_a_row % BREATH == 0:  # recv does not wait while there is something to read
                self._clock.breathe()

    def _next(self) -> tuple[Envelope, bytes | None, str]:
        """Read one message: its envelope, its body (None when it has too many frames), the client's key."""
        frame = self._socket.recv(copy=False)
        frames = [frame.bytes]
        dropped = 0
        while frame.more:
            frame = self._socket.recv(copy=False)
            if len(frames) < MAX_FRAMES:
                frames.append(frame.bytes)
                continue
            dropped += 1
            if dropped % (100 * BREATH) == 0:
                self._clock.breathe()
        key = str(frame.get("User-Id")) if self._guarded else ""
        if not dropped and len(frames) > 1:
            return frames[:-1], frames[-1], key
        # The answer must still find its way: up to the delimiter of a REQ, else to the client alone.
        return frames[: frames.index(b"") + 1] if b"" in frames else frames[:1], None, key

    def _take(self, envelope: Envelope, body: bytes | None, key: str) -> None:
        if body is None:
            self._say(envelope, jsonrpc.refuse(b"", INVALID_REQUEST, f"a message has 2 to {MAX_FRAMES} frames"))
            return
        caller = self._caller(envelope[0], key)
        if caller is None:
            self._say(envelope, jsonrpc.refuse(body, NOT_ALLOWED, "this key is not let in any more"))
        elif self._pool.full():
            self._say(envelope, jsonrpc.refuse(body, OVERLOADED, "too many requests are in work; try again shortly"))
        else:
            self._pool.spawn(self._serve, envelope, body, caller)

    def _caller(self, identity: bytes, key: str) -> Caller | None:
        if not self._guarded:
            return Caller(name="local", may=EVERYTHING, identity=identity.hex())
        client = zap.client_of(key, self._settings().auth.curve)
        return Caller(name=client.name, may=client.may, identity=f"curve:{key}") if client else None

    def _serve(self, envelope: Envelope, body: bytes, caller: Caller) -> None:
        """Answer one message, in a greenlet of its own."""
        me = gevent.getcurrent()
        self._began[me] = self._clock.monotonic()
        try:
            said = jsonrpc.answer(self._table, body, caller, self._memory)
        except MethodError as error:  # given up outside of the method's own code
            said = jsonrpc.refuse(body, error.code, str(error))
        except gevent.Timeout:  # a method's own, which it let go: no Exception, so nobody else catches it
            log.exception("a method asked by %s let a time-out escape", caller.name)
            said = jsonrpc.refuse(body, UNAVAILABLE, "it took too long")
        finally:
            del self._began[me]
        self._say(envelope, said)

    def _say(self, envelope: Envelope, said: bytes | None) -> None:
        """Send; an empty frame where there is nothing to say, because a REQ socket waits for something."""
        with contextlib.suppress(zmq.ZMQError):  # the client is gone, or the port is closing
            self._socket.send_multipart([*envelope, said or b""], flags=zmq.NOBLOCK)

    def _give_up_late(self) -> None:
        """End requests that take longer than anybody waits."""
        while True:
            self._clock.sleep(self._patience / 4)
            now = self._clock.monotonic()
            for greenlet, began in list(self._began.items()):
                if now - began >= self._patience:
                    greenlet.kill(jsonrpc.given_up(self._patience), block=False)
