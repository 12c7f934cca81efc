"""What one look at a URL costs, beside Debian's prometheus-blackbox-exporter, which looks at the same at the same instants."""

import http.client
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.probing.beat import beat_of
from measure import (
    LOAD,
    ROOT,
    SERVER,
    aim,
    cpu_seconds,
    figures,
    free_port,
    listens,
    median,
    process,
    resident_mb,
    show,
    table,
)

ROUNDS = 3
PROBES = 2_000
EVERY = 10
SECONDS = 20
PEER = "prometheus-blackbox-exporter"
AIM_CPU, AIM_LATE = 0.8, 5.0  # of the peer's processor time; milliseconds, of 99 in 100 looks
MODULE = "modules: {http_2xx: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4}}}\n"

Rounds = list[dict[str, float]]


def main() -> None:
    """Ours and theirs in turn, several rounds."""
    ours: Rounds = []
    peer: Rounds = []
    target = free_port()
    with process("bench/provider.py", str(target), "0", cpu=LOAD, port=target):
        for _ in range(ROUNDS):
            ours.append(figures("bench/prober.py", *map(str, (target, PROBES, EVERY, SECONDS))))
            if shutil.which(PEER):
                peer.append(scraped(target))
    show("probes", report(ours, peer))


def scraped(target: int) -> dict[str, float]:
    """Have the exporter look at each target when tocsin would; its figures."""
    due = sorted(
        beat.due(number)
        for beat in (beat_of(f"probe-{number}", EVERY) for number in range(PROBES))
        for number in range(SECONDS // EVERY)
    )
    with exporter() as (pid, port):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for number in range(PROBES):  # warm, as ours is
            scrape(connection, target, number)
        used, begin = cpu_seconds(pid), time.monotonic()
        for number, instant in enumerate(due):
            time.sleep(max(0.0, begin + instant - time.monotonic()))
            scrape(connection, target, number)
        connection.close()
        return {"cpu": (cpu_seconds(pid) - used) / len(due) * 1e6, "memory": resident_mb(pid)}


def scrape(connection: http.client.HTTPConnection, target: int, number: int) -> None:
    """Ask for one look, as Prometheus does: over a connection that is kept."""
    connection.request("GET", f"/probe?module=http_2xx&target=http%3A%2F%2F127.0.0.1%3A{target}%2Fhealth%2F{number}")
    if b"\nprobe_success 1\n" not in connection.getresponse().read():
        raise SystemExit("the exporter did not see what is there")


@contextmanager
def exporter() -> Iterator[tuple[int, int]]:
    """The exporter on the server's processor; its process and its port."""
    port = free_port()
    with tempfile.TemporaryDirectory(dir=ROOT / "var") as home:
        config = Path(home) / "blackbox.yml"
        config.write_text(MODULE, encoding="utf-8")
        address = f"127.0.0.1:{port}"
        command = ["taskset", "-c", SERVER, PEER, f"--config.file={config}", f"--web.listen-address={address}"]
        started = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            while not listens(port):
                time.sleep(0.05)
            yield started.pid, port
        finally:
            started.terminate()
            started.wait(20)


def report(ours: Rounds, peer: Rounds) -> str:
    """Medians of the rounds; the ratio is that of neighbours in time."""

    def middle(rounds: Rounds, name: str, digits: int = 1) -> str:
        return f"{median([one[name] for one in rounds]):.{digits}f}"

    head = ["prober", "CPU µs a probe", "ratio", "start jitter p50 ms", "p99", "max", "memory MB"]
    rows = [["tocsin", middle(ours, "cpu", 0), *(["1.00"] if not peer else []), *()]]
    ratio = median([one["cpu"] / other["cpu"] for one, other in zip(ours, peer, strict=True)]) if peer else 0.0
    rows = [
        ["tocsin", middle(ours, "cpu", 0), f"{ratio:.2f}" if peer else "", middle(ours, "p50", 2)]
        + [middle(ours, "p99", 2), middle(ours, "max"), middle(ours, "memory", 0)]
    ]
    if peer:
        rows.append([PEER, middle(peer, "cpu", 0), "1.00", "", "", "", middle(peer, "memory", 0)])
    late = median([one["p99"] for one in ours])
    text = table(head, rows)
    if peer:
        text += aim(f"at most {AIM_CPU} of the exporter's processor time", f"{ratio:.2f}", reached=ratio <= AIM_CPU)
    else:
        text += f"\n\n{PEER} (the Debian package of that name) is not installed, so there is nothing beside it."
    return text + aim(f"99 in 100 looks begin within {AIM_LATE:g} ms", f"{late:.2f} ms", reached=late <= AIM_LATE)


if __name__ == "__main__":
    main()
