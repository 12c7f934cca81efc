"""The last resort, against a real socket: said once, within bounds, without waiting, whatever is broken."""

import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from daemon import log as logs
from daemon import telemetry
from daemon.config.settings import Log
from daemon.event import Severity
from daemon.lastresort import AGAIN, LONGEST, MOST, SPAN, LastResort
from fake_clock import FakeClock


class SystemLog:
    """Somebody who reads `/dev/log`, or does not."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._door.bind(self.path)
        self._door.settimeout(0)

    def lines(self) -> list[bytes]:
        found = []
        while True:
            try:
                found.append(self._door.recv(65_536))
            except OSError:
                return found

    def close(self) -> None:
        self._door.close()


@pytest.fixture
def system_log(tmp_path: Path) -> Iterator[SystemLog]:
    made = SystemLog(tmp_path / "log")
    yield made
    made.close()


def told(result: str) -> float:
    return float(telemetry.last_resort.labels(result)._value.get())


def test_it_is_a_line_in_the_system_log_and_in_the_log(
    system_log: SystemLog, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    before = told("system_log")
    last = LastResort(clock, lambda: system_log.path)
    last.tell("store", "The disk is\nfull", "no room\x1b[31m for 告警", Severity.CRITICAL)
    last.tell("dead:sms", "Given up", "", Severity.ERROR)
    first, second = system_log.lines()
    said = "could not be told otherwise: The disk is full: no room [31m for 告警"
    assert first.decode() == f"<25>tocsin[{os.getpid()}]: {said}"
    assert second.startswith(b"<26>tocsin[")
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL] * 2
    assert told("system_log") - before == 2


def test_the_same_alarm_is_said_once_an_hour(system_log: SystemLog, clock: FakeClock) -> None:
    last = LastResort(clock, lambda: system_log.path)
    for _ in range(25):
        last.tell("dead:sms", "Given up", "", Severity.ERROR)
        clock.advance(AGAIN / 10)
    assert len(system_log.lines()) == 3
    assert len(last._said) <= 1


def test_a_flood_is_cut_and_says_how_much_was(system_log: SystemLog, clock: FakeClock) -> None:
    before = told("held_back")
    last = LastResort(clock, lambda: system_log.path)
    for number in range(10_000):
        last.tell(f"dead:{number}", "Given up", "", Severity.ERROR)
    assert len(system_log.lines()) == MOST
    assert told("held_back") - before == 10_000 - MOST
    clock.advance(SPAN + 1)
    last.tell("dead:later", "Given up", "", Severity.ERROR)
    (line,) = system_log.lines()
    assert f"({10_000 - MOST} others before it were held back".encode() in line


def test_a_long_text_is_cut_between_two_characters(system_log: SystemLog, clock: FakeClock) -> None:
    LastResort(clock, lambda: system_log.path).tell("k", "磁" * 5_000, "\ud800", Severity.ERROR)
    (line,) = system_log.lines()
    assert LONGEST - 3 < len(line) <= LONGEST
    assert line.decode().endswith("磁")


@pytest.mark.parametrize("path", ["", "/nowhere/at/all", "/dev/null", "/" + "x" * 200, "a\0b"])
def test_without_a_system_log_it_stands_in_the_log_and_nothing_is_raised(
    clock: FakeClock, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    before = told("log")
    LastResort(clock, lambda: path).tell("k", "Given up", "", Severity.ERROR)
    assert caplog.records[0].levelno == logging.CRITICAL
    assert told("log") - before == 1


def test_a_system_log_that_nobody_reads_holds_up_nothing(system_log: SystemLog, clock: FakeClock) -> None:
    last = LastResort(clock, lambda: system_log.path)
    before = told("log")
    with gevent.Timeout(2):
        for number in range(2_000):
            last.tell(f"k{number}", "x" * LONGEST, "", Severity.ERROR)
            clock.advance(SPAN / MOST + 1)
    assert told("log") > before, "the socket's buffer was never full: the test shows nothing"
    assert system_log.lines()


def test_whatever_breaks_in_it_is_only_logged(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> str:
        raise RuntimeError("no settings")

    LastResort(clock, broken).tell("k", "Given up", "", Severity.ERROR)
    assert "the last resort failed: Given up" in caplog.text


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    logs.configure(Log(file=str(tmp_path / "tocsin.log")))
    yield tmp_path / "tocsin.log"
    logs.configure(Log())


def test_where_the_log_is_a_file_it_goes_to_standard_error_too(
    log_file: Path, clock: FakeClock, capfd: pytest.CaptureFixture[str]
) -> None:
    LastResort(clock, str).tell("k", "Given up", "all of it", Severity.ERROR)
    assert capfd.readouterr().err == "tocsin: could not be told otherwise: Given up: all of it\n"
    assert "last resort: could not be told otherwise: Given up" in log_file.read_text()


def test_a_standard_error_that_nobody_reads_holds_up_nothing(
    log_file: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, writes = os.pipe()
    try:
        monkeypatch.setattr("daemon.lastresort._STANDARD_ERROR", writes)
        os.set_blocking(writes, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writes, b"x" * 4_096)
        os.set_blocking(writes, True)
        with gevent.Timeout(2):
            LastResort(clock, str).tell("k", "Given up", "", Severity.ERROR)
    finally:
        os.close(reads)
        os.close(writes)
    assert "Given up" in log_file.read_text()
