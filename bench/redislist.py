"""What an entry of a Redis list costs, beside the loop that anybody would write."""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from measure import LOAD, ROOT, aim, figures, free_port, listens, median, program, show, table

ROUNDS = 3
ENTRIES, URLS = 1_000_000, 100
AIM = 100_000  # entries per second of processor time

Rounds = list[dict[str, float]]


def main() -> None:
    """Ours and the plain loop in turn, several rounds."""
    ours: Rounds = []
    plain: Rounds = []
    with server() as port:
        for _ in range(ROUNDS):
            for way, rounds in (("ours", ours), ("plain", plain)):
                fill(port)
                with tempfile.TemporaryDirectory(dir=ROOT / "var") as home:
                    rounds.append(figures("bench/drained.py", way, home, str(port)))
    show("redislist", report(ours, plain))


@contextmanager
def server() -> Iterator[int]:
    """A Redis of its own, on the load's processor."""
    port = free_port()
    command = [program("redis-server", "redis-server"), "--port", str(port), "--save", "", "--logfile", "/dev/null"]
    started = subprocess.Popen(["taskset", "-c", LOAD, *command])
    try:
        while not listens(port):
            time.sleep(0.05)
        yield port
    finally:
        started.terminate()
        started.wait(60)


def fill(port: int) -> None:
    """Push a million entries of a hundred pages."""
    entries = [
        json.dumps({"url": f"/page/{number % URLS}.json", "time_spent": 0.01 + number % 97 / 1_000, "status": 200})
        for number in range(10_000)
    ]
    client = redis.Redis(port=port)
    client.flushall()
    for _ in range(ENTRIES // len(entries)):
        client.lpush("apm:0x00000001", *entries)


def report(ours: Rounds, plain: Rounds) -> str:
    """The table, and whether the aim is reached."""
    rows, each = [], {}
    for name, rounds in (("tocsin", ours), ("plain loop", plain)):
        cpu, wall = (median([one[key] for one in rounds]) for key in ("cpu", "seconds"))
        each[name] = ENTRIES / cpu
        rows.append([name, f"{ENTRIES / cpu:,.0f}", f"{ENTRIES / wall:,.0f}", f"{cpu / ENTRIES * 1e6:.2f}"])
    lag, worst = (median([one[key] for one in ours]) for key in ("lag", "worst"))
    got = each["tocsin"]
    text = table(["", "entries/CPU second", "entries/s", "CPU µs/entry"], rows)
    text += f"\n\nOf the plain loop's processor time tocsin takes {each['plain loop'] / got:.2f}."
    text += f" Its event loop was {lag:.0f} ms late for a hundredth of the time, {worst:.0f} ms at the worst."
    return text + aim(f"at least {AIM:,} entries for each second of processor time", f"{got:,.0f}", reached=got >= AIM)
