"""Telling the service manager: real datagrams over a path and over an abstract name."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon import sdnotify


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A service manager's socket, named in NOTIFY_SOCKET."""
    if request.param == "path":
        address = name = str(tmp_path / "notify")
    else:
        address, name = f"\0tocsin-test-{os.getpid()}", f"@tocsin-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address)
        listening.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield listening


def test_ready_arrives_as_one_datagram(manager: socket.socket) -> None:
    assert sdnotify.ready("listening on 127.0.0.1:8420")
    assert manager.recv(1_000) == b"READY=1\nSTATUS=listening on 127.0.0.1:8420"


def test_a_line_break_in_the_text_makes_no_new_key(manager: socket.socket) -> None:
    sdnotify.stopping("draining\nMAINPID=1")
    assert manager.recv(1_000) == b"STOPPING=1\nSTATUS=draining MAINPID=1"


def test_reloading_is_told_before_it_is_done(manager: socket.socket) -> None:
    sdnotify.reloading()
    sdnotify.ready()
    assert [manager.recv(1_000) for _ in range(2)] == [b"RELOADING=1", b"READY=1"]


def test_the_watchdog_is_fed(manager: socket.socket) -> None:
    assert sdnotify.watchdog()
    assert manager.recv(1_000) == b"WATCHDOG=1"


@pytest.mark.parametrize("name", ["", "relative/path", "vsock:2:1234"])
def test_without_a_socket_that_we_know_nothing_is_sent(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    assert not sdnotify.ready()


def test_nobody_told_us_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not sdnotify.ready()


def test_a_manager_that_has_gone_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    assert not sdnotify.ready()


def test_a_path_too_long_for_a_socket_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/" + "x" * 300)
    assert not sdnotify.ready()


@pytest.mark.usefixtures("manager")
def test_a_manager_that_does_not_read_blocks_nobody() -> None:
    answers = [sdnotify.watchdog() for _ in range(10_000)]
    assert answers[0]
    assert not answers[-1]


@pytest.mark.parametrize(
    ("usec", "pid", "expected"),
    [
        ("30000000", None, 15.0),
        pytest.param("30000000", str(os.getpid()), 15.0, id="30000000-ours-15.0"),
        ("30000000", "1", None),  # meant for another process
        ("0", None, None),
        ("soon", None, None),
        (None, None, None),
    ],
)
def test_the_interval_is_half_of_what_the_manager_bears(
    usec: str | None, pid: str | None, expected: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("WATCHDOG_USEC", usec), ("WATCHDOG_PID", pid)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert sdnotify.watchdog_interval() == expected
