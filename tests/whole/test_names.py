"""Names in a real daemon: name servers that say nothing, and others that take their place."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gevent.pywsgi import WSGIServer

from name_server import name_server
from needs import need
from running import Tocsind, running
from until import until

ROOM = """
receivers: [{{name: ops, notify: [{{by: [out]}}]}}]
route: {{receiver: ops, group_by: ['...'], group_wait: 0s, group_interval: 0s}}
sources: {{script: {{handler: generic, map: {{key: $.key, title: $.title}}}}}}
"""
STUCK = 40  # four times as many as gevent's pool has threads
WAIT = 0.5  # seconds; one that waits for those that are stuck waits for two
PROBES = (
    ROOM
    + "channels: {{out: {{type: console}}}}\nprobes:\n  good: {{type: tcp, host: localhost, port: {port}, every: 1s}}\n"
)
HOOK = ROOM + "channels: {{out: {{type: webhook, url: 'http://gateway.example.com:{port}/', timeout: 2s}}}}\n"


@pytest.fixture
def provider() -> Iterator[int]:
    def answer(_environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    server = WSGIServer(("127.0.0.1", 0), answer, log=None)
    server.start()
    yield server.server_port
    server.stop()


@pytest.mark.slow
def test_a_silent_name_server_holds_up_nothing_else(tmp_path: Path, provider: int) -> None:
    names = [f"n{number}.example.com" for number in range(STUCK)]
    probes = "".join(f"  p{at}: {{type: tcp, host: {name}, port: 1, every: 1s}}\n" for at, name in enumerate(names))
    with name_server(mute=True) as silent:
        servers = {"GEVENTARES_SERVERS": "127.0.0.1", "GEVENTARES_UDP_PORT": str(silent.server_port)}
        with running(tmp_path, PROBES.format(port=provider) + probes, **servers) as daemon:
            until(lambda: silent.asked >= set(names), within=30)
            since = good_probe(daemon)["read_at"] or 0.0
            assert daemon.post("/webhook/script", {"key": "k", "title": "t"})[0] == 200
            # Its name is looked up beside those that are stuck.
            until(lambda: (good_probe(daemon)["read_at"] or 0.0) >= since + 3, within=20, why=daemon.errors)
            good = good_probe(daemon)
            assert good["verdict"] == "up"
            # With gevent's pool of ten threads it would wait for those that are stuck, and call that its own time.
            assert good["reading"]["phases"]["resolve"] < WAIT


def good_probe(daemon: Tocsind) -> dict[str, Any]:
    """The probe whose name is known."""
    (found,) = [probe for probe in daemon.rpc("probes.list") if probe["name"] == "good"]
    return found


@pytest.mark.slow
def test_a_channel_lives_again_when_the_machine_gets_other_name_servers(tmp_path: Path, provider: int) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text("nameserver 127.0.0.9\n")  # where nobody listens
    with name_server() as good:
        daemon = Tocsind(tmp_path, HOOK.format(port=provider))
        daemon.start(python=in_a_room_of_its_own(tmp_path, conf), GEVENTARES_UDP_PORT=str(good.server_port))
        try:
            assert daemon.post("/webhook/script", {"key": "k", "title": "t"})[0] == 200
            until(lambda: "gateway.example.com" in daemon.rpc("deliveries.list")[0]["reason"], within=20)
            assert good.asked == set()
            conf.write_text("nameserver 127.0.0.1\n")
            until(lambda: daemon.rpc("deliveries.list")[0]["phase"] == "sent", within=60, why=daemon.errors)
            assert good.asked == {"gateway.example.com"}
        finally:
            daemon.kill()


def in_a_room_of_its_own(home: Path, conf: Path) -> str:
    """A Python whose /etc/resolv.conf is `conf`; the machine keeps its own."""
    need(os.geteuid() == 0, "mounting a file needs root")
    mounted = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
    tried = subprocess.run(["unshare", "--mount", "sh", "-c", mounted, str(conf), "true"], check=False)
    if tried.returncode != 0:  # no server that could be installed, but a right that a container may lack
        pytest.skip("a process must be allowed mounts of its own")
    script = home / "python"
    script.write_text(f"#!/bin/sh\nexec unshare --mount sh -c '{mounted}' '{conf}' '{sys.executable}' \"$@\"\n")
    script.chmod(0o755)
    return str(script)
