"""The tcp probe against real sockets."""

import socket
from collections.abc import Iterator

import gevent
import pytest

from daemon.probes.network import dial
from daemon.probes.tcp import Tcp
from daemon.units import Seconds
from needs import need
from raw_server import serving
from remains import descriptors
from until import until


@pytest.fixture
def closed() -> Iterator[int]:
    """A port on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@pytest.fixture
def full() -> Iterator[int]:
    """A port whose queue is full, so that a connection is neither taken nor refused."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)  # noqa: FBT003
            sock.connect_ex(("127.0.0.1", port))
            waiting.append(sock)
        yield port
        for sock in waiting:
            sock.close()


def test_a_listening_port_is_up_with_its_phases() -> None:
    with serving(lambda sock: sock.recv(1)) as port:
        reading = Tcp(host="127.0.0.1", port=port).look()
    assert reading.is_well
    assert reading.detail == "connected to 127.0.0.1"
    assert list(reading.phases) == ["resolve", "connect", "total"]
    assert all(took > 0 for took in reading.phases.values())


def test_a_connection_to_itself_is_nobody_who_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unlucky(socket.socket):
        """One that the kernel gives the very port that it is to reach."""

        def connect(self, address: tuple[str, int]) -> None:
            self.bind(address)
            super().connect(address)

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    files = descriptors()
    monkeypatch.setattr(socket, "socket", Unlucky)
    reading = Tcp(host="127.0.0.1", port=port).look()
    assert reading.detail == f"connection refused (127.0.0.1:{port})"
    until(lambda: descriptors() <= files)


def test_refused_leaves_the_later_phase_absent_and_names_the_address(closed: int) -> None:
    reading = Tcp(host="127.0.0.1", port=closed).look()
    assert not reading.is_well
    assert reading.detail == f"connection refused (127.0.0.1:{closed})"
    assert list(reading.phases) == ["resolve"]


def test_an_unknown_name_has_no_phase_at_all() -> None:
    reading = Tcp(host="no-such-host.invalid", port=80).look()
    assert not reading.is_well
    assert reading.detail.startswith("no-such-host.invalid: ")
    assert reading.phases == {}


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "..", "a..b"])
def test_a_name_that_cannot_be_one_is_a_reading(host: str) -> None:
    reading = Tcp(host=host, port=80, timeout=Seconds(2)).look()
    assert not reading.is_well
    assert reading.phases == {}


def test_nobody_takes_the_call_in_time(full: int) -> None:
    reading = Tcp(host="127.0.0.1", port=full, timeout=Seconds(0.2)).look()
    assert not reading.is_well
    assert reading.detail == "no answer within 0.2s, stuck at connect"
    assert list(reading.phases) == ["resolve"]


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_ipv6_with_and_without_brackets(host: str) -> None:
    try:
        with serving(lambda sock: sock.recv(1), host="::1") as port:
            probe = Tcp(host=host, port=port)
            assert probe.target() == f"[::1]:{port}"
            assert probe.look().detail == "connected to ::1"
    except OSError as error:
        need(False, f"IPv6 on loopback: {error}")  # noqa: FBT003


def test_a_dead_address_does_not_keep_the_next_one_from_being_tried(closed: int) -> None:
    with serving(lambda sock: sock.recv(1)) as port:
        found = [(socket.AF_INET, ("127.0.0.1", closed)), (socket.AF_INET, ("127.0.0.1", port))]
        watch = dial.Watch(5, dial.SystemClock())
        dial._connected(found, watch).close()
    assert list(watch.phases) == ["connect"]


@pytest.mark.slow
def test_an_address_that_hangs_gets_only_its_share(full: int) -> None:
    with serving(lambda sock: sock.recv(1)) as port:
        found = [(socket.AF_INET, ("127.0.0.1", full)), (socket.AF_INET, ("127.0.0.1", port))]
        dial._connected(found, dial.Watch(2, dial.SystemClock())).close()


def test_all_addresses_dead_names_the_first_few(closed: int) -> None:
    found = [(socket.AF_INET, (f"127.0.0.{last}", closed)) for last in range(1, 8)]
    with pytest.raises(dial.Missed) as missed:
        dial._connected(found, dial.Watch(5, dial.SystemClock()))
    assert "(127.0.0.1:" in str(missed.value)
    assert str(missed.value).endswith("and 4 more addresses")


def test_a_hanging_name_lookup_ends_with_the_probes_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: gevent.event.Event().wait())
    reading = Tcp(host="slow.example", port=80, timeout=Seconds(0.1)).look()
    assert reading.detail == "no answer within 0.1s, stuck at resolve"
    assert reading.phases == {}


def test_somebody_elses_timeout_is_not_swallowed(full: int) -> None:
    with pytest.raises(gevent.Timeout) as outer, gevent.Timeout(0.1) as mine:
        Tcp(host="127.0.0.1", port=full, timeout=Seconds(4)).look()
    assert outer.value is mine


def test_no_descriptor_stays_behind(closed: int, full: int) -> None:
    before = descriptors()
    for _ in range(5):
        Tcp(host="127.0.0.1", port=closed).look()
        Tcp(host="127.0.0.1", port=full, timeout=Seconds(0.02)).look()
    until(lambda: descriptors() <= before)


@pytest.mark.parametrize(("host", "port"), [("", 80), ("  ", 80), ("[]", 80), ("a", 0), ("a", 65_536), ("a", -1)])
def test_settings_that_can_never_work_are_refused(host: str, port: int) -> None:
    with pytest.raises(ValueError, match=r"host|port"):
        Tcp(host=host, port=port)


def test_target_is_host_and_port() -> None:
    assert Tcp(host="db.internal", port=5432).target() == "db.internal:5432"
