"""Debian's prometheus-alertmanager as a process of its own, alone on loopback."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from needs import need_program
from running import free_port
from until import until


@contextmanager
def alertmanager_at(home: Path, config: str) -> Iterator[int]:
    """One with this configuration, ready inside the block and gone after it; yields its port."""
    program = need_program("prometheus-alertmanager", "prometheus-alertmanager")
    port = free_port()
    (home / "alertmanager.yml").write_text(config)
    with (home / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(
            [program, f"--config.file={home}/alertmanager.yml", f"--storage.path={home}/am",
             f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        until(lambda: _is_ready(port), within=30, why=(home / "alertmanager.log").read_text)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _is_ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
