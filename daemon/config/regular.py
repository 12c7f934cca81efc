"""Reading a file that must be one: no pipe that never ends, no device, nothing endless."""

import os
import stat
from pathlib import Path


def read_regular(path: str | Path, limit: int) -> tuple[bytes, bool]:
    """Return what is in it, and whether everybody on this machine can read it. Raises OSError or ValueError."""
    # Not waiting matters for a pipe, which is then refused like everything that is not a file.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise ValueError("is not a file")
        pieces, length = [], 0
        while length <= limit and (piece := os.read(descriptor, limit + 1 - length)):
            pieces.append(piece)
            length += len(piece)
    finally:
        os.close(descriptor)
    if length > limit:
        raise ValueError(f"is larger than {limit} bytes")
    return b"".join(pieces), bool(mode & stat.S_IROTH)
