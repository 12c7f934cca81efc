"""Send so many reports as an SDK writes them over a few connections; print figures."""

import gzip
import json
import socket
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

CONNECTIONS = 8
FRAMES = 15


def error(number: int, event_id: str) -> tuple[str, dict[str, object]]:
    """One of twenty errors that differ in their numbers, with a stack as an application in a framework has it."""
    frames = [
        {"filename": f"app/part{one}.py", "abs_path": f"/srv/shop/app/part{one}.py", "function": f"step_{one}",
         "module": f"app.part{one}", "lineno": one, "in_app": one > FRAMES // 2, "context_line": f"    step({one})",
         "pre_context": [f"    line {line}" for line in range(5)],
         "post_context": [f"    line {line}" for line in range(5)],
         "vars": {"order": str(number), "step": str(one)}}
        for one in range(1, FRAMES + 1)
    ]  # fmt: skip
    exception = {"type": f"Error{number % 20}", "value": f"order {number} has no items", "module": "shop",
                 "mechanism": {"type": "flask", "handled": False}, "stacktrace": {"frames": frames}}  # fmt: skip
    return "event", common(event_id) | {
        "level": "error", "exception": {"values": [exception]}, "transaction": "/orders/<id>",
        "request": {"method": "POST", "url": f"http://shop/orders/{number}", "headers": {"Host": "shop"}},
    }  # fmt: skip


def transaction(number: int, event_id: str) -> tuple[str, dict[str, object]]:
    """A request with six spans."""
    now = time.time()
    spans = [
        {"span_id": f"{one:016x}", "op": "db", "description": f"SELECT * FROM orders WHERE id = {number} AND n = {one}",
         "start_timestamp": now - 0.02, "timestamp": now - 0.01, "status": "ok", "data": {}}
        for one in range(6)
    ]  # fmt: skip
    trace = {"trace_id": event_id, "span_id": "0" * 16, "op": "http.server", "status": "ok"}
    return "transaction", common(event_id) | {
        "type": "transaction", "transaction": f"/page{number % 20}/<id>", "transaction_info": {"source": "route"},
        "start_timestamp": now - 0.05, "timestamp": now, "spans": spans, "contexts": {"trace": trace},
    }  # fmt: skip


def common(event_id: str) -> dict[str, object]:
    """What every event has."""
    return {
        "event_id": event_id, "timestamp": time.time(), "platform": "python", "release": "shop@1.2",
        "environment": "production", "server_name": "shop-1", "sdk": {"name": "sentry.python", "version": "2.75.0"},
        "modules": {f"package-{one}": "1.0" for one in range(40)},
        "contexts": {"runtime": {"name": "CPython", "version": "3.11.2"}}, "breadcrumbs": {"values": []},
    }  # fmt: skip


def request(kind: str, number: int, port: int, project: str, key: str) -> bytes:
    """The bytes of a whole request."""
    event_id = uuid.uuid4().hex
    name, event = (error if kind == "errors" else transaction)(number, event_id)
    payload = json.dumps(event).encode()
    lines = [{"event_id": event_id}, {"type": name, "content_type": "application/json", "length": len(payload)}]
    plain = b"".join(json.dumps(line).encode() + b"\n" for line in lines) + payload + b"\n"
    body = gzip.compress(plain)
    return (
        f"POST /api/{project}/envelope/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: application/x-sentry-envelope\r\nContent-Encoding: gzip\r\nUser-Agent: sentry.python/2.75.0\r\n"
        f"X-Sentry-Auth: Sentry sentry_key={key}, sentry_version=7, sentry_client=sentry.python/2.75.0\r\n\r\n"
    ).encode() + body


def send(port: int, requests: list[bytes]) -> int:
    """Send them one after the other; how many were answered 200."""
    taken, connection = 0, socket.create_connection(("127.0.0.1", port))
    for one in requests:
        while True:
            connection.sendall(one)
            answer = connection.recv(65536)
            if answer:
                break
            connection = socket.create_connection(("127.0.0.1", port))  # some servers close after each answer
        taken += answer.split(b" ", 2)[1] == b"200"
        if b"connection: close" in answer.lower():
            connection.close()
            connection = socket.create_connection(("127.0.0.1", port))
    connection.close()
    return taken


def main(port: int, project: str, key: str, kind: str, many: int) -> None:
    """Print how many were taken and how long that took."""
    requests = [request(kind, number, port, project, key) for number in range(many)]
    began = time.monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        taken = sum(pool.map(lambda one: send(port, requests[one::CONNECTIONS]), range(CONNECTIONS)))
    print(json.dumps({"taken": taken, "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
