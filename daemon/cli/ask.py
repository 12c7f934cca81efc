"""One question to the daemon, one answer, or the reason why there is none."""

import json
import os
import secrets
import socket
from dataclasses import dataclass
from typing import Any

import zmq

MAX_REQUEST = 1024**2  # bytes; the daemon hangs up on a bigger one without a word
SLICE = 200  # milliseconds
_REFUSALS = zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL


class CannotAskError(Exception):
    """The question cannot be put as it is; nothing was sent."""


class NotRunningError(Exception):
    """Nobody listens there: the daemon is not running."""


class NoAnswerError(Exception):
    """It cannot be told whether the daemon is well: no answer in time, or no way to it."""


class SaidNoError(Exception):
    """The daemon answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("message", error)))
        self.error = error


@dataclass(frozen=True, kw_only=True)
class Where:
    """The daemon's ZeroMQ port, and our keys for it. The secret key never shows."""

    url: str
    timeout: float
    server_key: str = ""
    secret_key: "bytes | None" = None

    def __repr__(self) -> str:
        return f"Where({self.url})"


def ask(where: Where, method: str, params: dict[str, Any]) -> Any:
    """Ask once and return the result.

    Every question has an id of its own: the daemon takes the same id twice for a repeat of one question.
    """
    question = {"jsonrpc": "2.0", "id": secrets.token_hex(8), "method": method, "params": params}
    try:
        request = json.dumps(question).encode()
    except ValueError as error:
        raise CannotAskError(f"this cannot be written as JSON: {error}") from error
    if len(request) > MAX_REQUEST:
        raise CannotAskError(f"the request has {len(request)} bytes; at most {MAX_REQUEST} are taken")
    _look_whether_somebody_listens(where)
    raw = _exchange(where, request)
    try:
        answer = json.loads(raw)
        if "error" in answer:
            raise SaidNoError(answer["error"])
        return answer["result"]
    except (ValueError, TypeError, KeyError) as error:
        raise NoAnswerError(f"what listens at {where.url} does not answer like tocsin") from error


def _look_whether_somebody_listens(where: Where) -> None:
    """ZeroMQ connects to nobody without complaint, so ask the operating system first."""
    try:
        if where.url.startswith("ipc://"):
            path = where.url.removeprefix("ipc://")
            with socket.socket(socket.AF_UNIX) as unix:
                unix.settimeout(where.timeout)
                unix.connect("\0" + path[1:] if path.startswith("@") else path)
        else:
            socket.create_connection(_host_and_port(where.url), where.timeout).close()
    except (ConnectionRefusedError, FileNotFoundError) as error:
        raise NotRunningError(f"tocsin is not running: nobody listens at {where.url}") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise NoAnswerError(f"cannot reach {where.url}: {reason}") from error


def _host_and_port(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("tcp://").rpartition(":")
    if not url.startswith("tcp://") or not host or not (port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise CannotAskError(f"{url!r} is not an address: write tcp://127.0.0.1:8421 or ipc:///run/tocsin/ipc/control")
    return host.strip("[]"), int(port)


def _exchange(where: Where, request: bytes) -> bytes:
    """Send and wait; a refused handshake is told at once instead of waited for."""
    context = zmq.Context()
    client = context.socket(zmq.REQ)
    try:
        client.linger = 0
        client.setsockopt(zmq.REQ_RELAXED, 1)
        client.setsockopt(zmq.REQ_CORRELATE, 1)
        client.setsockopt(zmq.IPV6, int("[" in where.url))
        if where.secret_key is not None:
            _lock(client, where.secret_key, where.server_key)
        refusals = client.get_monitor_socket(_REFUSALS)
        client.connect(where.url)
        client.send(request)
        poller = zmq.Poller()
        poller.register(client, zmq.POLLIN)
        poller.register(refusals, zmq.POLLIN)
        ready = _wait(poller, round(where.timeout * 1_000))
        if client in ready:
            return bytes(client.recv())
        if refusals in ready:
            raise NoAnswerError(_refused(where))
        raise NoAnswerError(f"{where.url} accepts connections but did not answer within {where.timeout:g} s")
    except zmq.ZMQError as error:
        raise NoAnswerError(f"cannot ask {where.url}: {os.strerror(error.errno or 0)}") from error
    finally:
        client.disable_monitor()
        context.destroy(linger=0)


def _wait(poller: zmq.Poller, left: int) -> dict[Any, int]:
    """Wait for at most `left` milliseconds, in slices: a Ctrl-C just before libzmq falls asleep does not wake it."""
    while not (ready := dict(poller.poll(min(left, SLICE)))) and left > SLICE:
        left -= SLICE
    return ready


def _lock(client: "zmq.Socket[bytes]", secret: bytes, server: str) -> None:
    client.setsockopt(zmq.CURVE_SECRETKEY, secret)
    client.setsockopt(zmq.CURVE_PUBLICKEY, zmq.curve_public(secret))
    client.setsockopt(zmq.CURVE_SERVERKEY, server.encode())


def _refused(where: Where) -> str:
    if where.secret_key is None:
        return f"{where.url} does not let us in: it wants a key (--key-file and --server-key)"
    return f"{where.url} does not let us in: it does not know this key, or --server-key is not its own"
