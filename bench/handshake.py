"""So many bare TLS handshakes a second with Python's `ssl`, a request and its answer in each; print what one costs."""

import json
import socket
import ssl
import sys
import time

WARM = 200
REQUEST = b"GET /health/1 HTTP/1.1\r\nHost: bench\r\n\r\n"


def main() -> None:
    """Nothing else runs here: no event loop, no phases, no verdict. Nothing that is written in Python can cost less."""
    port, rate, seconds, ca_file = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    context = ssl.create_default_context(cafile=ca_file)
    for _ in range(WARM):
        shake(port, context)
    cpu, begin = time.process_time(), time.monotonic()
    for number in range(many := int(rate * seconds)):
        time.sleep(max(0.0, begin + number / rate - time.monotonic()))
        shake(port, context)
    print(json.dumps({"cpu": (time.process_time() - cpu) / many * 1e6}))


def shake(port: int, context: ssl.SSLContext) -> None:
    """Connect, shake hands, ask."""
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as tunnel,
    ):
        tunnel.sendall(REQUEST)
        tunnel.recv(16_384)


if __name__ == "__main__":
    main()
