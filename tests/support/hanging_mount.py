"""A file system whose server never answers, as the kernel sees it: what a dead NFS server looks like to a program."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_DETACH = 2
_NOSUID_NODEV = 2 | 4


@contextmanager
def hanging_mount(at: Path) -> Iterator[None]:
    """Mount it; at the end whoever still waits has an error. Raises OSError where that is not allowed."""
    server = os.open("/dev/fuse", os.O_RDWR)
    try:
        options = f"fd={server},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}"
        if _libc.mount(b"hangs", os.fsencode(at), b"fuse", _NOSUID_NODEV, options.encode()):
            raise OSError(ctypes.get_errno(), "mount")
        try:
            yield
        finally:
            _libc.umount2(os.fsencode(at), _DETACH)
    finally:
        os.close(server)
