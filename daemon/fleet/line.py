"""One question to another tocsin, one answer, or the reason why there is none."""

import os
import secrets
from typing import Any

import gevent
import msgspec
import zmq.green as zmq

from daemon.config.fleet import Node
from daemon.errors import NodeAway, NodeError
from daemon.reading import SPOILT

MOST_ANSWER = 1024**2  # bytes; to read more would keep everybody waiting

_encode = msgspec.json.Encoder().encode


class _Failure(msgspec.Struct):
    message: str = ""


class _Answer(msgspec.Struct):
    id: Any = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _Failure | None = None


_decode = msgspec.json.Decoder(_Answer).decode


def ask(node: Node, method: str, params: dict[str, Any], within: float) -> bytes:
    """Ask once; return the result as JSON. Raises NodeError with a sentence that names the node.

    A connection of its own for each question: where a node is away, nothing queues up for it.
    """
    own = secrets.token_hex(8)
    question = _encode({"jsonrpc": "2.0", "id": own, "method": method, "params": params})
    raw = _exchange(node, question, within)
    try:
        answer = _decode(raw)
    except SPOILT as error:
        raise NodeError(f"what listens at {node.url} does not answer like tocsin") from error
    if answer.error is not None:
        raise NodeError(f"{node.name} says: {answer.error.message[:300]}")
    if answer.id != own:
        raise NodeError(f"{node.name} answered another question")
    return bytes(answer.result)


def _exchange(node: Node, question: bytes, within: float) -> bytes:
    client: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    failure: type[NodeError] = NodeAway
    try:
        client.setsockopt(zmq.LINGER, 0)
        client.setsockopt(zmq.IPV6, int("[" in node.url))
        client.setsockopt(zmq.MAXMSGSIZE, MOST_ANSWER)
        client.setsockopt(zmq.IMMEDIATE, 1)
        if node.secret_key is not None:
            secret = node.secret_key.reveal().encode()
            client.setsockopt(zmq.CURVE_SECRETKEY, secret)
            client.setsockopt(zmq.CURVE_PUBLICKEY, zmq.curve_public(secret))
            client.setsockopt(zmq.CURVE_SERVERKEY, node.server_key.encode())
        client.connect(node.url)
        timer = gevent.Timeout(within)
        with timer:
            client.send_multipart([b"", question])  # waits until there is a connection
            failure = NodeError
            return bytes(client.recv_multipart()[-1])
    except gevent.Timeout as late:
        if late is not timer:
            raise
        raise failure(f"{node.name} did not answer within {round(within, 1):g} s ({node.url})") from None
    except (zmq.ZMQError, ValueError) as error:
        reason = os.strerror(error.errno or 0) if isinstance(error, zmq.ZMQError) else "a key is not valid"
        raise NodeError(f"{node.name} cannot be asked: {reason}") from error
    finally:
        client.close()
