"""A server on a port of its own that speaks exactly what a test wants."""

import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gevent.server import StreamServer

Speak = Callable[[socket.socket], object]


@contextmanager
def serving(speak: Speak, host: str = "127.0.0.1", cert: "tuple[Path, Path] | None" = None) -> Iterator[int]:
    """Run `speak` on each connection; yield the port."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if cert:
        context.load_cert_chain(*cert)

    def handle(sock: socket.socket, _address: object) -> None:
        # A client that hangs up in the middle is what many tests are about.
        with suppress(OSError), sock, context.wrap_socket(sock, server_side=True) if cert else sock as spoken:
            speak(spoken)

    server = StreamServer((host, 0), handle)
    server.start()
    try:
        yield server.server_port
    finally:
        server.stop(timeout=1)


def answering(answer: bytes) -> Speak:
    """Read a request and send this."""

    def speak(sock: socket.socket) -> None:
        request(sock)
        sock.sendall(answer)

    return speak


def request(sock: socket.socket) -> str:
    """Read a request's head."""
    head = b""
    while b"\r\n\r\n" not in head:
        more = sock.recv(4096)
        if not more:
            break
        head += more
    return head.decode("latin-1")


def ok(body: bytes = b"fine", more: str = "") -> bytes:
    """A plain answer."""
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def certificate(folder: Path, *names: str, days: int = 2) -> "tuple[Path, Path]":
    """Make a self-signed certificate for these names (`DNS:…`, `IP:…`); return it with its key."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", key, "-out", cert, "-days", str(days), "-subj", "/CN=tocsin test",
            "-addext", f"subjectAltName={','.join(names)}",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return cert, key
