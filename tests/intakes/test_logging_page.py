"""The recipes for Python's `logging`, and the examples for syslog, work as they stand in the handbook."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import gevent.pywsgi
import msgspec
import pytest

from daemon.aside import at_once
from daemon.clock import SystemClock
from daemon.config.load import load
from daemon.config.settings import Listen, Settings
from daemon.config.syslog import LinePattern, Syslog
from daemon.event import Event
from daemon.intakes.syslog import intake
from daemon.loading import catalog
from daemon.series.table import Table
from pages import blocks, run
from until import until

PAYMENT = LinePattern(name="payment", match=r"payment of order (?P<order>\d+) failed", severity_at_least="err")
UDP, UNIX, DSN = '("127.0.0.1", 5514)', "/run/tocsin/syslog.sock", "127.0.0.1:8420"


def quiet(*_: object, **__: object) -> None:
    """No alarm is expected."""


@pytest.fixture
def events(tmp_path: Path) -> Iterator[tuple[list[Event], intake.Syslog]]:
    clock = SystemClock()
    listen = Listen(syslog="127.0.0.1:0", syslog_unix=str(tmp_path / "log"))
    settings = Settings(listen=listen, syslog=Syslog(patterns={"payment": PAYMENT}))
    told: list[Event] = []
    syslog = intake.Syslog(Table(clock), clock, lambda: settings, told.extend, (quiet, quiet), at_once)
    syslog.start()
    yield told, syslog
    syslog.stop()


def test_syslog_over_udp_and_over_a_socket(events: tuple[list[Event], intake.Syslog]) -> None:
    told, syslog = events
    host, _, port = syslog.addresses[0].rpartition(":")
    _, udp, unix = blocks("measuring/logging.md", "python")
    assert UDP in udp
    assert UNIX in unix
    for recipe in (udp, unix):
        run(recipe, {UDP: f'("{host}", {port})', UNIX: syslog.addresses[1]})
    until(lambda: len(told) == 2)
    assert {(one.labels["app"], one.labels["order"], one.severity) for one in told} == {("shop", "4711", "error")}


def test_the_program_goes_on_where_nobody_listens() -> None:
    _, udp, unix = blocks("measuring/logging.md", "python")
    for recipe in (udp, unix):
        run(recipe, {UDP: '("127.0.0.1", 9)', UNIX: "/nowhere/at/all"})


def test_the_sentry_sdk() -> None:
    bodies: list[bytes] = []

    def take(environ: dict[str, object], start: object) -> list[bytes]:
        body = environ["wsgi.input"].read()  # type: ignore[attr-defined]
        bodies.append(gzip.decompress(body) if environ.get("HTTP_CONTENT_ENCODING") == "gzip" else body)
        start("200 OK", [("Content-Type", "application/json")])  # type: ignore[operator]
        return [b"{}"]

    server = gevent.pywsgi.WSGIServer(("127.0.0.1", 0), take, log=None)
    server.start()
    try:
        run(blocks("measuring/logging.md", "python")[0], {DSN: f"127.0.0.1:{server.server_port}"})
    finally:
        server.stop()
    items = [msgspec.json.decode(line) for body in bodies for line in body.split(b"\n") if line.startswith(b"{")]
    (error,) = [item for item in items if item.get("level") == "error"]
    assert (error["logger"], error["logentry"]["message"]) == ("shop", "payment of order %s failed")
    assert any("what came before" in crumb["message"] for crumb in error["breadcrumbs"]["values"])


def test_the_configuration_of_the_page(tmp_path: Path) -> None:
    for number, example in enumerate(blocks("measuring/syslog.md", "yaml")):
        file = tmp_path / f"{number}.yml"
        file.write_text(f"receivers: [{{name: ops}}]\nroute: {{receiver: ops}}\n{example}")
        settings = load(file, lambda _: catalog(""), {}).settings
        assert set(settings.syslog.patterns) == {"disk", "payments"}
