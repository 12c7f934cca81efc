"""A heartbeat of a real daemon: what was answered is on disk whatever kills it, and what does not call in is missed."""

import json
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import gevent
import pytest
from gevent.event import Event

from running import ROOT, Tocsind, running
from until import until

pytestmark = pytest.mark.slow

KEY = "canary-key-of-the-backup"
LIVES = 4
CONFIG = """
log: {level: debug}
sources: {}
channels: {console: {type: console}}
receivers: [{name: ops, notify: [{by: [console]}]}]
route: {receiver: ops}
probes:
  backup: {type: heartbeat, key: '${KEY}', every: 1d, grace: 1h, longest: 1s}
  nightly: {type: heartbeat, key: nightly-has-a-key-too, cron: '0 2 * * *', timezone: Asia/Shanghai}
"""


def verdict(daemon: Tocsind, name: str = "backup") -> str:
    return str(daemon.rpc("probes.get", name=name)["probe"]["verdict"])


def test_every_call_that_was_answered_survives_kill_9(tmp_path: Path) -> None:
    chance = random.Random(20261121)
    daemon = Tocsind(tmp_path, CONFIG)
    answered = 0

    def call(life: int) -> None:
        nonlocal answered
        try:
            for number in range(1_000):
                status, _ = daemon.post(f"/ping/{KEY}?rid={life}-{number}", b"")
                assert status == 200
                answered += 1
        except OSError:
            pass

    for life in range(LIVES):
        daemon.start(KEY=KEY)
        callers = [gevent.spawn(call, life) for _ in range(4)]
        Event().wait(chance.uniform(0.05, 0.4))
        daemon.kill()
        gevent.joinall(callers, timeout=10, raise_error=True)
        with closing(sqlite3.connect(daemon.store)) as store:
            kept = store.execute("SELECT number FROM heartbeats WHERE probe = 'backup'").fetchone()
        assert (kept or (0,))[0] >= answered
    assert answered > LIVES


def test_the_last_word_before_the_kill_is_the_first_that_is_known_after_it(tmp_path: Path) -> None:
    daemon = Tocsind(tmp_path, CONFIG)
    daemon.start(KEY=KEY)
    assert daemon.post(f"/ping/{KEY}", b"")[0] == 200
    until(lambda: verdict(daemon) == "up")
    assert daemon.post(f"/ping/{KEY}/7", b"no space left on device")[0] == 200
    daemon.kill()
    daemon.start(KEY=KEY)
    until(lambda: daemon.rpc("probes.get", name="backup")["probe"]["reading"] is not None, within=20)
    reading = daemon.rpc("probes.get", name="backup")["probe"]["reading"]
    assert reading["health"] == "down"
    assert reading["evidence"]["output"] == "no space left on device"
    daemon.stop()


def test_a_run_that_hangs_is_noticed_by_the_second_and_the_key_shows_nowhere(tmp_path: Path) -> None:
    with running(tmp_path, CONFIG, KEY=KEY) as daemon:
        assert daemon.post(f"/ping/{KEY}", b"")[0] == 200
        assert daemon.post(f"/ping/{KEY}/start", b"")[0] == 200
        until(lambda: verdict(daemon) == "down", within=10)
        until(lambda: daemon.rpc("alerts.list", state="firing"), within=10)
        (alert,) = daemon.rpc("alerts.list", state="firing")
        assert "has not ended in 1s" in alert["title"]
        assert daemon.get(f"/ping/{KEY}")[0] == 405
        assert daemon.post(f"/ping/{KEY}x", b"")[0] == 404
        shown = json.dumps([daemon.rpc(name) for name in ("probes.list", "alerts.list", "config.get", "status")])
        daemon.stop()
    assert KEY not in shown
    assert KEY not in daemon.errors()
    assert KEY.encode() not in daemon.store.read_bytes()


def test_check_prints_when_what_looks_by_cron_looks_next(tmp_path: Path) -> None:
    daemon = Tocsind(tmp_path, CONFIG)
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "--config", str(daemon.config), "--check"],
        cwd=ROOT, env={"KEY": KEY, "PATH": "/usr/bin"}, capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith("nightly")]
    assert len(lines) == 1
    assert lines[0].startswith("nightly (0 2 * * *, Asia/Shanghai): ")
    assert lines[0].count(" 02:00:00") == 5
    assert "backup" not in done.stdout
