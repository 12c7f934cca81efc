"""A whole tocsin that can tell nobody: it says so where every machine keeps such things."""

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps import Running, running_here
from daemon.store import alerts
from daemon.store.sqlite import SqliteStore
from until import until

OWN_HANDLER = """
from daemon.event import Event
from daemon.registry import Sample, handler

@handler("own", samples={"firing": Sample(body=b"{}")})
def own(hook):
    yield Event(source="own", key="k", title=hook.json()["title"])
"""


@pytest.fixture
def system_log(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "log"))
        door.settimeout(5)
        yield door


def store(tocsin: Running) -> SqliteStore:
    (found,) = [stop.__self__ for name, stop in tocsin.app._stops if name == "store"]
    assert isinstance(found, SqliteStore)
    return found


def config(home: Path, more: str = "") -> str:
    return f"self_checks: {{syslog: {home}/log}}\n{more}"


def test_a_store_that_cannot_be_written_and_nobody_to_tell_is_a_line_in_the_system_log(
    tmp_path: Path, system_log: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    with running_here(tmp_path, config(tmp_path)) as tocsin:
        tocsin.app._loaded.settings.receivers.clear()
        store(tocsin)._writer.execute("PRAGMA query_only = ON")
        assert tocsin.app._courier.emergency("tocsin cannot write its store", "the disk says no") == 0
        line = system_log.recv(65_536).decode()
        assert line.startswith("<25>tocsin[")
        assert line.endswith("tocsin cannot write its store: the disk says no")
        assert [record for record in caplog.records if record.levelno == logging.CRITICAL]
        store(tocsin)._writer.execute("PRAGMA query_only = OFF")


def test_an_emergency_goes_where_the_route_of_own_alarms_leads(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with running_here(tmp_path, config(tmp_path)) as tocsin:
        more = (
            "channels: {room: {type: console}}\n"
            "receivers: [{name: ops}, {name: admins, notify: [{by: [room]}]}]\n"
            "route: {receiver: ops, routes: [{receiver: admins, matchers: ['source=\"tocsin\"', 'check=\"store\"']}]}\n"
        )
        text = f"store: sqlite:///{tmp_path}/tocsin.db\nlisten: {{zmq: 'ipc://{tmp_path}/zmq'}}\n{more}"
        (tmp_path / "tocsin.yml").write_text(text + config(tmp_path))
        assert tocsin.post("/-/reload").status == 200
        assert any("alarms about tocsin itself (all but store)" in warning for warning in tocsin.app._loaded.warnings)
        assert tocsin.app._courier.emergency("tocsin cannot write its store", "the disk says no") == 1
        assert "tocsin cannot write its store" in capfd.readouterr().out


def test_a_broken_handler_of_an_operator_is_an_alarm_that_names_the_line_and_ends_with_the_replay(
    tmp_path: Path,
) -> None:
    (tmp_path / "own.d").mkdir(mode=0o700)
    file = tmp_path / "own.d" / "own.py"
    file.write_text(OWN_HANDLER)
    more = f"handlers_dir: {tmp_path}/own.d\nsources: {{own: {{}}}}\n"
    with running_here(tmp_path, more) as tocsin:
        reply = tocsin.post("/webhook/own", {"name": "no title"})
        assert (reply.status, reply.json()["error"]) == (500, "handler_broken")
        (alarm,) = store(tocsin).read(alerts.newest)
        assert (alarm.key, alarm.labels["check"]) == ("handler:own", "handler")
        assert f"{file}:7: KeyError: 'title'" in alarm.text
        file.write_text(OWN_HANDLER.replace('["title"]', '["name"]'))
        assert tocsin.post("/-/reload").status == 200
        (replayed,) = tocsin.rpc("quarantine.replay", id="Q1")["result"]["requests"]
        assert replayed["problem"] == ""
        until(lambda: store(tocsin).read(lambda tx: alerts.open_of_source(tx, "tocsin")) == [])
