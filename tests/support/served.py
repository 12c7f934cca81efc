"""A real socket that wants to be served, for those who must let others run."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gevent


@contextmanager
def waiting_reader(order: list[str]) -> Iterator[Callable[[], None]]:
    """Give a function that sends one byte; a greenlet that waits for it over a socket writes "served" into `order`."""
    near, far = socket.socketpair()

    def read() -> None:
        while far.recv(1):
            order.append("served")

    reader = gevent.spawn(read)
    gevent.idle()  # from here on it waits for its socket
    try:
        yield lambda: near.sendall(b"x")
    finally:
        reader.kill()
        near.close()
        far.close()


@contextmanager
def players(rounds: list[str]) -> Iterator[None]:
    """Two greenlets that throw a byte to and fro over sockets for ever: they never have nothing to do."""
    near, far = socket.socketpair()

    def play(sock: socket.socket) -> None:
        while ball := sock.recv(1):
            rounds.append("served")
            sock.sendall(ball)

    playing = [gevent.spawn(play, near), gevent.spawn(play, far)]
    near.sendall(b"o")
    try:
        yield
    finally:
        gevent.killall(playing)
        near.close()
        far.close()
