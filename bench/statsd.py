"""Numbers over statsd, beside the npm `statsd` server that gets the same datagrams."""

import json
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from measure import LOAD, ROOT, SERVER, aim, cpu_seconds, free_port, median, process, program, resident_mb, show, table

ROUNDS = 3
SECONDS = 10
SETTLE = 12.0  # seconds until what was sent last is read, and added up: both do the rest of that every ten
FEW, MANY = 4, 50  # names; each is in 240 series
SHAPES = {  # datagrams a second, values in each, names
    "one in a datagram, 960 series": (200_000, 1, FEW),
    "one in a datagram, 12,000 series": (200_000, 1, MANY),
    "ten in a datagram, 960 series": (20_000, 10, FEW),
    "ten in a datagram, 12,000 series": (20_000, 10, MANY),
}
AIMS = {1: 0.5, 10: 0.35}  # of the peer's processor time for each value
VALUES = 200_000  # different lines; sent again and again
PEER = "statsd (npm)"

CONFIG = """
listen: {{http: '127.0.0.1:{port}', zmq: 'ipc://{home}/zmq', statsd: '127.0.0.1:{udp}'}}
store: sqlite:///{home}/tocsin.db
log: {{level: error}}
channels: {{console: {{type: console}}}}
receivers: [{{name: ops, notify: [{{by: [console]}}]}}]
route: {{receiver: ops}}
"""
BACKEND = """
exports.init = function (started, config, events) {
  let counted = 0;
  events.on('flush', function (stamp, metrics) { counted += metrics.counters['statsd.metrics_received'] || 0; });
  events.on('status', function (write) { write(null, 'counter', 'counted', counted); });
  process.on('SIGUSR2', function () { require('fs').writeFileSync(config.counted, String(counted)); });
  return true;
};
"""

Figures = dict[str, float]


def main() -> None:
    """Ours and theirs in turn, each shape several times."""
    folder = ROOT / "var" / "statsd"
    folder.mkdir(parents=True, exist_ok=True)
    sender = compiled(folder)
    peer = installed(folder)
    seen: dict[str, list[tuple[Figures, Figures | None]]] = {shape: [] for shape in SHAPES}
    for shape, (rate, packed, names) in SHAPES.items():
        file = folder / f"packets-{packed}"
        file.write_bytes(packets(packed, names))
        for _ in range(ROUNDS):
            ours = tocsin([str(sender), "{port}", str(rate), str(SECONDS), str(file)], packed)
            theirs = node(peer, [str(sender), "{port}", str(rate), str(SECONDS), str(file)], packed) if peer else None
            seen[shape].append((ours, theirs))
    show("statsd", report(seen))


def compiled(folder: Path) -> Path:
    """The sender."""
    made = folder / "sender"
    source = ROOT / "bench" / "statsd_sender.c"
    subprocess.run([program("gcc", "gcc"), "-O2", "-o", str(made), str(source)], check=True)
    return made


def installed(folder: Path) -> Path | None:
    """The peer, from npm; None where that cannot be had."""
    found = folder / "node_modules" / "statsd" / "stats.js"
    if not found.exists() and shutil.which("npm"):
        command = ["npm", "install", "--no-audit", "--no-fund", "--omit=optional", "--prefix", str(folder), "statsd"]
        subprocess.run(command, check=False, stdout=sys.stderr)
    return found if found.exists() and shutil.which("node") else None


def packets(packed: int, names: int) -> bytes:
    """A shop's: half of the values counters, three in ten times, two in ten gauges."""
    dice = random.Random(1)
    lines = [line(dice, names) for _ in range(VALUES)]
    made = [b"\n".join(lines[i : i + packed]) for i in range(0, len(lines), packed)]
    return b"".join(struct.pack("<I", len(one)) + one for one in made)


def line(dice: random.Random, names: int) -> bytes:
    """One value."""
    which, name = dice.random(), dice.randrange(names)
    tags = f"app:shop,route:/r{dice.randrange(20)},host:web-{dice.randrange(4)}"
    if which < 0.5:
        return f"shop.orders.{name}:{1 if which < 0.4 else dice.randrange(2, 100)}|c|#{tags}".encode()
    if which < 0.8:
        return f"shop.request.time.{name}:{dice.lognormvariate(3, 1):.3f}|ms|#{tags}".encode()
    return f"shop.queue.{name}:{dice.randrange(10_000)}|g|#{tags}".encode()


def driven(pid: int, udp: int, command: list[str]) -> tuple[Figures, float]:
    """Send; what was sent, the processor time it took the server, and what the kernel had no room for."""
    before = cpu_seconds(pid)
    whole = ["taskset", "-c", LOAD, *(part.format(port=udp) for part in command)]
    sent = json.loads(subprocess.run(whole, stdout=subprocess.PIPE, check=True).stdout)
    time.sleep(SETTLE)
    return sent, cpu_seconds(pid) - before


def figures(sent: Figures, used: float, counted: float, udp: int, packed: int) -> Figures:
    """One row of the table."""
    return {
        "rate": sent["sent"] / sent["seconds"] * packed,
        "sent": sent["sent"] * packed,
        "counted": counted,
        "kernel": turned_away(udp) * packed,
        "cpu": used / counted * 1e6 if counted else float("inf"),
    }


def turned_away(udp: int) -> int:
    """Datagrams that found no room in the socket that is bound to this port."""
    for line in Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if int(fields[1].rpartition(":")[2], 16) == udp:
            return int(fields[-1])
    return 0


def tocsin(command: list[str], packed: int) -> Figures:
    """The whole daemon."""
    port, udp = free_port(), free_port()
    with tempfile.TemporaryDirectory(dir=ROOT / "var") as home:
        path = Path(home) / "tocsin.yml"
        path.write_text(CONFIG.format(port=port, home=home, udp=udp), encoding="utf-8")
        path.chmod(0o600)
        with process("-m", "daemon", "--config", str(path), cpu=SERVER, port=port) as server:
            while not told(port):
                time.sleep(0.05)
            sent, used = driven(server.pid, udp, command)
            found = figures(sent, used, told(port)["metrics"], udp, packed)
            found["memory"] = resident_mb(server.pid)
            return found


def told(port: int) -> Figures:
    """What tocsin counted; nothing while it is not there."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    found = re.findall(r"^tocsin_statsd_(metrics|packets)_total ([\d.e+]+)$", text, re.MULTILINE)
    return {name: float(number) for name, number in found}


def node(peer: Path, command: list[str], packed: int) -> Figures:
    """The peer, with no back end but one that counts."""
    udp = free_port()
    with tempfile.TemporaryDirectory(dir=ROOT / "var") as home, served(peer, Path(home), udp) as pid:
        sent, used = driven(pid, udp, command)
        found = figures(sent, used, counted(pid, Path(home)), udp, packed)
        found["memory"] = resident_mb(pid)
        return found


@contextmanager
def served(peer: Path, home: Path, udp: int) -> Iterator[int]:
    """The peer on the server's processor; its process."""
    (home / "count.js").write_text(BACKEND, encoding="utf-8")
    settings = {
        "port": udp,
        "mgmt_port": free_port(),
        "address": "127.0.0.1",
        "backends": [str(home / "count.js")],
        "flushInterval": 10_000,
        "deleteIdleStats": True,
        "counted": str(home / "counted"),
    }
    (home / "config.js").write_text(json.dumps(settings), encoding="utf-8")
    started = subprocess.Popen(
        ["taskset", "-c", SERVER, "node", str(peer), str(home / "config.js")], stdout=subprocess.DEVNULL
    )
    try:
        time.sleep(2)
        yield started.pid
    finally:
        started.terminate()
        started.wait(20)


def counted(pid: int, home: Path) -> float:
    """What the peer has told its back end."""
    subprocess.run(["kill", "-USR2", str(pid)], check=True)
    time.sleep(1)
    return float((home / "counted").read_text(encoding="ascii"))


def report(seen: dict[str, list[tuple[Figures, Figures | None]]]) -> str:
    """Medians of the rounds; the ratio is that of neighbours in time."""
    head = [
        "datagrams",
        "server",
        "values/s sent",
        "counted",
        "lost in the kernel",
        "lost else",
        "CPU µs a value",
        "ratio",
        "MB",
    ]
    rows: list[list[str]] = []
    ratios: dict[str, float] = {}
    lost = 0.0
    for shape, rounds in seen.items():
        ours = [mine for mine, _ in rounds]
        peers = [theirs for _, theirs in rounds if theirs]
        if peers:
            ratios[shape] = median([a["cpu"] / b["cpu"] for a, b in zip(ours, peers, strict=True)])
        rows.append(row(shape, "tocsin", ours, f"{ratios[shape]:.2f}" if peers else ""))
        lost += sum(one["sent"] - one["counted"] for one in ours)
        if peers:
            rows.append(row(shape, PEER, peers, "1.00"))
    text = table(head, rows)
    text += aim("nothing lost in any round", f"{lost:,.0f} values", reached=not lost)
    for shape, ratio in ratios.items():
        most = AIMS[SHAPES[shape][1]]
        text += aim(
            f"{shape}: at most {most} of the peer's processor time for a value", f"{ratio:.2f}", reached=ratio <= most
        )
    return text if ratios else f"{text}\n\nThere is nothing beside it: npm or node is not installed."


def row(shape: str, server: str, rounds: list[Figures], ratio: str) -> list[str]:
    """One line of the table."""

    def middle(name: str) -> float:
        return median([one[name] for one in rounds])

    gone = median([one["sent"] - one["counted"] - one["kernel"] for one in rounds])
    share = middle("counted") / middle("sent")
    numbers = [f"{middle('rate'):,.0f}", f"{share:.2%}", f"{middle('kernel'):,.0f}", f"{gone:,.0f}"]
    return [shape, server, *numbers, f"{middle('cpu'):.2f}", ratio, f"{middle('memory'):.0f}"]


if __name__ == "__main__":
    main()
