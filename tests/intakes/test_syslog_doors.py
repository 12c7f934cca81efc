"""syslog over real sockets: who is heard, what a flood does, what a reload changes."""

import logging
import logging.handlers  # noqa: TID251 - the whole name, as the rule wants it
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import gevent
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon import telemetry
from daemon.aside import AsideThread
from daemon.clock import SystemClock
from daemon.config.settings import Listen, Settings
from daemon.config.syslog import LinePattern, Syslog
from daemon.errors import NoDoor
from daemon.event import Event
from daemon.intakes.doors import is_among
from daemon.intakes.syslog import intake
from daemon.internal import Check
from daemon.series.table import Table
from running import free_port
from until import until

FROM_BEFORE = [(Check.SYSLOG_DOOR, (name,)) for name in ("syslog", "syslog_unix")]  # ended by every start
MOST_HELD = 0.05  # seconds
ANYTHING = LinePattern(name="any", match="FATAL", key=("host", "app"))


@dataclass
class Running:
    """An intake with its surroundings."""

    settings: Settings
    events: list[Event] = field(default_factory=list)
    alarms: list[tuple[Check, tuple[str, ...]]] = field(default_factory=list)
    over: list[tuple[Check, tuple[str, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = SystemClock()
        self.table = Table(self.clock)
        self.aside = AsideThread()
        alarms = (self._alarm, self._over)
        self.syslog = intake.Syslog(
            self.table, self.clock, lambda: self.settings, self.events.extend, alarms, self.aside
        )

    def _alarm(self, check: Check, *about: str, title: str, text: str) -> None:
        assert title
        assert text
        self.alarms.append((check, about))

    def _over(self, check: Check, *about: str) -> None:
        self.over.append((check, about))

    def counted(self) -> dict[str, float]:
        """What is in the series, by host, app and severity."""
        return {
            "/".join(dict(live.key.labels).get(name, "") for name in ("host", "app", "severity")): live.total  # type: ignore[attr-defined]
            for live in self.table
        }

    def wait_for(self, lines: int) -> None:
        until(lambda: sum(self.counted().values()) >= lines, why=lambda: str(self.counted()))


Begin = Callable[..., Running]


@pytest.fixture
def begin() -> Iterator[Begin]:
    running: list[Running] = []

    def start(listen: Listen, **said: object) -> Running:
        made = Running(Settings(listen=listen, syslog=Syslog(**said)))  # type: ignore[arg-type]
        running.append(made)
        made.syslog.start()
        return made

    yield start
    for one in running:
        one.syslog.stop()
        one.aside.stop()


def udp(running: Running) -> tuple[str, int]:
    host, _, port = running.syslog.doors()["syslog"].rpartition(":")
    return host.strip("[]"), int(port)


def test_nothing_is_open_that_nobody_asked_for(begin: Begin) -> None:
    assert begin(Listen()).syslog.doors() == {}


def test_lines_over_udp_are_counted_and_raise_alarms(begin: Begin) -> None:
    read, empty = telemetry.syslog_lines._value.get(), telemetry.syslog_dropped.labels("empty")._value.get()
    running = begin(Listen(syslog="127.0.0.1:0"), patterns={"any": ANYTHING})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(udp(running))
        sender.send(b"<11>Nov 21 22:00:00 db-1 postgres[1]: FATAL: no")
        sender.send(b"<14>Nov 21 22:00:00 db-1 postgres[1]: LOG: well")
        sender.send(b"<14>shop: hello")
        sender.send(b"")
        running.wait_for(3)
    assert running.counted() == {"db-1/postgres/err": 1, "db-1/postgres/info": 1, "127.0.0.1/shop/info": 1}
    until(lambda: telemetry.syslog_dropped.labels("empty")._value.get() == empty + 1)
    assert telemetry.syslog_lines._value.get() == read + 3
    until(lambda: running.events)
    (event,) = running.events
    assert (event.key, event.severity) == ("any{host=db-1,app=postgres}", "error")


def test_pythons_own_handler_over_udp_and_a_socket(begin: Begin, tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    running = begin(Listen(syslog="127.0.0.1:0", syslog_unix=path), patterns={"any": ANYTHING})
    assert len(running.syslog.doors()) == 2
    for address in (udp(running), path):
        handler = logging.handlers.SysLogHandler(address)  # noqa: TID251 - the same
        handler.ident = "shop: "
        handler.handle(logging.LogRecord("shop", logging.ERROR, "", 0, "FATAL: 付款 failed", None, None))
        handler.close()
    running.wait_for(2)
    assert running.counted() == {"127.0.0.1/shop/err": 1, f"{socket.gethostname()}/shop/err": 1}
    until(lambda: len(running.events) == 2)
    assert {one.labels["host"] for one in running.events} == {"127.0.0.1", socket.gethostname()}
    assert "付款" in running.events[0].title


def test_the_socket_is_gone_when_it_stops_and_taken_over_when_it_was_left(begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as left:
        left.bind(str(path))
    running = begin(Listen(syslog_unix=str(path)), mode="0622")
    assert path.stat().st_mode & 0o777 == 0o622
    running.syslog.stop()
    assert not path.exists()


def test_only_those_who_may_are_heard() -> None:
    import ipaddress  # noqa: PLC0415 - of this one alone

    networks = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]
    for sender in ("10.1.2.3", "::ffff:10.1.2.3", "127.0.0.1", "::1", "fd00::7", "fd00::7%eth0"):
        assert is_among(sender, networks), sender
    for sender in ("192.168.0.1", "::ffff:192.168.0.1", "fe80::1%eth0"):
        assert not is_among(sender, networks), sender


def test_a_door_that_is_taken_stops_the_start_and_is_an_alarm_at_a_reload(begin: Begin) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(NoDoor):
            begin(Listen(syslog=taken))
        running = begin(Listen(syslog="127.0.0.1:0"))
        running.settings = replace(running.settings, listen=Listen(syslog=taken))
        running.syslog.reload()
        assert running.alarms == [(Check.SYSLOG_DOOR, ("syslog",))]
        assert running.syslog.doors() == {}
    running.syslog.reload()
    assert running.over == [*FROM_BEFORE, (Check.SYSLOG_DOOR, ("syslog",))]
    assert running.syslog.doors() == {"syslog": taken}


def test_a_reload_changes_patterns_and_doors_and_leaves_others_alone(begin: Begin, tmp_path: Path) -> None:
    port = free_port()
    path = str(tmp_path / "log")
    running = begin(Listen(syslog=f"127.0.0.1:{port}"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", port))
        sender.send(b"<11>shop: FATAL")
        running.wait_for(1)
        listen = Listen(syslog=f"127.0.0.1:{port}", syslog_unix=path)
        running.settings = Settings(listen=listen, syslog=Syslog(patterns={"any": ANYTHING}))
        sender.send(b"<11>shop: waits in the socket")
        running.syslog.reload()
        sender.send(b"<11>shop: FATAL")
        running.wait_for(3)
    until(lambda: len(running.events) == 1)
    running.settings = Settings(listen=Listen(syslog_unix=path))
    running.syslog.reload()
    assert running.syslog.doors() == {"syslog_unix": path}


def test_a_flood_is_bounded_counted_and_holds_nobody_up(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MOST_WAITING", 2_000)
    running = begin(Listen(), patterns={f"p{number}": replace(ANYTHING, name=f"p{number}") for number in range(20)})
    lines = [(b"<11>Nov 21 22:00:00 db-1 shop[%d]: FATAL " % number + b"x" * 200, "10.0.0.9") for number in range(256)]
    held: list[float] = []

    def watch() -> None:
        """What the event loop's own thread worked between two turns of this one: whatever else the machine does."""
        while True:
            begun = time.thread_time()
            running.clock.sleep(0.001)
            held.append(time.thread_time() - begun)

    watcher = gevent.spawn(watch)
    begun = running.clock.monotonic()
    given = 0
    while running.clock.monotonic() - begun < 1.0:
        running.syslog.take(lines)
        given += len(lines)
        running.clock.sleep(0.005)  # 51,200 a second
    watcher.kill()
    until(lambda: not running.syslog.waiting)
    taken = sum(running.counted().values())
    assert 0 < taken < given
    assert (Check.SYSLOG_LOST, ()) in running.alarms
    assert len(running.events) == 20
    assert sorted(held)[int(len(held) * 0.99)] < MOST_HELD


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=30))
def test_whatever_comes_the_next_line_is_read(begin: Begin, rubbish: list[bytes]) -> None:
    running = begin(Listen(syslog="127.0.0.1:0"), patterns={"any": ANYTHING})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(udp(running))
        for one in rubbish:
            sender.send(one)
        sender.send(b"<8>Nov 21 22:00:00 last last: FATAL")
        until(lambda: "last/last/emerg" in running.counted())
    running.syslog.stop()
