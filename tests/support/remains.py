"""What a test leaves behind of processes and descriptors; what the machine itself cleans up takes its time."""

import psutil


def descriptors() -> int:
    """How many this process has open."""
    return psutil.Process().num_fds()


def is_gone(pid: int) -> bool:
    """Whether nothing of it runs; what is nobody's child is reaped when the machine's first process gets to it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
