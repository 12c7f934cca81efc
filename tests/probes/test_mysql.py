"""The mysql probe against Debian's MariaDB, and against what the protocol's documentation says of MySQL."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from daemon.probes.mysql import Mysql
from daemon.reading import Health, Reading
from daemon.units import Seconds
from fake_mysql import CAPABLE, DENIED, SALT, error, greeting, packet
from needs import need_program
from raw_server import Speak, serving
from real_servers import Server, mariadb_server
from until import until

MOST_ERRORS = 4  # after which the server blocks a host


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with mariadb_server(f"--max-connect-errors={MOST_ERRORS}", "--max-connections=10") as running:
        yield running


def look(server: Server, **more: object) -> Reading:
    return Mysql(host=server.host, port=server.port, **more).look()  # type: ignore[arg-type]


def answered(speak: Speak, **more: object) -> Reading:
    with serving(speak) as port:
        return Mysql(host="127.0.0.1", port=port, timeout=Seconds(0.5), **more).look()  # type: ignore[arg-type]


def says(*answers: bytes, heard: list[bytes] | None = None) -> Speak:
    """Greet with the first, answer with the others one by one."""

    def speak(sock: socket.socket) -> None:
        for answer in answers:
            sock.sendall(answer)
            said = sock.recv(4096)
            if heard is not None:
                heard.append(said)

    return speak


def test_a_server_that_turns_a_stranger_away_serves(server: Server) -> None:
    reading = look(server)
    assert reading.is_well
    version = reading.values["version"]
    assert "MariaDB" in version
    assert not version.startswith("5.5.5-")
    assert reading.detail == f"takes connections, version {version}"
    assert reading.values["code"] in {1045, 1698}
    assert list(reading.phases) == ["resolve", "connect", "first_byte", "total"]


def test_through_tls_it_shows_its_certificate(server: Server) -> None:
    reading = look(server, tls=True, ca_file=server.ca_file)
    assert reading.is_well
    assert list(reading.phases) == ["resolve", "connect", "first_byte", "starttls", "tls", "total"]
    assert 0 < reading.values["cert.days"] <= 1
    assert look(server, tls=True).detail == "the certificate is not accepted: self-signed certificate"


def test_it_is_not_shut_out_for_looking_often(server: Server) -> None:
    """Whoever only reads the greeting is blocked after `max_connect_errors`; so would tocsin be, and then call."""
    if server.host == "127.0.0.1":
        pytest.skip("this machine has no address but loopback, for which MariaDB does not count")
    mariadb(server, "flush hosts")
    for tls in (False, True):
        for _ in range(MOST_ERRORS + 2):
            assert look(server, tls=tls, verify=False).is_well
    for _ in range(MOST_ERRORS):
        with socket.create_connection((server.host, server.port)) as careless:
            careless.recv(4096)
            careless.shutdown(socket.SHUT_WR)
            while careless.recv(4096):  # until the server has noticed, and counted it
                pass
    blocked = look(server)
    assert blocked.health is Health.DOWN
    assert blocked.values["code"] == 1129
    assert "is blocked because of many connection errors" in blocked.detail
    mariadb(server, "flush hosts")
    assert look(server).is_well


def test_one_that_has_no_room_is_degraded(server: Server) -> None:
    mariadb(server, "set global max_connections = 10")
    with ExitStack() as held:
        for _ in range(11):  # one more than may come, for the administrator
            sock = held.enter_context(socket.create_connection((server.host, server.port)))
            sock.recv(4096)
        reading = look(server)
        assert reading.health is Health.DEGRADED
        assert reading.detail == "Too many connections (1040)"
    mariadb(server, "flush hosts")


def mariadb(server: Server, command: str) -> None:
    program = need_program("mariadb", "mariadb-server")
    subprocess.run([program, "-uroot", "-S", server.home / "socket", "-e", command], check=True, timeout=10)


def test_it_speaks_as_the_protocol_wants_it() -> None:
    heard: list[bytes] = []
    switch = packet(2, b"\xfemysql_native_password\0" + SALT + b"\0")
    reading = answered(says(greeting(), switch, error(4, 1045, b"no", b"28000"), heard=heard))
    assert reading.is_well
    assert reading.values["version"] == "8.4.3"
    login = heard[0]
    assert login[:4] == (len(login) - 4).to_bytes(3, "little") + b"\1"
    able = int.from_bytes(login[4:8], "little")
    assert able & 0x0200
    assert able & 0x08_0000
    assert not able & 0x0800
    assert login[36:] == b"tocsin\0\0caching_sha2_password\0"
    assert heard[1] == packet(3, b"")


def test_who_is_let_in_says_goodbye() -> None:
    heard: list[bytes] = []
    assert answered(says(greeting(), packet(2, b"\0\0\0\2\0\0\0"), heard=heard)).is_well
    until(lambda: len(heard) > 1)
    assert heard[1] == packet(0, b"\1")


@pytest.mark.parametrize(
    ("answers", "health", "detail"),
    [
        ([error(0, 1040, b"Too many connections")], Health.DEGRADED, "Too many connections (1040)"),
        ([error(0, 1040, b"Too many connections", b"08004")], Health.DEGRADED, "Too many connections (1040)"),
        ([error(0, 1129, b"Host 'x' is blocked")], Health.DOWN, "Host 'x' is blocked (1129)"),
        ([error(0, 1130, b"Host 'x' is not allowed")], Health.UP, "takes connections: Host 'x' is not allowed (1130)"),
        ([greeting(), DENIED], Health.UP, "takes connections, version 8.4.3"),
        ([greeting(b"5.5.5-10.11.6-MariaDB"), DENIED], Health.UP, "takes connections, version 10.11.6-MariaDB"),
        ([greeting(), error(2, 3159, b"insecure", b"HY000")], Health.UP, "takes connections, version 8.4.3"),
        (
            [greeting(), error(2, 1053, b"Server shutdown in progress")],
            Health.DOWN,
            "Server shutdown in prog",
        ),
        ([packet(0, b"\xff")], Health.DOWN, "nothing that can be shown (0)"),
        ([packet(0, b"\x09" + b"3.20\0" + b"x" * 30)], Health.DOWN, "it does not speak as MySQL does: 3.20"),
        ([packet(0, b"\x0a" + b"8" * 50)], Health.DOWN, "it does not speak as MySQL does: 888"),
        ([packet(0, b"\x0a8.0\0" + b"x" * 14)], Health.DOWN, "it does not speak as MySQL does: 8.0"),
        ([packet(0, b"\x0a8.0\0" + b"x" * 15), DENIED], Health.UP, "takes connections, version 8.0"),
        ([packet(0, b"\x0a8.0\0" + b"\xff" * 40), DENIED], Health.UP, "takes connections, version 8.0"),
        ([packet(0, b"\x0a\x1b[31m\0" + b"x" * 40), DENIED], Health.UP, "takes connections, version [31m"),
        ([b"\0\0\0\0"], Health.DOWN, "it does not speak as MySQL does: nothing that can be shown"),
        ([b"\xff\xff\xff\0"], Health.DOWN, "it does not speak as MySQL does"),
        ([b"HTTP/1.1 400 Bad Request\r\n"], Health.DOWN, "it does not speak as MySQL does: HTTP/1.1 400"),
        ([b"SSH-2.0-OpenSSH_9.2p1\r\n"], Health.DOWN, "it does not speak as MySQL does: SSH-2.0-OpenSSH"),
        ([b"\x15\x03\x03\0\x02\x02\x46"], Health.DOWN, "it does not speak as MySQL does: a TLS alert"),
        ([greeting(), packet(2, b"\x7fwhat")], Health.DOWN, "it does not speak as MySQL does:"),
        ([greeting(), *[packet(2, b"\xfex\0")] * 9], Health.DOWN, "it asks 5 times for more"),
        ([greeting()], Health.DOWN, "the connection was closed too early"),
    ],
)
def test_what_it_says_is_weighed(answers: list[bytes], health: Health, detail: str) -> None:
    reading = answered(says(*answers))
    assert reading.detail.startswith(detail)
    assert reading.health is health


@pytest.mark.parametrize(
    ("answers", "detail"),
    [
        ([greeting(able=CAPABLE & ~0x0800)], "the server does not offer TLS"),
        ([greeting() + b"more"], "the server went on in the clear before TLS: more"),
        ([greeting(), b"junk instead of TLS"], "TLS failed"),
    ],
)
def test_tls_that_is_not_to_be_had_is_down(answers: list[bytes], detail: str) -> None:
    reading = answered(says(*answers), tls=True)
    assert reading.health is Health.DOWN
    assert reading.detail.startswith(detail)
    assert "tls" not in reading.phases


def test_settings_that_can_never_work_are_refused() -> None:
    with pytest.raises(ValueError, match="it needs a name"):
        Mysql(host="a", user="")
    assert Mysql(host="a").target() == "a:3306"
