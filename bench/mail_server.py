"""A mail server that takes each mail after so many milliseconds."""

import contextlib
import sys

import gevent
from gevent.server import StreamServer

ANSWERS = {
    b"EHLO": b"250-bench\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 10000000\r\n",
    b"DATA": b"354 go ahead\r\n",
    b"QUIT": b"221 goodbye\r\n",
}


def serve(delay: float) -> "StreamServer":
    """Greet, say yes to every command (to what is sent at once, at once), wait at the end of each mail."""

    def talk(connection: "gevent.socket.socket", _peer: object) -> None:
        with contextlib.suppress(ConnectionError), connection, connection.makefile("rb") as reader:
            connection.sendall(b"220 bench\r\n")
            said = b""
            while line := reader.readline():
                command = line[:4].upper()
                said += ANSWERS.get(command, b"250 yes\r\n")
                if command in {b"MAIL", b"RCPT"}:  # the next one follows without waiting for this answer
                    continue
                connection.sendall(said)
                said = b""
                if command == b"DATA":
                    while reader.readline() not in {b".\r\n", b""}:
                        pass
                    gevent.sleep(delay)
                    connection.sendall(b"250 2.0.0 taken as 4VdQ1z0bench\r\n")

    return StreamServer(("127.0.0.1", int(sys.argv[1])), talk, backlog=1024)


if __name__ == "__main__":
    serve(float(sys.argv[2]) / 1000).serve_forever()
