"""Durable webhooks against a bare bottle application that only parses and answers."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from measure import LOAD, ROOT, SERVER, aim, cpu_seconds, free_port, median, process, program, show, table

ROUNDS = 5
SECONDS = 4
CONNECTIONS = 32
WARM = 1
AIM_RATE, AIM_P99 = 0.75, 1 / 3  # against the bare server

CONFIG = """
listen: {{http: '127.0.0.1:{port}', zmq: 'ipc://{home}/zmq'}}
store: sqlite:///{home}/tocsin.db
log: {{level: error}}
limits: {{concurrent: 1000}}
sources: {{alertmanager: {{}}}}
channels:
  out: {{type: webhook, url: 'http://127.0.0.1:{provider}/', pool: {pool}}}
receivers: [{{name: ops, notify: [{{by: [out]}}]}}]
route: {{receiver: ops, group_by: ['...'], group_wait: 0s, group_interval: 0s}}
"""


class Figures(NamedTuple):
    """What one round showed: requests per second, latencies in ms, processor µs per request."""

    rate: float
    p50: float
    p99: float
    cpu: float


def main() -> None:
    """Bare, durable, and durable while every alarm is also being delivered, in turn."""
    seen: dict[str, list[Figures]] = {"bare": [], "durable": [], "delivering": []}
    for _ in range(ROUNDS):
        seen["bare"].append(bare())
        seen["durable"].append(tocsin(delivering=False))
        seen["delivering"].append(tocsin(delivering=True))
    show("intake", report(seen))


def bare() -> Figures:
    """One round of what it is measured against."""
    port = free_port()
    with process("bench/bare.py", str(port), cpu=SERVER, port=port) as server:
        return drive(port, server.pid)


def tocsin(*, delivering: bool) -> Figures:
    """One round of the whole daemon on an empty store; its provider answers, or nobody is there."""
    port, provider = free_port(), free_port()
    with tempfile.TemporaryDirectory(dir=ROOT / "var") as home:
        path = Path(home) / "tocsin.yml"
        path.write_text(CONFIG.format(port=port, home=home, provider=provider, pool=20), encoding="utf-8")
        path.chmod(0o600)
        if not delivering:
            with process("-m", "daemon", "--config", str(path), cpu=SERVER, port=port) as server:
                return drive(port, server.pid)
        with (
            process("bench/provider.py", str(provider), "0", cpu=LOAD, port=provider),
            process("-m", "daemon", "--config", str(path), cpu=SERVER, port=port) as server,
        ):
            return drive(port, server.pid)


def drive(port: int, pid: int) -> Figures:
    """Load with wrk, after some seconds to warm up."""
    wrk(port, WARM)
    before = cpu_seconds(pid)
    output = wrk(port, SECONDS)
    used = cpu_seconds(pid) - before
    if "Non-2xx" in output or "Socket errors" in output:
        sys.exit(f"not every request was answered well:\n{output}")
    requests = int(re.search(r"(\d+) requests in", output)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    return Figures(rate, latency(output, 50), latency(output, 99), used / requests * 1e6)


def latency(output: str, percent: int) -> float:
    """One line of wrk's latency distribution, in ms."""
    number, unit = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", output).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def wrk(port: int, seconds: int) -> str:
    """One run; its report."""
    command = [program("wrk", "wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", "bench/alert.lua"]
    url = f"http://127.0.0.1:{port}/webhook/alertmanager"
    return subprocess.run(
        ["taskset", "-c", LOAD, *command, url], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def report(seen: dict[str, list[Figures]]) -> str:
    """Medians, and the ratio to the bare server of the same round."""
    labels = {
        "bare": "bottle on pywsgi, parses and answers",
        "durable": "tocsin: handler, dedupe, route, outbox row, fsync",
        "delivering": "the same, and every alarm sent meanwhile",
    }
    rows = []
    for name, rounds in seen.items():
        pairs = list(zip(rounds, seen["bare"], strict=True))
        rows.append(
            [
                labels[name],
                f"{median([one.rate for one in rounds]):.0f}",
                f"{median([one.rate / base.rate for one, base in pairs]):.2f}",
                f"{median([one.p50 for one in rounds]):.1f}",
                f"{median([one.p99 for one in rounds]):.1f}",
                f"{median([one.p99 / base.p99 for one, base in pairs]):.2f}",
                f"{median([one.cpu for one in rounds]):.0f}",
            ]
        )
    rate = median([one.rate / base.rate for one, base in zip(seen["durable"], seen["bare"], strict=True)])
    p99 = median([one.p99 / base.p99 for one, base in zip(seen["durable"], seen["bare"], strict=True)])
    return (
        table(["server", "requests/s", "ratio", "p50 ms", "p99 ms", "p99 ratio", "CPU µs/request"], rows)
        + aim(f"at least {AIM_RATE} of the bare server's rate", f"{rate:.2f}", reached=rate >= AIM_RATE)
        + aim(f"a p99 below {AIM_P99:.2f} of the bare server's", f"{p99:.2f}", reached=p99 < AIM_P99)
    )


if __name__ == "__main__":
    main()
