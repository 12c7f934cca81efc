"""The redis probe against Debian's Redis in good and bad states, and against others."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.probes.redis import Redis
from daemon.reading import Health, Reading
from daemon.secret import Secret
from daemon.units import Seconds
from raw_server import Speak, serving
from real_servers import PASSWORD, Server, redis_server
from until import until

PHASES = ["resolve", "connect", "first_byte", "total"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with redis_server() as running:
        yield running


@pytest.fixture(scope="module")
def locked() -> Iterator[Server]:
    with redis_server("--requirepass", PASSWORD) as running:
        told(running, f"AUTH {PASSWORD}", f"ACL SETUSER lin on >{PASSWORD}2 +ping").close()
        yield running


def look(server: Server, **more: object) -> Reading:
    return Redis(host=server.host, port=server.port, **more).look()  # type: ignore[arg-type]


def told(server: Server, *commands: str) -> socket.socket:
    """Say these to the server over a connection that stays open."""
    sock = socket.create_connection((server.host, server.port))
    for command in commands:
        sock.sendall(f"{command}\r\n".encode())
        assert not sock.recv(4096).startswith(b"-"), command
    return sock


def answers(answer: bytes, **more: object) -> Reading:
    """What is made of this answer."""

    def speak(sock: socket.socket) -> None:
        sock.recv(4096)
        sock.sendall(answer)
        sock.recv(1)

    return answered(speak, **more)


def answered(speak: Speak, **more: object) -> Reading:
    with serving(speak) as port:
        return Redis(host="127.0.0.1", port=port, timeout=Seconds(0.5), **more).look()  # type: ignore[arg-type]


def test_a_server_that_answers_is_up(server: Server) -> None:
    reading = look(server)
    assert reading.is_well
    assert reading.detail == "PONG"
    assert list(reading.phases) == PHASES
    assert reading.values == {"ip": "127.0.0.1"}


def test_info_says_who_it_is(server: Server) -> None:
    reading = look(server, info=True)
    assert reading.detail == "PONG of a master"
    assert reading.values["redis.role"] == "master"
    assert reading.values["redis.clients"] >= 1
    assert reading.values["redis.memory"] > 100_000
    assert reading.values["redis.replicas"] == 0
    assert reading.values["redis.version"][0].isdigit()
    assert "redis.link" not in reading.values
    assert reading.evidence["info"].startswith("version ")


def test_through_tls_it_shows_its_certificate(server: Server) -> None:
    port = int((server.home / "tls").read_text())
    reading = Redis(host="127.0.0.1", port=port, tls=True, ca_file=server.ca_file).look()
    assert reading.is_well
    assert list(reading.phases) == ["resolve", "connect", "tls", "first_byte", "total"]
    assert 0 < reading.values["cert.days"] <= 1
    assert "CN=127.0.0.1" in reading.evidence["certificate"]
    assert not Redis(host="127.0.0.1", port=port, tls=True).look().is_well
    assert Redis(host="127.0.0.1", port=port, tls=True, verify=False).look().is_well


def test_in_the_clear_where_tls_is_wanted_and_the_reverse(server: Server) -> None:
    port = int((server.home / "tls").read_text())
    plain = Redis(host="127.0.0.1", port=port, timeout=Seconds(0.5)).look()
    assert plain.detail in {
        "the connection was closed without an answer",
        "connection reset by peer",
        "the connection was closed too early, after: a TLS alert",
    }
    tunnel = Redis(host="127.0.0.1", port=server.port, tls=True, timeout=Seconds(0.5)).look()
    assert tunnel.detail == "no answer within 0.5s, stuck at tls"  # Redis waits for the end of a line


@pytest.mark.parametrize(("user", "password"), [("", PASSWORD), ("default", PASSWORD), ("lin", f"{PASSWORD}2")])
def test_the_right_password_opens(locked: Server, user: str, password: str) -> None:
    assert look(locked, user=user, password=Secret(password)).detail == "PONG"


def test_without_or_with_a_wrong_password_it_is_down_and_the_password_is_not_shown(locked: Server) -> None:
    without = look(locked)
    assert without.health is Health.DOWN
    assert without.detail.startswith("NOAUTH ")
    assert without.values["redis.error"] == "NOAUTH"
    wrong = look(locked, password=Secret("not-" + PASSWORD))
    assert wrong.detail.startswith("WRONGPASS ")
    assert PASSWORD not in repr(wrong)


def test_info_that_is_not_allowed_is_degraded(locked: Server) -> None:
    reading = look(locked, user="lin", password=Secret(f"{PASSWORD}2"), info=True)
    assert reading.health is Health.DEGRADED
    assert reading.detail.startswith("PONG, but INFO is refused: NOPERM")


def test_a_server_that_repeats_the_password_does_not_make_us_show_it() -> None:
    error = f"-ERR unknown command `AUTH`, with args beginning with: `{PASSWORD}`,\r\n".encode()
    reading = answers(error, password=Secret(PASSWORD))
    assert reading.detail == "ERR unknown command `AUTH`, with args beginning with: `***`,"
    assert PASSWORD not in repr(reading)
    assert PASSWORD not in repr(Redis(host="x", password=Secret(PASSWORD)))


def test_a_replica_without_its_master_is_down() -> None:
    with redis_server("--replicaof", "127.0.0.1 1", "--replica-serve-stale-data", "no") as server:
        reading = look(server)
        assert reading.health is Health.DOWN
        assert reading.detail.startswith("MASTERDOWN ")
        told(server, "CONFIG SET replica-serve-stale-data yes").close()
        patient = look(server, info=True)
        assert patient.detail == "PONG of a replica"
        assert patient.values["redis.link"] == "down"


def test_one_that_cannot_save_is_degraded() -> None:
    with redis_server("--save", "3600 1", "--enable-protected-configs", "yes") as server:
        told(server, "CONFIG SET dir /", "SET a b", "BGSAVE").close()  # nobody may write there
        until(lambda: look(server).health is not Health.UP, within=5)
        reading = look(server)
        assert reading.health is Health.DEGRADED
        assert reading.detail.startswith("MISCONF ")
        told(server, 'CONFIG SET save ""').close()  # or it would not end


def test_one_that_is_full_is_degraded_and_one_that_is_busy_is_down(server: Server) -> None:
    with told(server, "CONFIG SET maxclients 1"), told(server):
        reading = look(server)
        assert reading.health is Health.DEGRADED
        assert reading.detail == "ERR max number of clients reached"
    with told(server, "CONFIG SET maxclients 100", "CONFIG SET busy-reply-threshold 1") as busy:
        busy.sendall(b'EVAL "while true do end" 0\r\n')
        until(lambda: not look(server, timeout=Seconds(0.5)).is_well, within=5)
        assert look(server).detail.startswith("BUSY ")
        told(server, "SCRIPT KILL").close()


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (b"-LOADING Redis is loading the dataset in memory\r\n", "LOADING Redis is loading the dataset in memory"),
        (b"-DENIED Redis is running in protected mode\r\n", "DENIED Redis is running in protected mode"),
        (b"+PONGO\r\n", "it does not speak as Redis does: +PONGO"),
        (b"$4\r\nPONG\r\n", "it does not speak as Redis does: $4"),
        (b"ERROR\r\n", "it does not speak as Redis does: ERROR"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it does not speak as Redis does: HTTP/1.1 400 Bad Request"),
        (b"-\x1b[31m\x00evil\x07\r\n", "[31m evil"),
        (b"+PONG", "no answer within 0.5s, stuck at answer to PING"),
        (b"x" * 5_000, "it says more than 4096 bytes without the end of a line: xxx"),
    ],
)
def test_another_answer_is_down_with_what_it_was(answer: bytes, detail: str) -> None:
    reading = answers(answer)
    assert reading.health is Health.DOWN
    assert reading.detail.startswith(detail)


@pytest.mark.parametrize(
    ("info", "detail"),
    [
        (b"+OK\r\n", "it answers INFO with: +OK"),
        (b"$-1\r\n", "it answers INFO with: $-1"),
        (b"$999999999999\r\n", "it answers INFO with: $999999999999"),
        (b"$999999\r\nx", "it announces 1000001 bytes, which is not what was expected"),
        (b"$\xb2\r\n", "it answers INFO with: $"),
    ],
)
def test_an_info_that_is_none_is_down(info: bytes, detail: str) -> None:
    reading = answers(b"+PONG\r\n" + info, info=True)
    assert reading.health is Health.DOWN
    assert reading.detail.startswith(detail)


def test_an_info_full_of_rubbish_gives_what_can_be_read_of_it() -> None:
    lines = [b"role:slave", b"used_memory:-1", b"connected_clients:\xd9\xa3", b"connected_slaves:" + b"9" * 5_000]
    info = b"\r\n".join([*lines, b"master_link_status", b":", b"redis_version:7", b""])
    reading = answers(b"+PONG\r\n$%d\r\n%s\r\n" % (len(info), info), info=True)
    assert reading.is_well
    assert reading.values == {"ip": "127.0.0.1", "redis.role": "replica", "redis.version": "7"}


def test_settings_that_can_never_work_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="user is given without a password"):
        Redis(host="a", user="lin")
    with pytest.raises(ValueError, match="host is empty"):
        Redis(host=" ")
    assert Redis(host="a").target() == "a:6379"
    assert Redis(host="a", tls=True, ca_file=str(tmp_path / "none")).target() == "a:6379"
