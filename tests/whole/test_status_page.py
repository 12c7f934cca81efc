"""The status page of a real daemon that looks at real ports: what it saw a moment ago is there, and no target is."""

import json
from pathlib import Path

import pytest

from running import Tocsind, free_port
from until import until

ROUTE = """
channels: {log: {type: console}}
receivers: [{name: ops, notify: [{by: [log]}]}]
route: {receiver: ops}
"""
CONFIG = """
status_page: {{public: true, title: Harbour, groups: {{Doors: {{probes: [own-door, closed]}}}}}}
probes:
  own-door: &fast {{type: tcp, host: 127.0.0.1, port: {open}, every: 1s, fail_after: 1, recover_after: 1}}
  closed: {{<<: *fast, port: {closed}, second_opinion: false}}
  unseen: {{<<: *fast}}
"""


def states(daemon: Tocsind) -> dict[str, str]:
    status, body = daemon.get("/status.json")
    assert status == 200
    return {one["name"]: one["state"] for group in json.loads(body)["groups"] for one in group["probes"]}


@pytest.mark.slow
@pytest.mark.unguarded
def test_the_page_of_a_running_daemon(tmp_path: Path) -> None:
    closed = free_port()
    daemon = Tocsind(tmp_path, "")
    daemon.configure(ROUTE + CONFIG.format(open=daemon.http, closed=closed))
    daemon.start()
    try:
        until(lambda: states(daemon) == {"own-door": "up", "closed": "down"}, within=60, why=daemon.errors)
        _, page = daemon.get("/status")
        assert b"Harbour" in page
        assert b"unseen" not in page
        assert b"127.0.0.1" not in page
        assert str(closed).encode() not in page
        assert daemon.get("/badge/own-door/status.svg")[0] == 200
        assert daemon.get("/badge/unseen/status.svg")[0] == 404
        assert b"<entry>" in daemon.get("/status.atom")[1]
        daemon.configure(ROUTE)
        daemon.rpc("config.reload")
        assert daemon.get("/status")[0] == 404
    finally:
        daemon.kill()
