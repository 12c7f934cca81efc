"""What one look at a URL costs, beside Debian's blackbox exporter, which looks at the same when tocsin would."""

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
    program,
    resident_mb,
    show,
    table,
)

ROUNDS = 3
PROBES = 2_000
EVERY = 10  # seconds, as in prober.py
SECONDS = 20
PEER = "prometheus-blackbox-exporter"
AIM_CPU, AIM_LATE = 0.8, 5.0  # of the peer's processor time; milliseconds, for 99 in 100 looks
MODULE = """
modules:
  look: {{prober: http, timeout: 5s, http: {{preferred_ip_protocol: ip4, tls_config: {{ca_file: '{ca_file}'}}}}}}
"""

Rounds = list[dict[str, float]]


def main() -> None:
    """Ours and theirs in turn, in the clear and through TLS, several rounds."""
    seen: dict[str, tuple[Rounds, Rounds]] = {"http": ([], []), "https": ([], [])}
    bare: Rounds = []
    with tempfile.TemporaryDirectory(dir=ROOT / "var") as home:
        cert, key = certificate(Path(home))
        for scheme, (ours, peer) in seen.items():
            port = free_port()
            files = (cert, key) if scheme == "https" else ()
            with process("bench/provider.py", str(port), "0", *files, cpu=LOAD, port=port):
                for _ in range(ROUNDS):
                    ours.append(
                        figures("bench/prober.py", f"{scheme}://127.0.0.1:{port}", str(PROBES), str(SECONDS), cert)
                    )
                    if shutil.which(PEER):
                        peer.append(scraped(f"{scheme}://127.0.0.1:{port}", cert))
                    if scheme == "https":
                        bare.append(figures("bench/handshake.py", str(port), str(PROBES / EVERY), str(SECONDS), cert))
    show("probes", report(seen, bare))


def certificate(home: Path) -> tuple[str, str]:
    """A certificate that is its own authority, and its key."""
    cert, key = str(home / "cert.pem"), str(home / "key.pem")
    command = [
        program("openssl", "openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=bench",
        "-addext", "subjectAltName=IP:127.0.0.1",
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


def scraped(root: str, ca_file: str) -> dict[str, float]:
    """Have the exporter look at each target when tocsin would; its figures."""
    beats = [beat_of(f"probe-{number}", EVERY) for number in range(PROBES)]
    due = sorted(
        (beat.due(turn), target) for target, beat in enumerate(beats) for turn in range(1, 1 + SECONDS // EVERY)
    )
    with exporter(ca_file) as (pid, port):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for target in range(PROBES):  # warm, as ours is
            scrape(connection, f"{root}/health/{target}")
        used, begin = cpu_seconds(pid), time.monotonic() - EVERY
        for instant, target in due:
            time.sleep(max(0.0, begin + instant - time.monotonic()))
            scrape(connection, f"{root}/health/{target}")
        connection.close()
        return {"cpu": (cpu_seconds(pid) - used) / len(due) * 1e6, "memory": resident_mb(pid)}


def scrape(connection: http.client.HTTPConnection, target: str) -> None:
    """Ask for one look, as Prometheus does: over a connection that is kept."""
    connection.request("GET", f"/probe?module=look&target={target}")
    if b"\nprobe_success 1\n" not in connection.getresponse().read():
        raise SystemExit("the exporter did not see what is there")


@contextmanager
def exporter(ca_file: str) -> Iterator[tuple[int, int]]:
    """The exporter on the server's processor; its process and its port."""
    port = free_port()
    with tempfile.TemporaryDirectory(dir=ROOT / "var") as home:
        config = Path(home) / "blackbox.yml"
        config.write_text(MODULE.format(ca_file=ca_file), encoding="utf-8")
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


def report(seen: dict[str, tuple[Rounds, Rounds]], bare: Rounds) -> str:
    """Medians of the rounds; the ratio is that of neighbours in time."""
    head = ["target", "prober", "CPU µs a look", "ratio", "start late p50 ms", "p99", "max", "memory MB"]
    rows: list[list[str]] = []
    ratios: dict[str, float] = {}
    for scheme, (ours, peer) in seen.items():
        jitter = [f"{middle(ours, name):.2f}" for name in ("p50", "p99", "max")]
        ratios[scheme] = median([a["cpu"] / b["cpu"] for a, b in zip(ours, peer, strict=True)]) if peer else 0.0
        ratio = f"{ratios[scheme]:.2f}" if peer else ""
        rows.append([scheme, "tocsin", f"{middle(ours, 'cpu'):.0f}", ratio, *jitter, f"{middle(ours, 'memory'):.0f}"])
        if peer:
            theirs = [f"{middle(peer, 'cpu'):.0f}", "1.00", "", "", "", f"{middle(peer, 'memory'):.0f}"]
            rows.append([scheme, PEER, *theirs])
    peer = seen["https"][1]
    least = f"{median([a['cpu'] / b['cpu'] for a, b in zip(bare, peer, strict=True)]):.2f}" if peer else ""
    rows.append(["https", "a loop of bare handshakes in Python", f"{middle(bare, 'cpu'):.0f}", least, "", "", "", ""])
    text, ratio, late = table(head, rows), ratios["http"], middle(seen["http"][0], "p99")
    if ratio:
        wanted = f"at most {AIM_CPU} of the exporter's processor time for a look at a URL of http"
        text += aim(wanted, f"{ratio:.2f}", reached=ratio <= AIM_CPU)
    else:
        text += f"\n\nThere is nothing beside it: {PEER} (the Debian package of that name) is not installed."
    return text + aim(f"99 in 100 of them begin within {AIM_LATE:g} ms", f"{late:.2f} ms", reached=late <= AIM_LATE)


def middle(rounds: Rounds, name: str) -> float:
    """The middle of a figure over the rounds."""
    return median([one[name] for one in rounds])


if __name__ == "__main__":
    main()
