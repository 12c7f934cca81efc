"""A real daemon hears lines and numbers: over UDP and a socket, before and after a reload."""

import logging
import logging.handlers  # noqa: TID251 - the whole name, as the rule wants it
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from running import ROOT, Tocsind, free_port
from until import until

CONFIG = """
channels: {log: {type: console}}
receivers: [{name: ops, notify: [{by: [log]}]}]
route: {receiver: ops}
syslog: {patterns: [{name: payment, match: 'order (?P<order>[0-9]+) failed', severity_at_least: err}]}
"""
CLIENT = """
import tocsin
tocsin.Counter("orders").increment()
with tocsin.resource("db", "orders"): pass
print(tocsin.dropped)
"""


def say(address: str | tuple[str, int], order: int) -> None:
    handler = logging.handlers.SysLogHandler(address)  # noqa: TID251 - the same
    handler.ident = "shop: "
    handler.handle(logging.LogRecord("till", logging.ERROR, "", 0, "order %d failed", (order,), None))
    handler.close()


def titles(daemon: Tocsind) -> set[str]:
    return {one["title"] for one in daemon.rpc("alerts.list") if one["source"] == "syslog"}


@pytest.mark.slow
def test_lines_and_numbers_of_programs(tmp_path: Path) -> None:
    syslog, statsd, moved = free_port(), free_port(), free_port()
    daemon = Tocsind(tmp_path, "")
    doors = daemon.doors
    daemon.doors = doors.replace(
        "}\n", f", syslog: '127.0.0.1:{syslog}', statsd: '127.0.0.1:{statsd}', syslog_unix: {tmp_path}/log}}\n", 1
    )
    daemon.configure(CONFIG)
    daemon.start()
    try:
        say(("127.0.0.1", syslog), 1)
        say(f"{tmp_path}/log", 2)
        expected = {"127.0.0.1 shop: order 1 failed", f"{socket.gethostname()} shop: order 2 failed"}
        until(lambda: titles(daemon) == expected, why=daemon.errors)
        environ = {"PYTHONPATH": str(ROOT / "client"), "TOCSIN_STATSD": f"127.0.0.1:{statsd}"}
        told = subprocess.run([sys.executable, "-c", CLIENT], env=environ, capture_output=True, text=True, check=True)
        assert told.stdout == "0\n"
        until(lambda: b"tocsin_statsd_metrics_total 2.0" in daemon.get("/metrics")[1])
        daemon.doors = doors.replace("}\n", f", syslog: '127.0.0.1:{moved}'}}\n", 1)
        daemon.configure(CONFIG)
        assert daemon.post("/-/reload", b"")[0] == 200
        say(("127.0.0.1", moved), 3)
        until(lambda: "127.0.0.1 shop: order 3 failed" in titles(daemon), why=daemon.errors)
        assert not (tmp_path / "log").exists()
    finally:
        assert daemon.stop() == 0
