"""systemd's watchdog is fed from the event loop, and only where it watches."""

import socket
from pathlib import Path

import pytest

from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.config.settings import Settings
from daemon.selfcheck import SelfCheck
from daemon.store.sqlite import SqliteStore
from fake_clock import FakeClock, settle


def fed(store: SqliteStore, clock: FakeClock, place: Path, seconds: float) -> list[bytes]:
    """What a service manager hears within so many seconds."""
    settings = Settings()
    checks = SelfCheck(lambda: settings, clock, store, Intake(store, clock, lambda: Rules(settings)), lambda *_: None)
    heard = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(place))
        checks.start()
        settle()
        clock.advance(seconds)
        checks.stop()
        manager.settimeout(0)
        while True:
            try:
                heard.append(manager.recv(100))
            except BlockingIOError:
                return heard


@pytest.mark.parametrize(("usec", "times"), [("60000000", 2), ("20000000", 6), ("", 0)])
def test_the_event_loop_feeds_the_watchdog_twice_as_often_as_it_must(
    usec: str, times: int, store: SqliteStore, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    assert fed(store, clock, tmp_path / "notify", 61) == [b"WATCHDOG=1"] * times
