"""What the kinds that look at a port have in common: families of addresses, what is near, what their pages show."""

from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.probes.mysql import Mysql
from daemon.probes.network.host import Networked, Perhaps
from daemon.probes.ping import Ping
from daemon.probes.postgres import Postgres
from daemon.probes.redis import Redis
from daemon.probes.smtp import Smtp
from daemon.probes.ssh import Ssh
from daemon.probes.tcp import Step, Tcp
from daemon.probes.zmq import Zmq
from daemon.probing.carried import packed, unpacked
from daemon.reading import Health, Past
from daemon.secret import Secret
from daemon.units import Seconds
from probe_pages import shown_on_the_page
from raw_server import serving

KINDS: dict[str, Callable[..., Networked]] = {
    "tcp": Tcp, "ssh": Ssh, "smtp": Smtp, "redis": Redis, "postgres": Postgres, "mysql": Mysql, "zmq": Zmq,
}  # fmt: skip
NOW = Past(now=0.0)
ENVIRON = {"MEMCACHED_PASSWORD": "a", "REDIS_PASSWORD": "b"}
KEY = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"


@pytest.mark.parametrize("kind", KINDS)
def test_a_host_or_port_that_can_be_none_is_refused(kind: str) -> None:
    for host in ("", "  ", "[]"):
        with pytest.raises(ValueError, match="host is empty"):
            KINDS[kind](host=host, port=1)
    for port in (0, -1, 65_536):
        with pytest.raises(ValueError, match="is not between 1 and 65535"):
            KINDS[kind](host="a", port=port)


@pytest.mark.parametrize("kind", [*KINDS, "ping"])
@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("https://lin:hush@example.com/", "is a URL"), ("redis://h:6379", "is a URL"), ("lin@example.com", "no user"),
        ("example.com/health", "no path"), ("a b", "no space"), ("a\tb", "no space"), ("example.com:80", "has a colon"),
        ("[example.com]:80", "has a colon"), ("1.2.3.4:80", "has a colon"), ("a::b::c", "has a colon"),
    ],
)  # fmt: skip
def test_what_is_more_than_a_host_is_refused_and_not_quoted(kind: str, host: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        Ping(host=host) if kind == "ping" else KINDS[kind](host=host, port=1)
    assert host not in str(refused.value)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    "host", ["a", "A.B.", "x_y.example", "127.0.0.1", "::1", "[::1]", "fe80::1%eth0", "名前.example"]
)
def test_what_can_be_a_host_is_one(host: str) -> None:
    assert Tcp(host=host, port=1).host == host
    assert Ping(host=host).host == host


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("host", "is_near"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True), ("localhost", True),
        ("LOCALHOST.", True), ("db.localhost", True), ("0.0.0.0", True),
        ("10.0.0.1", True), ("192.168.1.1", True), ("fd00::1", True), ("[fe80::1]", True),
        ("192.0.2.1", False), ("example.com", False), ("localhost.example.com", False), ("2001:db8::1", False),
    ],
)  # fmt: skip
def test_what_is_on_this_machine_or_in_its_networks_is_near(kind: str, host: str, is_near: bool) -> None:
    assert KINDS[kind](host=host, port=1).is_near() is is_near


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_has_two_other_ways_and_an_address_none(kind: str) -> None:
    ways = dict(KINDS[kind](host="example.com", port=1, timeout=Seconds(3)).otherwise())
    assert set(ways) == {"over IPv4", "over IPv6"}
    assert all(way.timeout == 3 for way in ways.values())
    assert not list(KINDS[kind](host="192.0.2.1", port=1).otherwise())
    assert not list(KINDS[kind](host="example.com", port=1, family="ipv4").otherwise())


def test_one_family_is_looked_at_alone() -> None:
    with serving(lambda sock: sock.recv(1)) as port:
        assert Tcp(host="localhost", port=port, family="ipv4").look().is_well
        other = Tcp(host="localhost", port=port, family="ipv6").look()
    assert other.health is Health.DOWN
    assert "::1" in other.detail or "has no IPv6 address" in other.detail  # as /etc/hosts has it


def test_a_family_that_a_name_does_not_have_is_down_where_it_was_chosen_and_no_opinion_elsewhere() -> None:
    chosen = Tcp(host="127.0.0.1", port=1, family="ipv6")
    assert chosen.look().health is Health.DOWN
    assert "IPv6" in chosen.look().detail
    assert Perhaps(chosen).look_on(NOW).health is Health.UNKNOWN


@pytest.mark.parametrize("kind", KINDS)
def test_another_tocsin_can_look_with_the_same_settings(kind: str) -> None:
    more: dict[str, dict[str, object]] = {
        "tcp": {"dialogue": (Step(send="a"), Step(send_secret=Secret("b"), expect="c")), "starttls": "imap"},
        "redis": {"password": Secret("x"), "info": True},
        "zmq": {"server_key": KEY, "secret_key": Secret(KEY), "send": ("a", "b")},
    }
    probe = KINDS[kind](host="example.com", port=4_321, family="ipv6", timeout=Seconds(3), **more.get(kind, {}))
    assert probe.FOR_OTHERS
    assert unpacked(type(probe), packed(probe)) == probe  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["ca_file", "cert_file", "key_file"])
def test_files_of_this_machine_are_nobody_elses_to_name(kind: str, name: str) -> None:
    if kind in {"ssh", "zmq"}:
        with pytest.raises(ValueError, match="no setting"):
            unpacked(KINDS[kind], {"host": "a", "port": 1, name: "/etc/shadow"})  # type: ignore[arg-type]
        return
    with pytest.raises(ValueError, match="names a file of this machine"):
        unpacked(KINDS[kind], {"host": "a", "port": 1, name: "/etc/shadow"})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_on_the_page_can_be_used(kind: str, tmp_path: Path) -> None:
    (tmp_path / "zmq.secret").write_text(KEY)
    (tmp_path / "zmq.secret").chmod(0o600)
    assert any(type(probe) is KINDS[kind] for probe in shown_on_the_page(kind, tmp_path, **ENVIRON).values())
