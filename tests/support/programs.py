"""Programs of others, run beside tocsin: amtool, Alertmanager and Prometheus, as Debian has them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from needs import need_program
from running import free_port
from until import until


def amtool(port: int, *arguments: str, fails: bool = False) -> str:
    """Run it against a port; return what it printed, on standard error where it is to fail."""
    program = need_program("amtool", "prometheus-alertmanager")
    done = subprocess.run(
        [program, f"--alertmanager.url=http://127.0.0.1:{port}", *arguments],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert (done.returncode != 0) == fails, (done.stdout, done.stderr)
    return done.stderr if fails else done.stdout


@contextmanager
def alertmanager_at(home: Path, config: str) -> Iterator[int]:
    """An Alertmanager with this configuration, ready inside the block and gone after it; yields its port."""
    program = need_program("prometheus-alertmanager", "prometheus-alertmanager")
    port = free_port()
    (home / "alertmanager.yml").write_text(config)
    command = [
        program, f"--config.file={home}/alertmanager.yml", f"--storage.path={home}/am",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
    ]  # fmt: skip
    with _running(command, home / "alertmanager.log"):
        until(lambda: _is_ready(port), within=30, why=(home / "alertmanager.log").read_text)
        yield port


@contextmanager
def prometheus(home: Path, config: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Debian's Prometheus, which sends its alerts anew every second; yields the process."""
    with prometheus_at(home, config) as (process, _):
        yield process


@contextmanager
def prometheus_at(home: Path, config: str) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """The same, with its port."""
    program = need_program("prometheus", "prometheus")
    port = free_port()
    (home / "prometheus.yml").write_text(config)
    command = [
        program, f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}", "--rules.alert.resend-delay=1s",
    ]  # fmt: skip
    with _running(command, home / "prometheus.log") as process:
        until(lambda: _is_ready(port), within=60, why=(home / "prometheus.log").read_text)
        yield process, port


@contextmanager
def _running(command: list[str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as written:
        process = subprocess.Popen(command, stdout=written, stderr=written)
    try:
        yield process
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
