"""tocsin put together, in this process: start, reload and stop when something is wrong."""

import gc
import logging
import signal
import socket
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import pytest
import zmq
from gevent.resolver.ares import Resolver

from apps import ROOM, logging_as_it_was, write
from daemon.app import App
from daemon.errors import TocsinError
from daemon.listener.server import open_socket
from daemon.store.sqlite import SqliteStore
from fake_clock import FakeClock
from running import Tocsind
from until import until

Make = Callable[..., App]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes apps that are stopped, and the logging of the tests as it was, when the test is over."""
    made: list[App] = []
    doors: list[socket.socket] = []

    def app(more: str = "") -> App:
        write(tmp_path, more)
        doors.append(open_socket("127.0.0.1:0"))
        made.append(App(tmp_path / "tocsin.yml", {}, doors[-1]))
        return made[-1]

    with logging_as_it_was():
        yield app
        for one in made:
            one.stop()
        for door in doors:
            door.close()


def running() -> list[object]:
    """What runs in this process: other tests may have left something behind."""
    # by type: `isinstance` would ask what a proxy stands for, which may be gone
    return [one for one in gc.get_objects() if issubclass(type(one), gevent.Greenlet) and not one.dead]


def test_it_starts_and_stops_and_starts_again(make: Make) -> None:
    for _ in range(2):
        app = make()
        app.start()
        app.stop()
        app.stop()


def test_a_log_file_that_cannot_be_opened_keeps_it_from_starting_with_a_sentence(make: Make) -> None:
    with pytest.raises(TocsinError, match=r"log.file: /proc/nowhere/tocsin.log cannot be opened: No such file"):
        make("log: {file: /proc/nowhere/tocsin.log}\n").start()


def test_a_reload_whose_log_file_cannot_be_opened_is_refused_and_changes_nothing(make: Make, tmp_path: Path) -> None:
    app = make()
    app.start()
    before, logging_to = app.settings, list(logging.getLogger().handlers)
    write(tmp_path, "log: {file: /proc/nowhere/tocsin.log}\nlimits: {events: 7}\n")
    (problem,) = app.reload()
    assert "/proc/nowhere/tocsin.log cannot be opened" in problem
    assert app.settings is before
    assert logging.getLogger().handlers == logging_to
    write(tmp_path, "limits: {events: 7}\n")
    assert app.reload() == []
    assert app.settings.limits.events == 7


def test_what_needs_a_restart_is_said_at_every_reload_until_then(make: Make, tmp_path: Path) -> None:
    app = make()
    app.start()
    write(tmp_path, f"limits: {{connections: 7}}\n{curve()}")
    for _ in range(2):
        assert app.reload() == []
        told = " ".join(app._loaded.warnings)
        assert "limits.connections is now 7, but it stays 1024 until a restart" in told
        assert "auth.curve is now on, but it stays off until a restart" in told
    write(tmp_path, "")
    assert app.reload() == []
    assert "restart" not in " ".join(app._loaded.warnings)


def test_a_reload_has_the_name_servers_read_anew(make: Make) -> None:
    app, hub = make(), gevent.get_hub()
    app.start()
    others, hub.resolver = hub.resolver, Resolver()
    try:
        before = hub.resolver.cares
        assert app.reload() == []
        assert hub.resolver.cares is not before
        hub.resolver.close()
    finally:
        hub.resolver = others


def test_a_new_key_of_the_zeromq_port_is_said_to_wait_for_a_restart_and_is_not_shown(
    make: Make, tmp_path: Path
) -> None:
    app = make(curve())
    app.start()
    write(tmp_path, curve())
    assert app.reload() == []
    (told,) = [warning for warning in app._loaded.warnings if "restart" in warning]
    assert told == "auth.curve.secret_key has changed, but the one before is in use until a restart"


def curve() -> str:
    """A new pair of keys, as settings."""
    public, secret = (key.decode().replace("$", "$$") for key in zmq.curve_keypair())
    return f"auth: {{curve: {{secret_key: '{secret}', clients: [{{name: me, public: '{public}'}}]}}}}\n"


@pytest.mark.parametrize("trouble", ["store", "zmq"])
def test_a_start_that_fails_half_way_leaves_nothing_running(make: Make, tmp_path: Path, trouble: str) -> None:
    app, before = make(), running()
    in_the_way = SqliteStore(tmp_path / "tocsin.db") if trouble == "store" else None
    if trouble == "zmq":
        (tmp_path / "zmq").mkdir()
    with pytest.raises(TocsinError):
        app.start()
    if in_the_way:
        in_the_way.close()
    SqliteStore(tmp_path / "tocsin.db").close()
    gevent.idle()
    assert [one for one in running() if one not in before] == []


def test_what_one_part_used_up_of_the_time_to_stop_is_not_there_for_the_next(make: Make, clock: FakeClock) -> None:
    app = make()
    app._clock = clock  # type: ignore[assignment]
    left: list[float] = []
    app._stops = [
        ("last", lambda: left.append(app._time_left())),
        ("second", lambda: clock.advance(30.0)),
        ("first", lambda: (left.append(app._time_left()), clock.advance(12.0), left.append(app._time_left()))),  # type: ignore[list-item, func-returns-value]
    ]
    app.stop()
    assert left == [22.0, 10.0, 0.0]


@pytest.mark.slow
@pytest.mark.parametrize("early", [signal.SIGHUP, signal.SIGUSR1])
def test_a_reload_or_a_new_log_file_asked_for_during_the_start_does_not_end_it(
    tmp_path: Path, early: signal.Signals
) -> None:
    SqliteStore(tmp_path / "tocsin.db").close()
    daemon = Tocsind(tmp_path, ROOM)
    busy = sqlite3.connect(tmp_path / "tocsin.db", isolation_level=None)
    busy.execute("PRAGMA locking_mode = EXCLUSIVE")
    busy.execute("BEGIN IMMEDIATE")  # as long as it holds the file, the start waits
    (tmp_path / "tocsin.db.lock").unlink()
    starting = gevent.spawn(daemon.start)
    try:
        until((tmp_path / "tocsin.db.lock").exists, within=30, why=daemon.errors)
        assert daemon.process is not None
        daemon.process.send_signal(early)
        busy.close()
        starting.get()
    finally:
        daemon.kill()
