"""Ten thousand configured probes in a real daemon, beside one that has none: its start, and the memory of each."""

import re
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

from measure import LOAD, ROOT, SERVER, aim, cpu_seconds, free_port, median, process, resident_now_mb, show, table

ROUNDS = 2
PROBES = 10_000
EVERY = 15  # seconds: 667 looks a second, and a minute to be added up is among those that are waited for
LOOKS = (1, 5)  # after so many of each probe memory is taken again: after the first round, and when it is settled
AIM_CPU, AIM_MEMORY = 5.0, 10.0  # seconds; KB for each probe

CONFIG = """
listen: {{http: '127.0.0.1:{port}', zmq: 'ipc://{home}/zmq'}}
store: sqlite:///{home}/tocsin.db
log: {{level: error}}
channels: {{console: {{type: console}}}}
receivers: [{{name: ops, notify: [{{by: [console]}}]}}]
route: {{receiver: ops}}
probes:{probes}
"""
PROBE = """
  shop-{number}:
    type: http
    url: http://127.0.0.1:{target}/health/{number}
    every: {every}s
    down: [status == 200, time < 5s]
    labels: {{severity: critical, team: web}}"""

Figures = dict[str, float]


def main() -> None:
    """With and without them in turn; what the difference is, they cost."""
    target = free_port()
    with process("bench/provider.py", str(target), "0", cpu=LOAD, port=target):
        rounds = [(started(0, target), started(PROBES, target)) for _ in range(ROUNDS)]
    show("many", report(rounds))


def started(probes: int, target: int) -> Figures:
    """Start a daemon with so many probes, and let it look for a while; seconds of processor time, and MB."""
    port = free_port()
    with tempfile.TemporaryDirectory(dir=ROOT / "var") as home:
        path = Path(home) / "tocsin.yml"
        written = "".join(PROBE.format(number=number, target=target, every=EVERY) for number in range(probes))
        path.write_text(CONFIG.format(port=port, home=home, probes=written or " {}"), encoding="utf-8")
        path.chmod(0o600)
        with process("-m", "daemon", "--config", str(path), cpu=SERVER, port=port) as server:
            while asked(port, "/-/ready")[0] != 200:
                time.sleep(0.05)
            # Who is ready has everybody's first look in the timetable.
            found = {"start": cpu_seconds(server.pid), "memory": resident_now_mb(server.pid)}
            begin = time.monotonic()
            for looks in LOOKS:
                time.sleep(max(0.0, begin + looks * EVERY + 1 - time.monotonic()))
                found[f"memory {looks}"] = resident_now_mb(server.pid)
            numbers = asked(port, "/metrics")[1].decode()
    seen = [int(one) for one in re.findall(r'^tocsin_probe_looks_total\{.*result="ok"\} (\d+)', numbers, re.MULTILINE)]
    if len(seen) != probes or any(one < LOOKS[-1] for one in seen):
        raise SystemExit(f"{len(seen)} of {probes} probes were looked at, the least {min(seen, default=0)} times")
    return found


def asked(port: int, path: str) -> tuple[int, bytes]:
    """One request; the status and the body of its answer."""
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def report(rounds: list[tuple[Figures, Figures]]) -> str:
    """Medians of the rounds, and of what the probes add in each."""
    none, many = zip(*rounds, strict=True)
    names = ["memory", *(f"memory {looks}" for looks in LOOKS)]
    rows = [
        [name, f"{median([one['start'] for one in side]):.2f}"]
        + [f"{median([one[key] for one in side]):.0f}" for key in names]
        for name, side in (("no probe", none), (f"{PROBES:,} of `http`", many))
    ]
    each = [median([(b[key] - a[key]) * 1024 / PROBES for a, b in rounds]) for key in names]
    rows.append(["each probe", "", *(f"{one:.1f} KB" for one in each)])
    after = [f"MB after {looks} look{'s'[: looks > 1]} of each" for looks in LOOKS]
    text = table(["daemon with", "CPU s until it is ready", "MB then", *after], rows)
    cpu = median([one["start"] for one in many])
    text += aim(
        f"a start with {PROBES:,} probes below {AIM_CPU:g} s of processor time", f"{cpu:.2f} s", reached=cpu < AIM_CPU
    )
    wanted = f"memory below {AIM_MEMORY:g} KB for each probe"
    return text + aim(wanted, f"{max(each):.1f} KB at the most", reached=max(each) < AIM_MEMORY)


if __name__ == "__main__":
    main()
