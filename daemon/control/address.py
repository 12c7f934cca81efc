"""ZeroMQ endpoints: which of them are safe in the clear, and the files that ipc ones leave behind."""

import contextlib
import errno
import os
import socket
import stat
from pathlib import Path

from daemon.config.doors import IPC, zmq_door
from daemon.errors import TocsinError

IPC_MODE = 0o660
_LONGEST = 107  # bytes of sockaddr_un.sun_path, without its end


class PortError(TocsinError):
    """The ZeroMQ port cannot be opened."""


def bindable(endpoint: str) -> str:
    """Check an endpoint and write it the way libzmq binds to. Raises PortError."""
    try:
        zmq_door(endpoint)
    except ValueError as error:
        raise PortError(f"{endpoint!r} {error}") from None
    # libzmq takes numbers and interfaces, no names, when it binds.
    return endpoint.replace("tcp://localhost:", "tcp://127.0.0.1:", 1)


def is_local(endpoint: str) -> bool:
    """Whether only this machine can reach it."""
    door = zmq_door(endpoint)
    return door is None or door.is_local


def file_of(endpoint: str) -> Path | None:
    """The file of an ipc endpoint; None for tcp, and for abstract and wild-card ipc names."""
    name = endpoint.removeprefix(IPC)
    return Path(name) if endpoint.startswith(IPC) and name[0] not in "@*" else None


def clear_stale(path: Path) -> None:
    """Remove the socket of a process that is gone. Raises PortError when it is in use, or is something else.

    libzmq itself would remove whatever is there, and take the door away from a tocsin that still runs.
    """
    if len(os.fsencode(path)) > _LONGEST:
        raise PortError(f"{path} is too long for a socket: at most {_LONGEST} bytes")
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise PortError(f"cannot open the ZeroMQ port: the folder {path.parent} does not exist") from None
        return
    except OSError as error:
        raise PortError(f"cannot open the ZeroMQ port at {path}: {error.strerror}") from error
    if not stat.S_ISSOCK(mode):
        raise PortError(f"cannot open the ZeroMQ port: {path} is there and is not a socket; move it away")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(1.0)
        reached = caller.connect_ex(str(path))
    if reached not in (errno.ECONNREFUSED, errno.ENOENT):
        raise PortError(
            f"cannot open the ZeroMQ port: {path} is in use ({os.strerror(reached)})"
            if reached
            else (f"cannot open the ZeroMQ port: another process listens at {path}; stop that one first")
        )
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
