"""People answer, or do not: the running daemon with its real clock, store, agenda and doors."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from apps import Running, logging_as_it_was
from daemon.config.answers import Links
from daemon.links import ack_url
from daemon.listener.server import open_socket
from daemon.secret import Secret
from daemon.store import alerts
from http_client import Reply, ask
from until import until

SECRET = "a secret of enough letters"
CONFIG = """\
store: sqlite:///{home}/tocsin.db
listen: {{http: '127.0.0.1:0', zmq: 'ipc://{home}/zmq'}}
people: {{lin: {{phone: '13800000001'}}}}
channels: {{room: {{type: console}}}}
receivers:
  - name: ops
    notify: [{{by: [room]}}]
    escalate: [{{after: 1s, by: [room]}}, {{after: 2s, by: [room]}}, {{after: 1h, by: [room]}}]
route: {{receiver: ops, group_by: ['...'], group_wait: 0s, group_interval: 0s}}
links: {{base: 'https://alarm.example.com', secret: '{secret}'}}
"""
SEND = {"title": "disk full", "key": "disk"}


@pytest.fixture
def tocsin(tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "tocsin.yml").write_text(CONFIG.format(home=tmp_path, secret=SECRET))
    with logging_as_it_was(), open_socket("127.0.0.1:0") as door:
        one = Running(tmp_path, door)
        one.app.start()
        try:
            yield one
        finally:
            one.app.stop()


def story(tocsin: Running) -> dict[str, Any]:
    found: dict[str, Any] = tocsin.rpc("alerts.get", id="A1")["result"]
    return found


def link(home: Path) -> str:
    """The link that a message would carry."""
    with closing(sqlite3.connect(f"file:{home}/tocsin.db?mode=ro", uri=True)) as connection:
        row = connection.execute(f"SELECT {alerts.COLUMNS} FROM alerts").fetchone()
        (now,) = connection.execute("SELECT unixepoch()").fetchone()
    links = Links(base="https://alarm.example.com", secret=Secret(SECRET))
    return ack_url(links, alerts.alert(row), "lin", now).removeprefix("https://alarm.example.com")


def get(tocsin: Running, path: str) -> Reply:
    return ask(tocsin._port, "GET", path)


@pytest.mark.slow
def test_nobody_answers_then_somebody_does_by_a_link(tocsin: Running) -> None:
    tocsin.rpc("events.send", **SEND)
    until(lambda: [one["reason"] for one in story(tocsin)["notices"]].count("escalated") == 2)
    path = link(tocsin.home)
    assert get(tocsin, path).status == 200
    assert story(tocsin)["ack"] is None
    assert tocsin.post(path, b"for=1h", **{"Content-Type": "application/x-www-form-urlencoded"}).status == 303
    told = story(tocsin)
    assert (told["ack"]["author"], told["ack"]["via"]) == ("lin", "link")
    assert [(one["step"], one["next_at"]) for one in told["escalations"]] == [(2, None)]
    assert "lin" in get(tocsin, path).body.decode()
    tocsin.rpc("events.send", **SEND, state="resolved")
    assert get(tocsin, path).status == 200
    assert tocsin.post(path).status == 409
    assert story(tocsin)["ack"] is None
