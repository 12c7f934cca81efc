"""statsd as a whole: its settings, its doors, and what they lead to."""

import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from apps import Running, running_here, write
from daemon import telemetry
from daemon.config.load import load
from daemon.config.settings import Settings
from daemon.errors import ConfigError, NoDoor
from daemon.event import Event
from daemon.intakes import sockets
from daemon.intakes.statsd.intake import Statsd
from daemon.intakes.statsd.losses import EVERY
from daemon.internal import AGAIN, Check
from daemon.loading import catalog
from daemon.series.table import Table
from fake_clock import FakeClock, settle
from statsd_side import by_label, risen, rows
from until import until

FROM_BEFORE = [(Check.STATSD_DOOR, (name,)) for name in ("statsd", "statsd_stream", "statsd_unix")]  # ended by a start


class Whole:
    """One, with settings that can be changed, and what it says of itself."""

    def __init__(self, clock: FakeClock, tmp_path: Path) -> None:
        self.clock = clock
        self.home = tmp_path
        self.settings = Settings()
        self.alarms: list[tuple[Check, tuple[str, ...], str]] = []
        self.over: list[tuple[Check, tuple[str, ...]]] = []
        self.events: list[Event] = []
        self.table = Table(clock)
        self.want()
        self.statsd = Statsd(
            self.table, clock, lambda: self.settings, self.events.extend, (self.alarm, self.alarm_over)
        )

    def want(self, udp: str = "", unix: str = "", stream: str = "", **more: Any) -> None:
        listen = replace(self.settings.listen, statsd=udp, statsd_unix=unix, statsd_stream=stream)
        self.settings = replace(self.settings, listen=listen, statsd=replace(self.settings.statsd, **more))

    def alarm(self, check: Check, *about: str, title: str, text: str) -> None:
        assert title
        self.alarms.append((check, about, text))

    def alarm_over(self, check: Check, *about: str) -> None:
        self.over.append((check, about))

    def send(self, *datagrams: bytes) -> None:
        host, _, port = self.statsd.doors()["statsd"].rpartition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for one in datagrams:
                sender.sendto(one, (host, int(port)))


@pytest.fixture
def whole(clock: FakeClock, tmp_path: Path) -> Iterator[Whole]:
    one = Whole(clock, tmp_path)
    yield one
    one.statsd.stop()


def test_without_settings_there_is_no_door(whole: Whole) -> None:
    whole.statsd.start()
    assert whole.statsd.doors() == {}


def test_all_doors_lead_to_one_table(whole: Whole) -> None:
    unix, stream = str(whole.home / "d"), str(whole.home / "s")
    whole.want("127.0.0.1:0", unix, stream)
    whole.statsd.start()
    assert whole.statsd.doors().keys() == {"statsd", "statsd_unix", "statsd_stream"}
    whole.send(b"x:1|c")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other,
    ):
        one.sendto(b"x:2|c", unix)
        other.connect(stream)
        other.sendall(b"\x05\0\0\0x:4|c")
        total = 0.0

        def came() -> bool:
            nonlocal total
            total += sum(tally.total for tally in rows(whole.table).values())
            return total == 7

        until(came)


def test_a_check_is_an_alarm_soon(whole: Whole) -> None:
    whole.want("127.0.0.1:0")
    whole.statsd.start()
    whole.send(b"_sc|db|2|h:h1")

    def came() -> list[Event]:
        settle()
        return whole.events

    until(came)
    assert whole.events[0].key == "check|db|host=h1"


def test_a_door_that_cannot_be_opened_stops_the_start(whole: Whole) -> None:
    with sockets.udp("127.0.0.1:0", 65_536) as taken:
        whole.want(sockets.address_of(taken))
        with pytest.raises(NoDoor, match="already in use"):
            whole.statsd.start()


def test_a_reload_opens_shuts_and_moves_doors(whole: Whole) -> None:
    unix = whole.home / "d"
    whole.want("127.0.0.1:0")
    whole.statsd.start()
    first = whole.statsd.doors()["statsd"]
    whole.statsd.reload()
    assert whole.statsd.doors()["statsd"] == first
    whole.want("127.0.0.1:0", str(unix))
    whole.statsd.reload()
    assert unix.is_socket()
    whole.want()
    whole.statsd.reload()
    assert whole.statsd.doors() == {}
    assert not unix.exists()
    assert whole.over == FROM_BEFORE


def test_a_door_that_a_reload_cannot_open_is_an_alarm_until_it_can(whole: Whole) -> None:
    whole.statsd.start()
    (whole.home / "d").write_text("in the way")
    whole.want(unix=str(whole.home / "d"))
    whole.statsd.reload()
    assert [(check, about) for check, about, _ in whole.alarms] == [(Check.STATSD_DOOR, ("statsd_unix",))]
    (whole.home / "d").unlink()
    whole.statsd.reload()
    assert whole.over == [*FROM_BEFORE, (Check.STATSD_DOOR, ("statsd_unix",))]


def test_the_alarm_of_a_door_is_over_when_nobody_wants_it_any_more(whole: Whole) -> None:
    whole.statsd.start()
    whole.want(unix=str(whole.home / "no" / "folder"))
    whole.statsd.reload()
    whole.statsd.reload()
    assert len(whole.alarms) == 2
    assert whole.over == FROM_BEFORE
    whole.want()
    whole.statsd.reload()
    whole.statsd.reload()
    assert whole.over == [*FROM_BEFORE, (Check.STATSD_DOOR, ("statsd_unix",))]


def test_other_rights_make_the_door_anew(whole: Whole) -> None:
    path = whole.home / "d"
    whole.want(unix=str(path))
    whole.statsd.start()
    assert path.stat().st_mode & 0o777 == 0o660
    whole.want(unix=str(path), mode="0622")
    whole.statsd.reload()
    assert path.stat().st_mode & 0o777 == 0o622


def test_what_the_kernel_turns_away_is_counted_and_an_alarm_once_a_minute(whole: Whole) -> None:
    whole.want("127.0.0.1:0", buffer=4_096)
    whole.statsd.start()
    before = by_label(telemetry.statsd_lost)
    for _ in range(int(2 * AGAIN / EVERY)):
        whole.send(*[b"x" * 1_000] * 200)  # nobody reads while this greenlet sends
        whole.clock.advance(EVERY)
    ((door, lost),) = risen(before, by_label(telemetry.statsd_lost)).items()
    assert lost > 200
    assert door == whole.statsd.doors()["statsd"]
    assert [check for check, _, _ in whole.alarms] == [Check.STATSD_LOST, Check.STATSD_LOST]
    assert "found no room" in whole.alarms[0][2]
    whole.want()
    whole.statsd.reload()
    assert door not in by_label(telemetry.statsd_lost)


def problems(tmp_path: Path, more: str) -> list[str]:
    write(tmp_path, more + "\n")
    try:
        load(tmp_path / "tocsin.yml", lambda _: catalog(""), {})
    except ConfigError as error:
        return error.problems
    return []


@pytest.mark.parametrize(
    "more",
    [
        "listen: {statsd: '127.0.0.1:8125'}",
        "listen: {statsd: '[::1]:8125', statsd_unix: /run/tocsin/a.sock, statsd_stream: /run/tocsin/b.sock}",
        "listen: {statsd: '0.0.0.0:8125'}\nstatsd: {from: [10.0.0.0/8, 'fd00::/8', 192.0.2.7]}",
        "listen: {statsd: ':8125'}\nauth: {allow_unauthenticated: true}",
        "statsd: {signed_gauges: relative, timers_in: s, buffer: 4MB, mode: 0666, events_last: 1d}",
        "sources: {statsd: {handler: generic, map: {key: $.k, title: $.t}}}",
    ],
)
def test_settings_that_can_be_used(tmp_path: Path, more: str) -> None:
    assert problems(tmp_path, more) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("listen: {statsd: '0.0.0.0:8125'}", "write statsd.from: [10.0.0.0/8] with the networks that may"),
        ("listen: {statsd: ':8125'}", "anybody there could send numbers"),
        ("listen: {statsd: '8125'}", "is not an address"),
        ("listen: {statsd_unix: statsd.sock}", "is not the full path of a socket"),
        (f"listen: {{statsd_unix: /{'x' * 120}}}", "of at most 107 bytes"),
        ("listen: {statsd_unix: /run/a, statsd_stream: /run/a}", "each has its own"),
        ("statsd: {from: [10.0.0.1/8]}", "is not a network"),
        ("statsd: {from: [office]}", "is not a network"),
        ("statsd: {mode: rw}", "is not the rights of a file"),
        ("statsd: {signed_gauges: yes}", "is not one of absolute, relative"),
        ("statsd: {timers_in: m}", "is not one of ms, s"),
        (
            "listen: {statsd: '127.0.0.1:8125'}\nsources: {statsd: {handler: generic, map: {key: $.k, title: $.t}}}",
            "the name is taken by events and service checks of statsd",
        ),
    ],
)
def test_settings_that_cannot_be_used_are_told_in_a_sentence(tmp_path: Path, more: str, said: str) -> None:
    found = problems(tmp_path, more)
    assert len(found) == 1
    assert said in found[0]


@pytest.fixture(scope="module")
def tocsin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("statsd")
    more = f"""
listen: {{http: '127.0.0.1:0', zmq: 'ipc://{home}/zmq', statsd: '127.0.0.1:0'}}
sources: {{shop: {{handler: generic, map: {{key: $.key, title: $.title}}}}}}
"""
    with running_here(home, more) as one:
        yield one


def address(tocsin: Running) -> tuple[str, int]:
    host, _, port = tocsin.rpc("status")["result"]["doors"]["statsd"].rpartition(":")
    return host, int(port)


def test_in_a_whole_tocsin_a_check_begins_and_ends_an_alarm(tocsin: Running) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for status, state in ((2, "firing"), (0, "resolved")):
            sender.sendto(b"_sc|db|%d|h:h1|m:no answer" % status, address(tocsin))
            until(partial(stands, tocsin, state))
    (alert,) = alerts(tocsin)
    assert (alert["source"], alert["title"]) == ("statsd", "db is critical on h1")


def stands(tocsin: Running, state: str) -> bool:
    return [one["state"] for one in alerts(tocsin)] == [state]


def alerts(tocsin: Running) -> list[dict[str, str]]:
    found: list[dict[str, str]] = tocsin.rpc("alerts.list", source="statsd")["result"]
    return found


FLOOD = """
import os, socket, sys
os.nice(19)  # whatever else the machine does goes before
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.connect(("127.0.0.1", int(sys.argv[1])))
packets = [b"x%d:1.5|ms|#a:b\\n_sc|db%d|%d|#a:b" % (n, n, n % 3) for n in range(300)]
while True:
    for packet in packets:
        sender.send(packet)
"""


def test_a_flood_does_not_keep_a_webhook_waiting(tocsin: Running) -> None:
    """Another process sends as fast as it can, numbers and checks; alarms are on disk all the same."""
    pouring = subprocess.Popen([sys.executable, "-c", FLOOD, str(address(tocsin)[1])])
    try:
        before = telemetry.statsd_packets._value.get()
        until(lambda: telemetry.statsd_packets._value.get() > before + 10_000)
        took = []
        for n in range(10):
            began = time.monotonic()
            assert tocsin.post("/webhook/shop", {"key": f"k{n}", "title": "till is stuck"}).status == 200
            took.append(time.monotonic() - began)
    finally:
        pouring.kill()
        pouring.wait()
    assert statistics.median(took) < 0.4
