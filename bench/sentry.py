"""Reports of Sentry SDKs, taken and worked through, beside bugsink doing the same."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from measure import LOAD, ROOT, SERVER, aim, cpu_seconds, free_port, listens, median, process, show, table

ROUNDS = 3
MANY = {"errors": 1_500, "transactions": 3_000}
PATIENCE = 120  # seconds until what was taken must be worked through
AIM_RATE, AIM_CPU = 3.0, 0.33  # against the peer, with errors
KEY = "0123456789abcdef0123456789abcdef"
HOME = ROOT / "var" / "bugsink"
CONFIG = """
listen: {{http: '127.0.0.1:{port}', zmq: 'ipc://{home}/zmq'}}
store: sqlite:///{home}/tocsin.db
log: {{level: error}}
sentry: {{projects: {{shop: {{id: 1, key: {key}, rate: 100000}}}}}}
channels: {{room: {{type: command, argv: [/bin/true]}}}}
receivers: [{{name: ops, notify: [{{by: [room]}}]}}]
route: {{receiver: ops}}
"""
PEER = """
from bugsink.settings.default import *
SECRET_KEY = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
DATABASES["default"]["NAME"] = "{home}/db.sqlite3"
DATABASES["snappea"]["NAME"] = "{home}/snappea.sqlite3"
SNAPPEA = {{"TASK_ALWAYS_EAGER": False, "NUM_WORKERS": 4, "PID_FILE": None, "WAKEUP_CALLS_DIR": "{home}/wakeup"}}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
ALLOWED_HOSTS = ["*"]
BUGSINK = {{
    "BASE_URL": "http://127.0.0.1:{port}", "INGEST_STORE_BASE_DIR": "{home}/ingestion",
    "MAX_EVENTS_PER_PROJECT_PER_5_MINUTES": 10**9, "MAX_EVENTS_PER_PROJECT_PER_HOUR": 10**9,
    "MAX_EVENTS_PER_PROJECT_PER_MONTH": 10**9, "MAX_EVENTS_PER_5_MINUTES": 10**9, "MAX_EVENTS_PER_HOUR": 10**9,
    "MAX_EVENTS_PER_MONTH": 10**9,
}}
"""


class Figures(NamedTuple):
    """One round: taken a second, seconds until all was worked through (none: it was not), processor µs for each."""

    rate: float
    done: float | None
    cpu: float


def main() -> None:
    """Errors and transactions, ours and theirs in turn."""
    (ROOT / "var").mkdir(exist_ok=True)
    seen: dict[str, dict[str, list[Figures]]] = {kind: {"tocsin": [], "bugsink": []} for kind in MANY}
    peer = installed()
    for _ in range(ROUNDS):
        for kind, rounds in seen.items():
            rounds["tocsin"].append(ours(kind))
            if peer:
                rounds["bugsink"].append(theirs(kind))
    show("sentry", report(seen))


def ours(kind: str) -> Figures:
    """One round of the whole daemon on an empty store."""
    port = free_port()
    with tempfile.TemporaryDirectory(dir=ROOT / "var") as home:
        path = Path(home) / "tocsin.yml"
        path.write_text(CONFIG.format(port=port, home=home, key=KEY), encoding="utf-8")
        path.chmod(0o600)
        with process("-m", "daemon", "--config", str(path), cpu=SERVER, port=port) as server:
            return driven(kind, port, KEY, [server.pid], lambda: worked_through(port))


def worked_through(port: int) -> int:
    """How many items the daemon has worked through."""
    asked = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "sentry.status", "params": {}}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/rpc", asked)) as answer:
        (project,) = json.load(answer)["result"]["projects"]
    return int(sum(project["worked_through"].values()))


def driven(kind: str, port: int, key: str, pids: list[int], done: Callable[[], int]) -> Figures:
    """Send, then wait until it is worked through."""
    before, began = used(pids), time.monotonic()
    command = ["taskset", "-c", LOAD, sys.executable, "bench/reporter.py", str(port), "1", key, kind, str(MANY[kind])]
    sent = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    if sent["taken"] < MANY[kind]:
        sys.exit(f"only {sent['taken']} of {MANY[kind]} {kind} were taken")
    began = time.monotonic() - sent["seconds"]
    late = began + PATIENCE
    while done() < MANY[kind] and time.monotonic() < late:
        time.sleep(0.1)
    finished = time.monotonic() - began if time.monotonic() < late else None
    return Figures(MANY[kind] / sent["seconds"], finished, (used(pids) - before) / MANY[kind] * 1e6)


def used(pids: list[int]) -> float:
    """Processor seconds of these processes and those that they started."""
    children = [
        int(child)
        for pid in pids
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text(encoding="ascii").split()
    ]
    return sum(cpu_seconds(pid) for pid in pids) + (used(children) if children else 0.0)


def installed() -> bool:
    """Whether bugsink is there, in an environment of its own."""
    if not (HOME / "bin" / "bugsink-manage").exists():
        subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
        done = subprocess.run([str(HOME / "bin" / "pip"), "-q", "install", "bugsink"], check=False)
        if done.returncode:
            print("bugsink cannot be installed here; it is left out")
            return False
    return True


def theirs(kind: str) -> Figures:
    """One round of bugsink as its documents install it: gunicorn and its worker, on SQLite."""
    port = free_port()
    with tempfile.TemporaryDirectory(dir=ROOT / "var") as home:
        (Path(home) / "bugsink_conf.py").write_text(PEER.format(home=home, port=port), encoding="utf-8")
        (Path(home) / "wakeup").mkdir()
        for words in (("migrate",), ("migrate", "--database=snappea"), ("prestart",)):
            manage(home, *words)
        code = "print(Project.objects.create(name='shop', slug='shop').sentry_key)"
        key = manage(home, "shell", "-c", f"from projects.models import Project; {code}").split()[-1].replace("-", "")
        count = "from projects.models import Project; print(Project.objects.get(id=1).digested_event_count)"
        with (
            beside(
                home, "gunicorn", f"--bind=127.0.0.1:{port}", "--workers=2", "--keep-alive=60", "bugsink.wsgi"
            ) as web,
            beside(home, "bugsink-runsnappea") as worker,
        ):
            while not listens(port):
                time.sleep(0.1)
            if kind == "transactions":  # it lets them go
                return driven(kind, port, key, [web.pid, worker.pid], lambda: MANY[kind])
            return driven(
                kind, port, key, [web.pid, worker.pid], lambda: int(manage(home, "shell", "-c", count).split()[-1])
            )


def manage(home: str, *words: str) -> str:
    """One command of its own."""
    command = ["taskset", "-c", LOAD, str(HOME / "bin" / "bugsink-manage"), *words]
    return subprocess.run(
        command, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True
    ).stdout


@contextmanager
def beside(home: str, program: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of its processes, on the server's processor."""
    environ = os.environ | {"PYTHONPATH": home, "DJANGO_SETTINGS_MODULE": "bugsink_conf"}
    command = ["taskset", "-c", SERVER, str(HOME / "bin" / program), *words]
    with (Path(home) / f"{program}.log").open("wb") as log:
        started = subprocess.Popen(command, cwd=home, env=environ, stdout=log, stderr=log)
    try:
        yield started
    finally:
        started.terminate()
        started.wait(60)


def report(seen: dict[str, dict[str, list[Figures]]]) -> str:
    """Medians, and the ratio to the peer."""
    rows, ratios = [], {}
    for kind, rounds in seen.items():
        for name, figures in rounds.items():
            if not figures:
                continue
            rate, cpu = median([one.rate for one in figures]), median([one.cpu for one in figures])
            ratios[kind, name] = rate, cpu
            ends = [one.done for one in figures if one.done is not None]
            done = f"{median(ends):.1f} s" if len(ends) == len(figures) else f"not within {PATIENCE} s"
            rows.append([f"{MANY[kind]:,} {kind}", name, f"{rate:,.0f}", done, f"{cpu:,.0f}"])
    text = table(["what", "who", "taken a second", "all worked through after", "processor µs each"], rows)
    if ("errors", "bugsink") in ratios:
        ours, peer = ratios["errors", "tocsin"], ratios["errors", "bugsink"]
        rate, cpu = ours[0] / peer[0], ours[1] / peer[1]
        wanted = f"errors at {AIM_RATE:g} times the peer's rate with at most {AIM_CPU:g} of its processor time"
        text += aim(wanted, f"{rate:.1f} times, {cpu:.2f}", reached=rate >= AIM_RATE and cpu <= AIM_CPU)
    return text


if __name__ == "__main__":
    main()
