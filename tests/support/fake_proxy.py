"""An HTTP proxy over real sockets: forwards what is asked in absolute form, and digs tunnels."""

import base64
from dataclasses import dataclass, field
from typing import Self

import gevent
from gevent.server import StreamServer
from gevent.socket import create_connection, socket


@dataclass
class FakeProxy:
    """Lets through whoever knows `user`; every request and tunnel goes to `to`, whatever it names."""

    to: tuple[str, int]
    user: str = "someone:c4n4ry-5ecret"
    heads: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = StreamServer(("127.0.0.1", 0), self._serve)
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(timeout=1)

    @property
    def url(self) -> str:
        return f"http://{self.user}@127.0.0.1:{self._server.server_port}"

    @property
    def place(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def _serve(self, client: socket, _: object) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += client.recv(65_536)
        head = data.partition(b"\r\n\r\n")[0].decode()
        self.heads.append(head)
        wanted = base64.b64encode(self.user.encode()).decode()
        if f"Proxy-Authorization: Basic {wanted}" not in head:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            client.close()
            return
        upstream = create_connection(self.to)
        if head.startswith("CONNECT "):
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            upstream.sendall(data)
        both = [gevent.spawn(_pass, client, upstream), gevent.spawn(_pass, upstream, client)]
        gevent.joinall(both, count=1)
        client.close()
        upstream.close()
        gevent.joinall(both)


def _pass(source: socket, sink: socket) -> None:
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
    except OSError:
        pass
