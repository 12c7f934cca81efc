"""Sockets on which others may talk: bound where the configuration says, and gone again without a trace."""

import errno
import os
import socket
import stat
import struct
from pathlib import Path
from typing import Any

from daemon.config.doors import http_door
from daemon.errors import NoDoor
from daemon.urls import host_port

BACKLOG = 128
_SO_RCVBUFFORCE = 33
_SO_MEMINFO = 55
_MEMINFO = struct.Struct("9I")  # the last is how many datagrams found no room
_WRAP = 2**32


def udp(address: str, buffer: int) -> socket.socket:
    """Bind a UDP socket that does not wait, to `host:port`. Raises NoDoor."""
    try:
        door = http_door(address)
        family, _, _, _, where = socket.getaddrinfo(
            door.host or None,
            door.port,
            socket.AF_INET if not door.host else socket.AF_UNSPEC,
            socket.SOCK_DGRAM,
            flags=socket.AI_PASSIVE,
        )[0]
        made = socket.socket(family, socket.SOCK_DGRAM)
    except (OSError, ValueError) as error:
        raise NoDoor(f"cannot listen on {address}: {error}") from error
    return _bound(made, where, address, buffer)


def unix(path: str, kind: socket.SocketKind, buffer: int, mode: int) -> socket.socket:
    """Bind a socket in the file system. One that nobody listens on any more makes room. Raises NoDoor."""
    _make_room(path, kind)
    made = socket.socket(socket.AF_UNIX, kind)
    try:
        os.fchmod(made.fileno(), mode)  # the file never has more rights than that, not even for a moment
        _bound(made, path, path, buffer)
        Path(path).chmod(mode)  # nor less, whatever the umask
        if kind is socket.SOCK_STREAM:
            made.listen(BACKLOG)
    except OSError as error:
        made.close()
        raise NoDoor(f"cannot listen on {path}: {error.strerror}") from error
    return made


def remove(path: str, bound: socket.socket) -> None:
    """Close a socket in the file system, and take its file away."""
    bound.close()
    Path(path).unlink(missing_ok=True)


def address_of(bound: socket.socket) -> str:
    """Where it is bound, written as in the configuration."""
    name = bound.getsockname()
    return name if isinstance(name, str) else host_port(*name[:2])


def room(bound: socket.socket) -> int:
    """How many bytes may wait in it, as the kernel counts them, which is half for its own use."""
    return bound.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2


def turned_away(bound: socket.socket) -> int:
    """How many datagrams found no room since it was bound, up to a wrap after four billions."""
    raw = bound.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
    return int(_MEMINFO.unpack(raw)[-1]) if len(raw) == _MEMINFO.size else 0


def more(before: int, after: int) -> int:
    """By how much that has grown."""
    return (after - before) % _WRAP


def _bound(made: socket.socket, where: Any, shown: str, buffer: int) -> socket.socket:
    try:
        _widen(made, buffer)
        made.settimeout(0.0)
        made.bind(where)
    except OSError as error:
        made.close()
        raise NoDoor(f"cannot listen on {shown}: {error.strerror}") from error
    return made


def _widen(made: socket.socket, buffer: int) -> None:
    """As much room as we may have: root may exceed what net.core.rmem_max allows to others."""
    try:
        made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, buffer)
    except PermissionError:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)


def _make_room(path: str, kind: socket.SocketKind) -> None:
    """Take away the file of a socket that nobody listens on: what a killed process left."""
    try:
        is_socket = stat.S_ISSOCK(os.lstat(path).st_mode)
    except FileNotFoundError:
        if not Path(path).parent.is_dir():
            raise NoDoor(f"cannot listen on {path}: there is no folder {Path(path).parent}") from None
        return
    except OSError as error:
        raise NoDoor(f"cannot listen on {path}: {error.strerror}") from error
    if not is_socket:
        raise NoDoor(f"cannot listen on {path}: there is something else than a socket")
    with socket.socket(socket.AF_UNIX, kind) as knock:
        knock.settimeout(0.0)
        answer = knock.connect_ex(path)
    if answer != errno.ECONNREFUSED:
        raise NoDoor(f"cannot listen on {path}: {os.strerror(answer) if answer else 'somebody else listens there'}")
    Path(path).unlink(missing_ok=True)
