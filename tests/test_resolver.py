"""Look-ups follow the file that names the name servers."""

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest
from gevent.resolver.ares import Resolver

from daemon.resolver import BEAT, NameServers, looked_up, renew, renew_hub
from fake_clock import FakeClock
from name_server import NameServer, name_server
from until import until


class Renewals:
    """Counts; fails while told to."""

    def __init__(self) -> None:
        self.count = 0
        self.fails = False

    def __call__(self) -> None:
        if self.fails:
            raise OSError("too many open files")
        self.count += 1


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    path = tmp_path / "resolv.conf"
    path.write_text("nameserver 192.0.2.1\n")
    return path


@pytest.fixture
def renewals() -> Renewals:
    return Renewals()


@pytest.fixture
def watched(conf: Path, clock: FakeClock, renewals: Renewals) -> Iterator[NameServers]:
    servers = NameServers(clock, renewals, conf)
    servers.start()
    yield servers
    servers.stop()


@pytest.fixture
def silent() -> Iterator[NameServer]:
    with name_server(mute=True) as server:
        yield server


@pytest.fixture
def resolver(silent: NameServer) -> Iterator[Resolver]:
    """One whose name server says nothing."""
    made = Resolver(use_environ=False, servers=["127.0.0.1"], udp_port=silent.server_port)
    yield made
    made.close()


@pytest.mark.usefixtures("watched")
def test_a_file_that_stays_as_it_is_renews_nothing(clock: FakeClock, renewals: Renewals) -> None:
    clock.advance(100 * BEAT)
    assert renewals.count == 0


@pytest.mark.usefixtures("watched")
def test_every_change_of_the_file_is_seen_at_the_next_look_and_once(
    conf: Path, tmp_path: Path, clock: FakeClock, renewals: Renewals
) -> None:
    def rewrite() -> None:
        conf.write_text("nameserver 192.0.2.22\n")

    def replace() -> None:
        (tmp_path / "new").write_text("nameserver 192.0.2.33\n")
        (tmp_path / "new").replace(conf)

    def link() -> None:
        (tmp_path / "other").write_text("nameserver 192.0.2.44\n")
        conf.unlink()
        conf.symlink_to(tmp_path / "other")

    def change_behind_the_link() -> None:
        (tmp_path / "other").write_text("")

    for number, change in enumerate((rewrite, replace, link, change_behind_the_link, conf.unlink, rewrite), 1):
        change()
        clock.advance(BEAT)
        assert renewals.count == number, change
        clock.advance(3 * BEAT)
        assert renewals.count == number, change


@pytest.mark.usefixtures("watched")
def test_what_could_not_be_renewed_is_tried_again(
    conf: Path, clock: FakeClock, renewals: Renewals, caplog: pytest.LogCaptureFixture
) -> None:
    renewals.fails = True
    conf.write_text("nameserver 192.0.2.22\n")
    clock.advance(2 * BEAT)
    assert "resolv.conf could not be read anew, the name servers from before are asked still: too many" in caplog.text
    renewals.fails = False
    clock.advance(2 * BEAT)
    assert renewals.count == 1


def test_a_change_before_the_first_look_is_not_missed(conf: Path, clock: FakeClock, renewals: Renewals) -> None:
    servers = NameServers(clock, renewals, conf)
    conf.write_text("nameserver 192.0.2.22\n")
    servers.look()
    assert renewals.count == 1


def test_a_change_is_told(conf: Path, clock: FakeClock, renewals: Renewals, caplog: pytest.LogCaptureFixture) -> None:
    servers = NameServers(clock, renewals, conf)
    conf.write_text("nameserver 192.0.2.22\n")
    with caplog.at_level(logging.INFO):
        servers.look()
    assert f"{conf} has changed" in caplog.text


def test_look_ups_under_way_begin_again_and_end_well(resolver: Resolver, silent: NameServer) -> None:
    names = [f"n{number}.example.com" for number in range(20)]
    waiting = [gevent.spawn(resolver.getaddrinfo, name, 80, 0, socket.SOCK_STREAM) for name in names]
    until(lambda: silent.asked == set(names))
    with name_server() as good:
        resolver.params["udp_port"] = good.server_port
        renew(resolver)
        assert [one.get() for one in waiting] == [[(2, 1, 6, "", ("127.0.0.1", 80))]] * len(names)
    assert good.asked == set(names)


def test_a_channel_that_cannot_be_made_leaves_the_one_that_is(resolver: Resolver) -> None:
    before = resolver.cares
    resolver.params["servers"] = ["nonsense"]
    with pytest.raises(ValueError, match="nonsense"):
        renew(resolver)
    assert resolver.cares is before


def test_the_resolver_of_this_process_is_renewed_in_its_place(resolver: Resolver) -> None:
    hub = gevent.get_hub()
    others = hub.resolver
    renew_hub()  # libc's, which needs none
    hub.resolver, before = resolver, resolver.cares
    try:
        renew_hub()
    finally:
        hub.resolver = others
    assert resolver.cares is not before


def test_a_probe_s_look_up_asks_each_time_what_others_are_told_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    with name_server() as server:
        shared = Resolver(use_environ=False, servers=["127.0.0.1"], udp_port=server.server_port)
        monkeypatch.setattr(gevent.get_hub(), "resolver", shared)
        try:
            for _ in range(2):
                assert looked_up("shop.example.com", 80)[0][4] == ("127.0.0.1", 80)
                assert server.asked == {"shop.example.com"}
                server.asked.clear()
            for _ in range(2):
                socket.getaddrinfo("shop.example.com", 80)
            assert server.asked == {"shop.example.com"}
            server.asked.clear()
            socket.getaddrinfo("shop.example.com", 80)
            assert server.asked == set()  # why there is `looked_up`
        finally:
            shared.close()


def test_a_look_up_that_is_given_up_leaves_nothing_behind(silent: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = Resolver(use_environ=False, servers=["127.0.0.1"], udp_port=silent.server_port)
    monkeypatch.setattr(gevent.get_hub(), "resolver", shared)
    try:
        with gevent.Timeout(0.1, False):  # noqa: FBT003 - gevent's way to end quietly
            looked_up("shop.example.com", 80)
        assert silent.asked == {"shop.example.com"}
    finally:
        shared.close()
