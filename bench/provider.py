"""A provider that answers every request after so many milliseconds; a negative number never answers.

With a certificate and its key as third and fourth argument it speaks TLS.
"""

import socket
import sys

import gevent
from gevent.event import Event
from gevent.server import StreamServer

# A yes as Aliyun says it, and as WeCom does.
YES = b'{"Code":"OK","Message":"OK","BizId":"900619746936498440^0","errcode":0,"errmsg":"ok"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(YES), YES)


def serve(delay: float) -> "StreamServer":
    """Read a request with a Content-Length, wait, answer, on a kept-alive connection."""

    def talk(connection: "gevent.socket.socket", _peer: object) -> None:
        # Else an answer through TLS waits for the other side to acknowledge the tickets before it: 40 ms.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as reader:
            while line := reader.readline():
                length = 0
                while (line := reader.readline()).strip():
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                reader.read(length)
                if delay < 0:
                    Event().wait()
                gevent.sleep(delay)
                connection.sendall(ANSWER)

    files = dict(zip(("certfile", "keyfile"), sys.argv[3:], strict=False))
    return StreamServer(("127.0.0.1", int(sys.argv[1])), talk, backlog=1024, **files)


if __name__ == "__main__":
    serve(float(sys.argv[2]) / 1000).serve_forever()
