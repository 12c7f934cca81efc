"""What a channel's provider that hangs, and a probe that hangs, cost the deliveries of another channel."""

import contextlib
import json
import sqlite3
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

from measure import LOAD, ROOT, SERVER, aim, free_port, median, percentile, process, show, table

ROUNDS = 3
SECONDS = 20
RATE = 50  # alarms a second, on each of the two channels
ANSWER_MS = 20
AIM = 0.20  # by which the p99 may change

CONFIG = """
listen: {{http: '127.0.0.1:{port}', zmq: 'ipc://{home}/zmq'}}
store: sqlite:///{home}/tocsin.db
log: {{level: error}}
sources:
  script: {{handler: generic, map: {{key: $.key, title: $.key, labels: {{to: $.to}}}}}}
channels:
  measured: {{type: webhook, url: 'http://127.0.0.1:{good}/', pool: 20}}
  other: {{type: webhook, url: 'http://127.0.0.1:{other}/', pool: 20, timeout: 60s}}
receivers:
  - {{name: measured, notify: [{{by: [measured]}}]}}
  - {{name: other, notify: [{{by: [other]}}]}}
route: {{receiver: measured, group_by: ['...'], group_wait: 0s, group_interval: 0s,
         routes: [{{matchers: ['to="other"'], receiver: other}}]}}
probes:
  looked-at: {{type: http, url: 'http://127.0.0.1:{other}/', every: 1s, timeout: 60s, fail_after: 1000}}
"""


def main() -> None:
    """In turn: the other provider answers as the measured one does, and it never answers."""
    well, hanging = [], []
    for _ in range(ROUNDS):
        well.append(one_round(hangs=False))
        hanging.append(one_round(hangs=True))
    show("isolation", report(well, hanging))


def one_round(*, hangs: bool) -> tuple[float, float]:
    """The median and p99, in ms, from outbox row to provider's yes on the measured channel."""
    port, good, other = free_port(), free_port(), free_port()
    with (
        tempfile.TemporaryDirectory(dir=ROOT / "var") as home,
        process("bench/provider.py", str(good), str(ANSWER_MS), cpu=LOAD, port=good),
        process("bench/provider.py", str(other), str(-1000 if hangs else ANSWER_MS), cpu=LOAD, port=other),
    ):
        path = Path(home) / "tocsin.yml"
        path.write_text(CONFIG.format(port=port, home=home, good=good, other=other), encoding="utf-8")
        path.chmod(0o600)
        with process("-m", "daemon", "--config", str(path), cpu=SERVER, port=port) as server:
            drive(port)
            server.kill()  # what still hangs need not be waited for
        with contextlib.closing(sqlite3.connect(Path(home) / "tocsin.db")) as store:
            took = store.execute(
                "SELECT (settled_at - created_at) * 1000 FROM deliveries WHERE channel = 'measured' AND phase = 'sent'"
            )
            latencies = [row[0] for row in took]
    return median(latencies), percentile(latencies, 0.99)


def drive(port: int) -> None:
    """Post one alarm for each channel every 1/RATE seconds, on one connection."""
    connection = HTTPConnection("127.0.0.1", port)
    begin = time.monotonic()
    for number in range(SECONDS * RATE):
        time.sleep(max(0.0, begin + number / RATE - time.monotonic()))
        for to in ("measured", "other"):
            connection.request("POST", "/webhook/script", json.dumps({"key": f"{to} {number}", "to": to}))
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"the daemon answered {answer.status}")
    time.sleep(1)


def report(well: list[tuple[float, float]], hanging: list[tuple[float, float]]) -> str:
    """Medians of the rounds, and the ratio round by round."""
    rows = []
    for name, rounds in (("answers", well), ("hangs, and so does a probe", hanging)):
        rows.append(
            [
                name,
                f"{median([one[0] for one in rounds]):.1f}",
                f"{median([one[1] for one in rounds]):.1f}",
                f"{median([one[1] / base[1] for one, base in zip(rounds, well, strict=True)]):.2f}",
            ]
        )
    change = abs(median([one[1] / base[1] for one, base in zip(hanging, well, strict=True)]) - 1)
    return table(["the other channel's provider", "p50 ms", "p99 ms", "p99 ratio"], rows) + aim(
        f"the p99 changes by less than {AIM:.0%}", f"{change:.0%}", reached=change < AIM
    )


if __name__ == "__main__":
    main()
