"""Durable webhooks against a bare bottle application that only parses and answers."""

import re
import subprocess
import tempfile
from pathlib import Path

from measure import LOAD, ROOT, SERVER, cpu_seconds, free_port, median, process, program, show, table

ROUNDS = 5
SECONDS = 4
CONNECTIONS = 32
WARM = 1

CONFIG = """
listen: {{http: '127.0.0.1:{port}', zmq: 'ipc://{home}/zmq'}}
store: sqlite:///{home}/tocsin.db
log: {{level: warning}}
limits: {{concurrent: 1000}}
sources: {{alertmanager: {{}}}}
channels:
  out: {{type: webhook, url: 'http://127.0.0.1:{provider}/', pool: {pool}}}
receivers: [{{name: ops, notify: [{{by: [out]}}]}}]
route: {{receiver: ops}}
"""


def main() -> None:
    """Bare, durable, and durable while every alarm is also being delivered, in turn."""
    seen: dict[str, list[tuple[float, float, float]]] = {"bare": [], "durable": [], "delivering": []}
    for _ in range(ROUNDS):
        seen["bare"].append(bare())
        seen["durable"].append(tocsin(delivering=False))
        seen["delivering"].append(tocsin(delivering=True))
    show("intake", report(seen))


def bare() -> tuple[float, float, float]:
    """One round of what it is measured against."""
    port = free_port()
    with process("bench/bare.py", str(port), cpu=SERVER, port=port) as server:
        return drive(port, server.pid)


def tocsin(*, delivering: bool) -> tuple[float, float, float]:
    """One round of the whole daemon on an empty store; its provider answers, or nobody is there."""
    port, provider = free_port(), free_port()
    with tempfile.TemporaryDirectory(dir=ROOT / "var") as home:
        path = Path(home) / "tocsin.yml"
        path.write_text(CONFIG.format(port=port, home=home, provider=provider, pool=20), encoding="utf-8")
        if not delivering:
            with process("-m", "daemon", "--config", str(path), cpu=SERVER, port=port) as server:
                return drive(port, server.pid)
        with (
            process("bench/provider.py", str(provider), "0", cpu=LOAD, port=provider),
            process("-m", "daemon", "--config", str(path), cpu=SERVER, port=port) as server,
        ):
            return drive(port, server.pid)


def drive(port: int, pid: int) -> tuple[float, float, float]:
    """Load with wrk; return requests per second, p99 in ms, processor µs per request."""
    wrk(port, WARM)
    before = cpu_seconds(pid)
    output = wrk(port, SECONDS)
    used = cpu_seconds(pid) - before
    if "Non-2xx" in output or "Socket errors" in output:
        print(output)
    requests = int(re.search(r"(\d+) requests in", output)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", output).groups()
    return rate, float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit], used / requests * 1e6


def wrk(port: int, seconds: int) -> str:
    """One run; its report."""
    command = [program("wrk", "wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", "bench/alert.lua"]
    url = f"http://127.0.0.1:{port}/webhook/alertmanager"
    return subprocess.run(
        ["taskset", "-c", LOAD, *command, url], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def report(seen: dict[str, list[tuple[float, float, float]]]) -> str:
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
                f"{median([one[0] for one in rounds]):.0f}",
                f"{median([one[0] / base[0] for one, base in pairs]):.2f}",
                f"{median([one[1] for one in rounds]):.1f}",
                f"{median([one[1] / base[1] for one, base in pairs]):.2f}",
                f"{median([one[2] for one in rounds]):.0f}",
            ]
        )
    return table(["server", "requests/s", "ratio", "p99 ms", "ratio", "CPU µs/request"], rows)


if __name__ == "__main__":
    main()
