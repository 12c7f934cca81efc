"""The doors of statsd: real sockets, and the clients that programs really use."""

import os
import socket
import stat
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import gevent
import pytest
from datadog.dogstatsd import DogStatsd
from gevent.event import Event

import statsd as plain_client
from daemon import telemetry
from daemon.clock import SystemClock
from daemon.errors import NoDoor
from daemon.intakes import doors, sockets
from daemon.intakes.doors import Datagrams, SignedDatagrams
from daemon.intakes.statsd.grammar import Reason
from daemon.intakes.statsd.stream import FrameTooLong, Stream, cut
from fake_clock import FakeClock
from lag import calmly
from statsd_side import Side, by_label, risen, rows
from until import until

ROOM = 256 * 1024
TEN = ["10.0.0.0/8"]


def reading(side: Side, bound: socket.socket, networks: Sequence[str] = ()) -> Datagrams:
    return Datagrams(
        bound, side.reader.read, SystemClock(), telemetry.statsd_refused.labels(Reason.SENDER.value).inc, networks
    )


def either(side: Side, kind: socket.SocketKind, bound: socket.socket) -> Datagrams | Stream:
    if kind is socket.SOCK_DGRAM:
        return reading(side, bound)
    return Stream(bound, side.reader.read, SystemClock())


@pytest.fixture
def side() -> Side:
    return Side(FakeClock())


@pytest.fixture
def opened() -> Iterator[Callable[[Datagrams | Stream], str]]:
    with ExitStack() as stack:

        def start(door: Datagrams | Stream) -> str:
            door.start()
            stack.callback(door.stop)
            return door.address

        yield start


Opened = Callable[[Datagrams | Stream], str]


def udp(side: Side, opened: Opened, *networks: str, at: str = "127.0.0.1:0") -> tuple[str, int]:
    host, _, port = opened(reading(side, sockets.udp(at, ROOM), networks)).rpartition(":")
    return host.strip("[]"), int(port)


def unix(side: Side, opened: Opened, path: Path) -> str:
    return opened(reading(side, sockets.unix(str(path), socket.SOCK_DGRAM, ROOM, 0o660)))


def stream(side: Side, opened: Opened, path: Path) -> str:
    return opened(Stream(sockets.unix(str(path), socket.SOCK_STREAM, ROOM, 0o660), side.reader.read, SystemClock()))


def comes(side: Side, *series: str) -> dict[str, float]:
    """Wait until all of these came; their sums."""
    found: dict[str, float] = {}

    def all_came() -> bool:
        for name, tally in rows(side.table).items():
            found[name] = found.get(name, 0.0) + (tally.different if name.startswith("set ") else tally.total)
        return found.keys() >= set(series)

    until(all_came)
    return found


def through_datadog(client: DogStatsd) -> None:
    client.increment("app.views", 3, tags=["env:it"])
    client.decrement("app.views", 1, tags=["env:it"])
    client.gauge("app.temp", -4)
    client.timing("app.t", 320)
    client.histogram("app.h", 1.5)
    client.distribution("app.d", 2.5, tags=["a,b|c:x"])
    client.set("app.users", "lin")
    client.gauge_with_timestamp("app.then", 7, 1_795_222_800)
    client.service_check("db", client.CRITICAL, tags=["k:v"], hostname="h1", message="no\nm: answer")
    client.event("Deploy | done", "line1\nline2", aggregation_key="k1", alert_type="warning")
    client.flush()


FROM_DATADOG = {
    'counter app.views{env="it"}': 2.0,
    "gauge app.temp": -4.0,
    "spread app.t s": 0.32,
    "spread app.h": 1.5,
    'spread app.d{a_b_c="x"}': 2.5,
    "set app.users": 1.0,
    "gauge app.then": 7.0,
}


@pytest.mark.parametrize("way", ["udp", "unix", "stream"])
@pytest.mark.parametrize("aggregated", [False, True])
def test_datadogs_client(side: Side, opened: Opened, tmp_path: Path, way: str, aggregated: bool) -> None:
    options: dict[str, Any] = {
        "disable_buffering": not aggregated,
        "disable_aggregation": not aggregated,
        "disable_telemetry": False,
    }
    if way == "udp":
        host, port = udp(side, opened)
        client = DogStatsd(host=host, port=port, **options)
    elif way == "unix":
        client = DogStatsd(socket_path="unix://" + unix(side, opened, tmp_path / "dsd"), **options)
    else:
        client = DogStatsd(socket_path="unixstream://" + stream(side, opened, tmp_path / "dsd"), **options)
    through_datadog(client)
    until(lambda: len(side.told) == 2)
    found = comes(side, *FROM_DATADOG)
    client.stop()
    assert found == pytest.approx(FROM_DATADOG)
    check, event = sorted((told.event for told in side.told), key=lambda event: event.key)
    assert (check.key, check.text) == ("check|db|host=h1|k=v", "no\nm: answer")
    assert (event.key, event.title, event.text) == ("event|k1", "Deploy | done", "line1\nline2")


def test_the_plain_client(side: Side, opened: Opened) -> None:
    client = plain_client.StatsClient(*udp(side, opened), prefix="p")
    client.incr("c", 3)
    client.incr("sampled", rate=1)
    client.gauge("g", 5)
    client.set("s", "lin")
    client.timing("t", 12.3)
    with client.pipeline() as pipe:
        pipe.incr("c")
        pipe.timing("t", 7.7)
    found = comes(side, "counter p.c", "counter p.sampled", "gauge p.g", "set p.s", "spread p.t s")
    assert found["gauge p.g"] == 5
    client.close()


def send(to: tuple[str, int], *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET6 if ":" in to[0] else socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for one in datagrams:
            sender.sendto(one, to)


def test_the_largest_datagram_there_is(side: Side, opened: Opened) -> None:
    to = udp(side, opened)
    line = b"x:1|c\n"
    send(to, line * (65_507 // len(line)))
    assert comes(side, "counter x") == {"counter x": 65_507 // len(line)}


def test_empty_datagrams_and_rubbish_leave_it_open(side: Side, opened: Opened) -> None:
    to = udp(side, opened)
    before = telemetry.statsd_packets._value.get()
    send(to, b"", b"\x00" * 1_000, b"", b"\xff:|" * 500, b"x:1|c")
    assert comes(side, "counter x") == {"counter x": 1}
    assert telemetry.statsd_packets._value.get() == before + 5


def test_ipv6_and_every_address(side: Side, opened: Opened) -> None:
    send(udp(side, opened, at="[::1]:0"), b"six:1|c")
    comes(side, "counter six")
    send(("127.0.0.1", udp(side, opened, at=":0")[1]), b"all:1|c")
    comes(side, "counter all")


def test_only_networks_that_were_named_may_send(side: Side, opened: Opened) -> None:
    door = reading(side, sockets.udp("127.0.0.1:0", ROOM))
    opened(door)
    for networks, strangers in (
        (["10.0.0.0/8"], {"192.0.2.1", "2001:db8::1", "::ffff:11.0.0.1", "fe80::1%eth0"}),
        (["2001:db8::/32"], {"10.0.0.1", "::ffff:10.0.0.1"}),
    ):
        door.let(networks)
        assert not any(door._may(one) for one in strangers)
        friends = {"127.0.0.1", "::1"} | ({"10.1.2.3", "::ffff:10.1.2.3"} if "10" in networks[0] else {"2001:db8::1"})
        assert all(door._may(one) for one in friends)


def test_what_a_stranger_sends_is_counted_and_not_read(side: Side, opened: Opened) -> None:
    door = reading(side, sockets.udp("127.0.0.1:0", ROOM), TEN)
    host, _, port = opened(door).rpartition(":")
    send((host, int(port)), b"ours:1|c")
    assert comes(side, "counter ours") == {"counter ours": 1}
    before = by_label(telemetry.statsd_refused)
    door._allowed["127.0.0.1"] = False  # as if it were one
    send((host, int(port)), b"theirs:1|c", b"theirs:1|c")
    until(lambda: risen(before, by_label(telemetry.statsd_refused)) == {"sender": 2})
    assert rows(side.table) == {}


OWN = "127.0.0.2"  # an address of this machine that stands in for a stranger's, where loopback is none


@pytest.mark.parametrize("door", [Datagrams, SignedDatagrams])
def test_a_stranger_is_told_by_the_address_that_he_has(
    door: type[Datagrams | SignedDatagrams], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real datagrams of two senders: what decides is the address, as the kernel tells it."""
    monkeypatch.setattr(doors, "is_among", lambda sender, _: sender == OWN)
    taken: list[object] = []
    refused: list[int] = []
    one: Any = door(sockets.udp("127.0.0.1:0", ROOM), taken.extend, SystemClock(), lambda: refused.append(1), TEN)  # type: ignore[arg-type]
    one.start()
    host, _, port = one.address.rpartition(":")
    for sender in (OWN, "127.0.0.3", OWN):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
            sending.bind((sender, 0))
            sending.sendto(sender.encode(), (host, int(port)))
    until(lambda: len(taken) == 2)
    one.stop()
    ours = b"127.0.0.2"
    assert (taken, refused) == ([ours] * 2 if door is Datagrams else [(ours, OWN)] * 2, [1])


def test_a_thousand_senders_are_remembered_and_no_more(
    side: Side, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "MOST_SENDERS", 10)
    door = reading(side, sockets.udp("127.0.0.1:0", ROOM), TEN)
    opened(door)
    for n in range(50):
        door._may(f"11.0.0.{n}")
    assert len(door._allowed) <= 10


def test_a_socket_in_the_file_system_has_the_rights_it_should_and_goes_with_us(side: Side, tmp_path: Path) -> None:
    path = tmp_path / "statsd.sock"
    before = os.umask(0o077)
    try:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            bound = sockets.unix(str(path), kind, ROOM, 0o666)
            assert stat.S_IMODE(path.stat().st_mode) == 0o666
            door = either(side, kind, bound)
            door.start()
            door.stop()
            assert not path.exists()
    finally:
        os.umask(before)


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_what_a_killed_process_left_makes_room_and_what_lives_does_not(tmp_path: Path, kind: socket.SocketKind) -> None:
    path = str(tmp_path / "statsd.sock")
    sockets.unix(path, kind, ROOM, 0o660).close()
    assert Path(path).exists()
    with sockets.unix(path, kind, ROOM, 0o660):
        with pytest.raises(NoDoor, match="somebody else listens there"):
            sockets.unix(path, kind, ROOM, 0o660)
        assert Path(path).exists()


def test_nothing_else_than_a_socket_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("mine")
    with pytest.raises(NoDoor, match="something else than a socket"):
        sockets.unix(str(path), socket.SOCK_DGRAM, ROOM, 0o660)
    assert path.read_text() == "mine"
    with pytest.raises(NoDoor, match="there is no folder"):
        sockets.unix(str(tmp_path / "no" / "folder"), socket.SOCK_DGRAM, ROOM, 0o660)


def test_an_address_that_is_taken_or_none_is_said() -> None:
    with sockets.udp("127.0.0.1:0", ROOM) as taken:
        with pytest.raises(NoDoor, match="already in use"):
            sockets.udp(sockets.address_of(taken), ROOM)
        with pytest.raises(NoDoor, match="is not an address"):
            sockets.udp("nonsense", ROOM)


def test_what_finds_no_room_is_counted() -> None:
    with sockets.udp("127.0.0.1:0", 4_096) as bound:
        host, _, port = sockets.address_of(bound).rpartition(":")
        send((host, int(port)), *[b"x" * 1_000] * 100)
        assert 0 < sockets.turned_away(bound) < 100
    assert sockets.more(2**32 - 5, 7) == 12


def framed(*packets: bytes) -> bytes:
    return b"".join(struct.pack("<I", len(one)) + one for one in packets)


def test_a_stream_is_cut_wherever_it_breaks() -> None:
    whole = framed(b"a:1|c", b"", b"b:2|c\nc:3|c")
    for at in range(len(whole) + 1):
        first, rest = cut(whole[:at])
        second, rest = cut(rest + whole[at:])
        assert ([*first, *second], rest) == ([b"a:1|c", b"", b"b:2|c\nc:3|c"], b"")
    with pytest.raises(FrameTooLong):
        cut(struct.pack("<I", 65_536))


def connected(path: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.connect(path)
    return made


def test_a_stream_that_is_none_is_hung_up_on_and_others_go_on(side: Side, opened: Opened, tmp_path: Path) -> None:
    path = stream(side, opened, tmp_path / "s")
    before = by_label(telemetry.statsd_refused)
    with connected(path) as good, connected(path) as bad, connected(path) as cut_off:
        bad.sendall(b"x:1|c\n" * 10)  # whose first bytes say that two billions follow
        assert bad.recv(1) == b""
        cut_off.sendall(framed(b"lost:1|c")[:-1])
        cut_off.close()
        good.sendall(framed(b"x:1|c"))
        assert comes(side, "counter x") == {"counter x": 1}
    assert risen(before, by_label(telemetry.statsd_refused)) == {"frame": 1}


def test_clients_come_back_after_a_restart(side: Side, tmp_path: Path) -> None:
    for scheme, kind in (("unix", socket.SOCK_DGRAM), ("unixstream", socket.SOCK_STREAM)):
        path = tmp_path / scheme
        client = DogStatsd(
            socket_path=f"{scheme}://{path}", disable_buffering=True, disable_aggregation=True, disable_telemetry=True
        )
        for _ in range(2):
            bound = sockets.unix(str(path), kind, ROOM, 0o660)
            door = either(side, kind, bound)
            door.start()

            def came(client: DogStatsd = client) -> bool:
                client.increment("x")
                return "counter x" in rows(side.table)

            until(came)
            door.stop()
            client.increment("x")  # nobody is there
        client.stop()


def test_an_error_of_the_reader_does_not_shut_the_door(opened: Opened) -> None:
    seen: list[bytes] = []

    def refused() -> None:
        raise AssertionError("there are no strangers")

    def take(packets: Sequence[bytes]) -> None:
        seen.extend(packets)
        if packets == [b"bad"]:
            raise RuntimeError("broken")

    host, _, port = opened(Datagrams(sockets.udp("127.0.0.1:0", ROOM), take, SystemClock(), refused)).rpartition(":")
    send((host, int(port)), b"bad")
    until(lambda: seen)
    send((host, int(port)), b"good")
    until(lambda: seen == [b"bad", b"good"])


def test_whoever_floods_a_door_keeps_nobody_from_his_turn(side: Side, opened: Opened) -> None:
    to = udp(side, opened)
    flood = [b"x%d:1.5|ms|#a:b" % (n % 100) for n in range(50)]
    over = Event()

    def pour() -> None:
        while not over.is_set():
            send(to, *flood)
            gevent.sleep(0)

    pouring = gevent.spawn(pour)
    try:
        calmly(lambda: over.wait(0.3))
    finally:
        over.set()
        pouring.join()
    assert rows(side.table)
