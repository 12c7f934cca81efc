"""Processes, processor time, medians, and the tables of docs/benchmarks.md."""

import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
TICKS = os.sysconf("SC_CLK_TCK")
SERVER, LOAD = "0", "1"  # processors: what is measured, and what drives it


def program(name: str, package: str) -> str:
    """The path of a program, or an end with the name of its Debian package."""
    return shutil.which(name) or sys.exit(f"{name} is needed (Debian package {package})")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(*command: str, cpu: str, port: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process on one processor, up (its port answers) inside the block and gone after it."""
    started = subprocess.Popen(["taskset", "-c", cpu, sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        while port and not listens(port):
            if started.poll() is not None:
                sys.exit(f"{' '.join(command)} ended with {started.returncode}")
            time.sleep(0.05)
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(60)


def listens(port: int) -> bool:
    """Whether somebody does on that port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def figures(*command: str) -> dict[str, float]:
    """What a Python process on the server's processor prints as JSON."""
    whole = ["taskset", "-c", SERVER, sys.executable, *command]
    found: dict[str, float] = json.loads(subprocess.run(whole, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    return found


def drained(kind: str, pool: int, messages: int, port: int, people: int = 1) -> dict[str, float]:
    """Drain a full outbox through a kind of channel, in a process of its own; its figures."""
    with tempfile.TemporaryDirectory(dir=ROOT / "var") as home:
        return figures("bench/drain.py", home, kind, *map(str, (pool, messages, port, people)))


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid: int) -> float:
    """Peak resident memory in MB."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))[1]) / 1024


def resident_now_mb(pid: int) -> float:
    """Resident memory in MB as it is now: what a start needed only for a while does not count."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))[1]) / 1024


def median(values: Sequence[float]) -> float:
    """The middle of the rounds."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def aim(wanted: str, got: str, *, reached: bool) -> str:
    """The line below a table: what was aimed at, and whether this run got there."""
    return f"\n\nAim: {wanted}. {'Reached' if reached else '**Missed**'}: {got}."


def show(name: str, text: str) -> None:
    """Print a result, and put it between its marks in docs/benchmarks.md."""
    print(f"\n## {name}\n\n{text}", flush=True)
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    PAGE.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
