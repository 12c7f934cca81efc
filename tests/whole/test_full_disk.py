"""A disk that is really full: 503 and never a lost 200, people are told past the store, and all is well afterwards."""

import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gevent.pywsgi import WSGIServer

from needs import need
from running import Tocsind, running
from until import until

CONFIG = """
log: {{level: warning}}
self_checks: {{disk_free: 0B}}
sources:
  script: {{handler: generic, map: {{key: $.key, title: $.title, text: $.text}}}}
channels:
  hook: {{type: webhook, url: 'http://127.0.0.1:{port}/'}}
receivers: [{{name: ops, notify: [{{by: [hook]}}]}}]
route: {{receiver: ops, group_by: ['...'], group_wait: 0s, group_interval: 0s}}
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 4 MB."""
    need(os.geteuid() == 0, "mounting a file system needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], check=False)
    need(done.returncode == 0, "mounting a tmpfs must be allowed")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def provider() -> Iterator[tuple[int, list[str]]]:
    titles: list[str] = []

    def answer(environ: dict, start_response: Callable) -> list[bytes]:
        titles.append(json.loads(environ["wsgi.input"].read())["title"])
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    server = WSGIServer(("127.0.0.1", 0), answer, log=None)
    server.start()
    yield server.server_port, titles
    server.stop()


def send(daemon: Tocsind, name: str, text: str = "") -> int:
    return daemon.post("/webhook/script", {"key": name, "title": name, "text": text})[0]


@pytest.mark.slow
def test_a_full_disk_refuses_and_loses_nothing(small_disk: Path, provider: tuple[int, list[str]]) -> None:
    port, titles = provider
    with running(small_disk, CONFIG.format(port=port)) as daemon:
        assert send(daemon, "before") == 200
        ballast = small_disk / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        accepted = {f"full {number}" for number in range(300) if send(daemon, f"full {number}", "x" * 8_000) == 200}
        status, body = daemon.post("/webhook/script", {"key": "last", "title": "last", "text": "x" * 8_000})
        assert status == 503, "the disk was not full enough to show anything"
        assert json.loads(body)["error"]
        until(lambda: any("store" in title for title in titles), within=60, why=lambda: str(titles))
        ballast.unlink()
        until(lambda: send(daemon, "after") == 200, within=30)
        wanted = accepted | {"before", "after"}
        until(lambda: all(any(name in title for title in titles) for name in wanted), within=60)
        assert daemon.stop() == 0, daemon.errors()
