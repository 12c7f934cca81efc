"""The recipes for Python's `logging`, and the examples for syslog, work as they stand in the handbook."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.aside import at_once
from daemon.clock import SystemClock
from daemon.config.load import load
from daemon.config.sentry import Project
from daemon.config.settings import Limits, Listen, Settings
from daemon.config.syslog import LinePattern, Syslog
from daemon.event import Event
from daemon.intakes.syslog import intake
from daemon.listener.server import HttpDoor
from daemon.loading import catalog
from daemon.secret import Secret
from daemon.series.table import Table
from fake_clock import FakeClock
from pages import blocks, run
from reporting import Reporting
from unhooked import unhook
from until import until

PAYMENT = LinePattern(name="payment", match=r"payment of order (?P<order>\d+) failed", severity_at_least="err")
UDP, UNIX, DSN = '("127.0.0.1", 5514)', "/run/tocsin/syslog.sock", "127.0.0.1:8420"


KEY = "0123456789abcdef"  # as in the recipe's DSN


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
    host, _, port = syslog.doors()["syslog"].rpartition(":")
    _, udp, unix = blocks("measuring/logging.md", "python")
    assert UDP in udp
    assert UNIX in unix
    for recipe in (udp, unix):
        run(recipe, {UDP: f'("{host}", {port})', UNIX: syslog.doors()["syslog_unix"]})
    until(lambda: len(told) == 2)
    assert {(one.labels["app"], one.labels["order"], one.severity) for one in told} == {("shop", "4711", "error")}


def test_the_program_goes_on_where_nobody_listens() -> None:
    _, udp, unix = blocks("measuring/logging.md", "python")
    for recipe in (udp, unix):
        run(recipe, {UDP: '("127.0.0.1", 9)', UNIX: "/nowhere/at/all"})


def test_the_sentry_sdk(tmp_path: Path, clock: FakeClock) -> None:
    """What the page tells to write, with the door that tocsin itself has for it."""
    reporting = Reporting(tmp_path, clock, projects={"shop": Project(id=1, key=Secret(KEY))})
    web = reporting.daemon().web()
    door = HttpDoor("127.0.0.1:0", web, Limits, clock, web.largest)
    door.start()
    try:
        run(blocks("measuring/logging.md", "python")[0], {DSN: f"127.0.0.1:{door.port}"})
        reporting.turn()
        (error,) = reporting.grouped.errors
    finally:
        unhook()
        door.stop(0)
        reporting.store.close()
    assert (error.level, error.app) == ("error", "shop")
    assert "payment of order" in error.message
    assert any("what came before" in crumb for crumb in error.trail)


def test_the_configuration_of_the_page(tmp_path: Path) -> None:
    for number, example in enumerate(blocks("measuring/syslog.md", "yaml")):
        file = tmp_path / f"{number}.yml"
        file.write_text(f"receivers: [{{name: ops}}]\nroute: {{receiver: ops}}\n{example}")
        settings = load(file, lambda _: catalog(""), {}).settings
        assert set(settings.syslog.patterns) == {"disk", "payments"}
