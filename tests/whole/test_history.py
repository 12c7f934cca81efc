"""A real tocsin that is killed while it looks: what was seen is there after it, and so is the verdict."""

from pathlib import Path
from typing import Any

import pytest

from running import Tocsind, free_port, listening, running
from until import until

CONFIG = """
channels: {{log: {{type: console}}}}
receivers: [{{name: ops, notify: [{{by: [log]}}]}}]
route: {{receiver: ops, group_wait: 0s}}
probes:
  gate: {{type: tcp, host: 127.0.0.1, port: {port}, every: 1s, timeout: 500ms, slo: 99%, steady: 0s}}
"""


def report(daemon: Tocsind) -> dict[str, Any]:
    """Of the last two days, for the test may run at midnight."""
    found: dict[str, Any] = daemon.rpc("probes.report", period="2d")["lines"][0]
    return found


def verdict(daemon: Tocsind) -> str:
    return str(daemon.rpc("probes.list")[0]["verdict"])


@pytest.mark.slow
def test_what_was_seen_is_there_after_a_kill_and_so_is_the_verdict(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, CONFIG.format(port=port)) as daemon:
        with listening(port):
            until(lambda: verdict(daemon) == "up")
        until(lambda: verdict(daemon) == "down", within=20)
        since = daemon.rpc("probes.list")[0]["since"]
        until(lambda: daemon.rpc("probes.history", name="gate", step="reading")["readings"], within=20)
        until(lambda: daemon.rpc("probes.failures", name="gate"), within=20)
        daemon.kill()
        daemon.start()
        assert verdict(daemon) == "down"
        assert daemon.rpc("probes.list")[0]["since"] == since
        (incident,) = daemon.rpc("probes.incidents")
        assert (incident["began"], incident["ended"]) == (pytest.approx(since, abs=0.001), None)
        with listening(port):
            until(lambda: verdict(daemon) == "up", within=20)
            until(lambda: daemon.rpc("probes.incidents")[0]["ended"], within=20)
            line = report(daemon)
        assert line["incidents"] == 1
        assert 1 < line["seconds"]["down"] < 120
        assert line["budget"]["is_kept"] is False
        assert line["response"]["count"] >= 2
        (text,) = [daemon.rpc("probes.report", format="text")]
        assert "99% BROKEN" in text
