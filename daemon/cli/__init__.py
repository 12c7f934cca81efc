"""tocsinctl: asks a running tocsin over ZeroMQ. It imports nothing of the daemon, so that it starts fast."""

from daemon.cli.run import main

__all__ = ["main"]
