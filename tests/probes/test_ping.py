"""The ping probe: on loopback, and in a network of its own against a host that does as it is told."""

import errno
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from daemon.clock import SystemClock
from daemon.probes.base import Health, Past
from daemon.probes.network import icmp
from daemon.probes.network.icmp import Echo
from daemon.probes.ping import MOST_PACKETS, Ping, Round
from daemon.units import Seconds
from far_host import EVERYBODY, HOST, HOST6, ROOT_ONLY, ROUTER, ROUTER6, FarHost, Packet, error, reply, sequence
from needs import need, need_program
from probe_pages import shown_on_the_page
from remains import descriptors
from until import until

BOTH = pytest.mark.parametrize("host", [HOST, HOST6])
ROOT = Path(__file__).parents[2]


@pytest.fixture
def _may_ping() -> None:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP).close()
    except OSError:
        try:
            socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
        except OSError as refused:
            need(False, f"the right to ping: root, or net.ipv4.ping_group_range ({refused})")  # noqa: FBT003


@pytest.fixture(scope="module")
def far() -> Iterator[FarHost]:
    """A network of our own. Machines that give nobody one are no failure: that is their owners' choice."""
    try:
        host = FarHost()
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"this machine gives nobody a network of his own: {error}")
    yield host
    host.close()


def nobody(_: Packet) -> list[Packet]:
    return []


def quick(host: str, packets: int = 4, patience: float = 0.1, **more: object) -> Ping:
    settings = {"spacing": Seconds(0.01), "patience": Seconds(patience), "timeout": Seconds(3), **more}
    return Ping(host=host, packets=packets, **settings)  # type: ignore[arg-type]


def dropping(*lost: int) -> "Numbered":
    return Numbered(lambda number, packet: [] if number in lost else [reply(packet)])


class Numbered:
    """Behaves by the number of the packet in its look; `seen` are the sequences as they came."""

    def __init__(self, behave: object) -> None:
        self.seen: list[int] = []
        self.packets: list[Packet] = []
        self._behave = behave

    def __call__(self, packet: Packet) -> list[Packet]:
        self.seen.append(sequence(packet))
        self.packets.append(packet)
        return self._behave(len(self.seen) - 1, packet)  # type: ignore[operator, no-any-return]


@pytest.mark.usefixtures("_may_ping")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "[::1]", "localhost"])
def test_this_machine_answers_itself(host: str) -> None:
    if ":" in host and not Path("/proc/net/if_inet6").exists():
        need(False, "IPv6 on loopback")  # noqa: FBT003
    reading = quick(host).look()
    assert reading.is_well, reading.detail
    assert reading.values["loss"] == 0
    assert reading.values["received"] == 4
    assert 0 < reading.values["rtt.min"] <= reading.values["rtt"] <= reading.values["rtt.max"] < 1
    assert reading.values["rtt.jitter"] >= 0
    assert set(reading.values) | {"time", "time.total"} == set(Ping.GIVES)
    assert list(reading.phases) == ["resolve", "total"]
    assert reading.phases["total"] == reading.values["rtt"]
    assert len(reading.evidence["packets"].split(", ")) == 4


@pytest.mark.usefixtures("_may_ping")
@pytest.mark.parametrize("size", [16, 17, 1000])
def test_packets_of_any_size(size: int) -> None:
    assert quick("127.0.0.1", size=size).look().values["loss"] == 0


@pytest.mark.usefixtures("_may_ping")
def test_one_packet_has_no_jitter() -> None:
    values = quick("127.0.0.1", packets=1).look().values
    assert "rtt" in values
    assert "rtt.jitter" not in values


@pytest.mark.usefixtures("_may_ping")
def test_side_by_side_none_hears_the_others_and_no_descriptor_stays() -> None:
    before = descriptors()
    looks = [gevent.spawn(quick("127.0.0.1", patience=1).look) for _ in range(50)]
    gevent.joinall(looks, raise_error=True)
    assert {look.get().values["received"] for look in looks} == {4}
    assert sum(look.get().values["duplicates"] for look in looks) == 0
    until(lambda: descriptors() <= before)


def test_a_name_that_does_not_exist_is_down_without_values() -> None:
    reading = quick("no-such-host.invalid").look()
    assert reading.health is Health.DOWN
    assert reading.detail.startswith("no-such-host.invalid: ")
    assert reading.values == {}
    assert reading.phases == {}


def test_a_machine_that_lets_nobody_ping_says_what_to_do(far: FarHost) -> None:
    setpriv = need_program("setpriv", "util-linux")
    code = """
from gevent import monkey
monkey.patch_all()
from daemon.probes.ping import Ping
print([Ping(host=host).look() for host in ("127.0.0.1", "::1")])
"""
    with far.does(nobody, ROOT_ONLY):
        without = [setpriv, "--bounding-set=-net_raw", "--inh-caps=-net_raw", "--groups=1", "--regid=1"]
        done = subprocess.run(
            [*without, sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert done.stdout.count("health=<Health.UNKNOWN") == 2, done.stderr
    assert "sysctl -w net.ipv4.ping_group_range" in done.stdout


@BOTH
@pytest.mark.parametrize("pings", [ROOT_ONLY, EVERYBODY], ids=["raw", "datagrams"])
def test_a_lost_packet_is_lost_and_no_zero(far: FarHost, host: str, pings: str) -> None:
    with far.does(dropping(1, 2), pings):
        reading = quick(host).look()
    assert reading.is_well
    assert reading.values["loss"] == 50
    assert reading.values["received"] == 2
    assert reading.values["rtt.min"] > 0
    assert reading.evidence["packets"].split(", ")[1:3] == ["lost", "lost"]
    assert reading.detail.startswith("2 of 4 packets answered, ")


def test_fewer_answers_than_must_be_are_down(far: FarHost) -> None:
    with far.does(dropping(1, 2)):
        reading = quick(HOST, least=3).look()
    assert reading.health is Health.DOWN
    assert reading.detail.startswith("2 of 4 packets answered, ")


def test_whoever_has_conditions_on_the_loss_says_what_is_well(far: FarHost) -> None:
    with far.does(nobody):
        assert quick(HOST).yielding({"received"}).look().is_well
        assert not quick(HOST).yielding({"rtt"}).look().is_well
        assert not quick(HOST, least=2).yielding({"loss"}).look().is_well


@BOTH
def test_when_all_are_lost_it_is_down_and_took_no_time(far: FarHost, host: str) -> None:
    with far.does(dropping(*range(4))):
        reading = quick(host).look()
    assert reading.health is Health.DOWN
    assert reading.detail == f"no answer to 4 packets ({host})"
    assert reading.values == {"ip": host, "loss": 100, "received": 0, "duplicates": 0}
    assert list(reading.phases) == ["resolve"]


@BOTH
@pytest.mark.parametrize("pings", [ROOT_ONLY, EVERYBODY], ids=["raw", "datagrams"])
def test_what_comes_twice_counts_once(far: FarHost, host: str, pings: str) -> None:
    with far.does(lambda packet: [reply(packet)] * 3, pings):
        reading = quick(host, packets=3).look()
    assert reading.values["received"] == 3
    assert reading.values["loss"] == 0
    assert reading.values["duplicates"] >= 4  # those of the last one may come after the end


@BOTH
def test_every_look_has_numbers_of_its_own(far: FarHost, host: str) -> None:
    """A firewall that remembers a number of old would hold back all that come with it again."""
    asked = dropping()
    with far.does(asked):
        for _ in range(8):
            quick(host, packets=1).look()
    whose = {packet[-60:-56] for packet in asked.packets}  # identity and sequence stand before 56 bytes of content
    assert len(whose) == 8


@BOTH
@pytest.mark.parametrize("pings", [ROOT_ONLY, EVERYBODY], ids=["raw", "datagrams"])
def test_the_answer_to_an_earlier_look_is_not_taken_for_one_of_this(far: FarHost, host: str, pings: str) -> None:
    earlier: list[Packet] = []

    def late(packet: Packet) -> list[Packet]:
        answers = [reply(one) for one in earlier]
        earlier.append(packet)
        return answers

    with far.does(late, pings):
        readings = [quick(host, packets=1, patience=0.05).look() for _ in range(3)]
    assert [reading.values["received"] for reading in readings] == [0, 0, 0]


@BOTH
@pytest.mark.parametrize("pings", [ROOT_ONLY, EVERYBODY], ids=["raw", "datagrams"])
@pytest.mark.parametrize(
    "answer",
    [
        lambda packet: reply(packet, content=b""),
        lambda packet: reply(packet, content=b"x" * 56),
        lambda packet: reply(packet, content=b"x" * 5000),
        lambda packet: reply(packet, identity=b"\1\2\3\4"),
        lambda packet: reply(packet)[:-1],
        lambda packet: reply(packet)[:45],
        lambda packet: packet[:9] + b"\xff" * 40,
        lambda packet: packet,
    ],
    ids=["empty", "changed", "longer", "another's", "cut", "cut to the head", "garbage", "an echo of ours"],
)
def test_what_is_no_answer_to_us_is_not_heard(far: FarHost, host: str, pings: str, answer: object) -> None:
    with far.does(lambda packet: [answer(packet)], pings):  # type: ignore[operator]
        reading = quick(host, packets=2, patience=0.03).look()
    assert reading.values["received"] == 0
    assert reading.health is Health.DOWN


@pytest.mark.parametrize("pings", [ROOT_ONLY, EVERYBODY], ids=["raw", "datagrams"])
@pytest.mark.parametrize(
    ("host", "kind", "code", "said"),
    [
        (HOST, 3, 1, f"host unreachable, says {ROUTER}"),
        (HOST, 3, 13, f"forbidden, says {ROUTER}"),
        (HOST, 3, 15, f"unreachable, says {ROUTER}"),
        (HOST, 11, 0, f"it goes in circles: time to live exceeded, says {ROUTER}"),
        (HOST6, 1, 0, f"no route, says {ROUTER6}"),
        (HOST6, 3, 0, f"it goes in circles: time to live exceeded, says {ROUTER6}"),
    ],
)
def test_what_a_router_says_is_the_reason(far: FarHost, host: str, kind: int, code: int, said: str, pings: str) -> None:
    with far.does(lambda packet: [error(packet, kind, code)], pings):
        reading = quick(host, packets=3, patience=2).look()
    assert reading.health is Health.DOWN
    assert reading.detail == f"no answer to 3 packets ({host}): {said}"
    assert reading.values["loss"] == 100


@BOTH
def test_an_error_about_somebody_elses_packet_is_not_ours(far: FarHost, host: str) -> None:
    """A raw socket hears of those as well."""
    kind, code = (3, 1) if host == HOST else (1, 3)
    foreign = bytes([9, 9, 9, 9])

    def confused(packet: Packet) -> list[Packet]:
        head = 24 if host == HOST else 44
        return [error(packet[:head] + foreign + packet[head + 4 :], kind, code), reply(packet)]

    with far.does(confused, ROOT_ONLY):
        reading = quick(host).look()
    assert reading.values["loss"] == 0
    assert "unreachable" not in reading.detail


def test_what_came_while_we_were_busy_is_not_lost(far: FarHost) -> None:
    """The answers lie there, and their time is over when we come to read them."""
    asked = dropping()
    with far.does(asked):
        turn, plan = Round(SystemClock()), quick(HOST, packets=2, patience=0.01)
        with Echo(socket.AF_INET, (HOST, 0), 56) as echo:
            for _ in range(plan.packets):
                turn._send(echo)
            until(lambda: len(asked.seen) == 2)
            turn.run(echo, plan, 0)
    assert len(turn.took) == 2


@pytest.mark.usefixtures("_may_ping")
def test_how_long_we_were_busy_is_no_part_of_the_time_to_an_answer() -> None:
    clock = SystemClock()
    turn, plan = Round(clock), quick("127.0.0.1", packets=1)
    with Echo(socket.AF_INET, ("127.0.0.1", 0), 56) as echo:
        turn.run(echo, plan, 1)  # the first one only has the kernel begin to note the time
        turn = Round(clock)
        turn._send(echo)
        busy = clock.monotonic() + 0.1
        while clock.monotonic() < busy:
            pass
        turn.run(echo, plan, 1)
    assert turn.took[0] < 0.05


@BOTH
def test_a_flood_of_answers_ends_the_look(far: FarHost, host: str) -> None:
    with far.does(lambda packet: [reply(packet)] * (icmp.MOST_HEARD + 200)):
        reading = quick(host, packets=2, patience=1).look()
    assert reading.health is Health.UP or "more than 2000 answers came" in reading.detail


def test_without_a_way_there_it_is_down_at_once(far: FarHost) -> None:
    with far.does(nobody):
        reading = quick("192.0.2.1").look()
    assert reading.health is Health.DOWN
    assert reading.detail == "network is unreachable (192.0.2.1)"
    assert reading.values == {}


@pytest.mark.usefixtures("_may_ping")
@pytest.mark.parametrize(("number", "code"), [(errno.EPERM, 1), (errno.EMSGSIZE, 90)])
def test_what_this_machine_does_not_send_is_lost_for_that_reason(
    number: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, "refused here")

    assert number == code
    monkeypatch.setattr(socket.socket, "send", refuse)
    reading = quick("127.0.0.1", patience=2).look()
    assert reading.detail == "no answer to 4 packets (127.0.0.1): cannot be sent: refused here"
    assert reading.values["loss"] == 100


def test_an_address_without_a_way_is_passed_over(far: FarHost, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, 0, 0, "", (address, 0)) for address in ("192.0.2.1", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with far.does(nobody, EVERYBODY):
        assert quick("two.example").look().values["ip"] == "127.0.0.1"


@pytest.mark.parametrize(
    "settings",
    [
        {"host": ""},
        {"host": "[]"},
        {"host": "a", "packets": 0},
        {"host": "a", "packets": MOST_PACKETS + 1},
        {"host": "a", "packets": 11, "spacing": Seconds(1)},
        {"host": "a", "timeout": Seconds(0.5)},
        {"host": "a", "least": 6},
        {"host": "a", "least": -1},
    ],
)
def test_settings_that_can_never_work_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"host|packets|least"):
        Ping(**settings)  # type: ignore[arg-type]


def test_a_family_that_a_name_has_no_address_of_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "none")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    assert {other.look_on(Past(now=0)).health for _, other in quick("a.example").otherwise()} == {Health.UNKNOWN}


@pytest.mark.parametrize("address", ["10.255.255.254", "203.0.113.9"])
def test_where_a_name_leads_to_is_near_or_not(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    reading = quick("router.example").look()
    assert reading.near is (address == "10.255.255.254" and reading.health is Health.DOWN)


def test_it_is_near_on_this_machine_and_in_its_networks_and_has_two_other_ways() -> None:
    assert Ping(host="127.0.0.1").is_near()
    assert Ping(host="192.168.1.1").is_near()
    assert not Ping(host="db.example").is_near()
    assert [name for name, _ in Ping(host="db.example").otherwise()] == ["over IPv4", "over IPv6"]
    assert not list(Ping(host="192.0.2.1").otherwise())
    assert Ping(host="[::1]").target() == "::1"
    assert Ping.FOR_OTHERS


def test_the_example_of_its_page_can_be_used(tmp_path: Path) -> None:
    shown = shown_on_the_page("ping", tmp_path)
    assert set(shown) == {"router"}
    assert {type(one) for one in shown.values()} == {Ping}
