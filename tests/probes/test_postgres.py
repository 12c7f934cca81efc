"""The postgres probe against Debian's PostgreSQL in good and bad states, and against others."""

import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from daemon.probes.postgres import Postgres
from daemon.reading import Health, Reading
from daemon.units import Seconds
from fake_postgres import error, message
from raw_server import Speak, serving
from real_servers import Server, postgres_server
from until import until


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server("max_connections=5", "superuser_reserved_connections=2") as running:
        yield running


def look(server: Server, **more: object) -> Reading:
    return Postgres(host=server.host, port=server.port, **more).look()  # type: ignore[arg-type]


def answered(speak: Speak, **more: object) -> Reading:
    with serving(speak) as port:
        return Postgres(host="127.0.0.1", port=port, timeout=Seconds(0.5), **more).look()  # type: ignore[arg-type]


def answers(answer: bytes, **more: object) -> Reading:
    """What is made of this answer."""

    def speak(sock: socket.socket) -> None:
        sock.recv(4096)
        sock.sendall(answer)
        sock.recv(1)

    return answered(speak, **more)


def session(server: Server) -> socket.socket:
    """Come in as the user who needs no password, and stay."""
    sock = socket.create_connection((server.host, server.port))
    words = b"user\0open\0database\0postgres\0\0"
    sock.sendall(struct.pack(">II", len(words) + 8, 3 << 16) + words)
    heard = b""
    while b"Z\0\0\0\x05" not in heard:
        more = sock.recv(4096)
        assert more, heard
        heard += more
    return sock


def test_a_server_that_asks_for_a_password_is_up(server: Server) -> None:
    reading = look(server)
    assert reading.is_well
    assert reading.detail == "takes connections, and asks for scram-sha-256"
    assert list(reading.phases) == ["resolve", "connect", "first_byte", "total"]
    assert reading.values == {"ip": "127.0.0.1", "auth": "scram-sha-256"}


def test_where_no_password_is_needed_it_says_its_version(server: Server) -> None:
    reading = look(server, user="open", database="postgres")
    assert reading.detail == "takes connections"
    assert reading.values["auth"] == "trust"
    assert reading.values["version"][0].isdigit()


@pytest.mark.parametrize(
    ("user", "database", "state", "words"),
    [
        ("barred", "", "28000", 'pg_hba.conf rejects connection for host "127.0.0.1", user "barred", '),
        ("locked", "", "28000", 'pg_hba.conf rejects connection for host "127.0.0.1", user "locked", '),
        ("open", "nowhere", "3D000", 'database "nowhere" does not exist'),
    ],
)
def test_a_server_that_knows_whom_it_does_not_let_in_serves(
    server: Server, user: str, database: str, state: str, words: str
) -> None:
    reading = look(server, user=user, database=database)
    assert reading.is_well
    assert reading.detail.startswith(f"takes connections: {words}")
    assert reading.values["sqlstate"] == state


def test_through_tls_it_shows_its_certificate(server: Server) -> None:
    reading = look(server, user="locked", tls=True, ca_file=server.ca_file)
    assert reading.detail == "takes connections, and asks for scram-sha-256"
    assert list(reading.phases) == ["resolve", "connect", "starttls", "tls", "first_byte", "total"]
    assert 0 < reading.values["cert.days"] <= 1
    distrusted = look(server, tls=True)
    assert distrusted.detail == "the certificate is not accepted: self-signed certificate"
    assert "CN=127.0.0.1" in distrusted.evidence["certificate"]


def test_looking_leaves_no_word_in_the_servers_log(server: Server) -> None:
    before = server.log
    for tls in (False, True):
        assert look(server, tls=tls, ca_file=server.ca_file).is_well
    assert look(server, user="open", database="postgres").is_well
    assert look(server, user="barred").is_well  # is written down, and so what came before it was
    until(lambda: "barred" in server.log.removeprefix(before), within=5)
    lines = server.log.removeprefix(before).strip().splitlines()
    assert all("barred" in line or "Connection matched" in line for line in lines), lines


def test_one_that_has_no_room_is_degraded_with_that_reason(server: Server) -> None:
    with ExitStack() as sessions:
        for _ in range(3):
            sessions.enter_context(session(server))
        reading = look(server, user="open", database="postgres")
        assert reading.health is Health.DEGRADED
        assert reading.values["sqlstate"] == "53300"
        assert reading.detail.startswith("remaining connection slots are reserved")
        assert reading.detail.endswith("(53300)")
    until(lambda: look(server, user="open", database="postgres").is_well, within=5)


def test_one_that_is_shutting_down_is_down_with_that_reason() -> None:
    with postgres_server() as server, session(server):
        postmaster = int((server.home / "data" / "postmaster.pid").read_text().split()[0])
        assert postmaster == server.process.pid
        server.process.send_signal(signal.SIGTERM)  # it waits for the session
        until(lambda: not look(server).is_well, within=5)
        reading = look(server)
        assert reading.health is Health.DOWN
        assert reading.detail == "the database system is shutting down (57P03)"


@pytest.mark.parametrize(
    ("answer", "health", "detail"),
    [
        (
            error(b"57P03", b"the database system is starting up"),
            Health.DOWN,
            "the database system is starting up (57P03)",
        ),
        (
            error(b"53300", b"sorry, too many clients already"),
            Health.DEGRADED,
            "sorry, too many clients already (53300)",
        ),
        (error(b"XX000", b"\xff\x1b[2Jboom\r\nFATAL"), Health.DOWN, "� [2Jboom FATAL (XX000)"),
        (error(b"", b""), Health.DOWN, "nothing that can be shown (nothing that can be shown)"),
        (message(b"E", b""), Health.DOWN, "nothing that can be shown (nothing that can be shown)"),
        (message(b"R", b"\0\0\0\x05salt"), Health.UP, "takes connections, and asks for md5"),
        (message(b"R", b"\0\0\0\x63"), Health.DOWN, "it does not speak as PostgreSQL does: R c"),
        (message(b"R", b""), Health.DOWN, "it does not speak as PostgreSQL does: R"),
        (message(b"N", b"SNOTICE\0\0") + message(b"R", b"\0\0\0\x03"), Health.UP, "takes connections, and asks for"),
        (message(b"N", b"") * 101, Health.DOWN, "it says 100 messages without coming to the point"),
        (b"Ecould not fork new process\n\0", Health.DOWN, "it does not speak as PostgreSQL does: Ecould not fork"),
        (b"R\xff\xff\xff\xff", Health.DOWN, "it does not speak as PostgreSQL does: R"),
        (b"R\0\0\0\0", Health.DOWN, "it does not speak as PostgreSQL does: R"),
        (b"R\0\0\x1f\xff" + b"x" * 100, Health.DOWN, "no answer within 0.5s, stuck at answer to the start"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Health.DOWN, "it does not speak as PostgreSQL does: HTTP/1.1 400"),
        (b"\x15\x03\x01\0\x02\x02\x46", Health.DOWN, "it does not speak as PostgreSQL does: a TLS alert"),
        (message(b"R", b"\0\0\0\0") + message(b"S", b"server_version\x0017\0") + b"Z", Health.DOWN, "no answer within"),
    ],
)
def test_another_answer_is_judged_by_what_it_says(answer: bytes, health: Health, detail: str) -> None:
    reading = answers(answer)
    assert reading.detail.startswith(detail)
    assert reading.health is health


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (b"N", "the server does not offer TLS"),
        (b"S" + error(b"28000", b"injected"), "the server went on in the clear after it agreed to TLS"),
        (b"HTTP/1.1 400", "the server does not agree to TLS, it says: HTTP/1.1 400"),
    ],
)
def test_tls_that_is_not_to_be_had_is_down(answer: bytes, detail: str) -> None:
    reading = answers(answer, tls=True)
    assert reading.health is Health.DOWN
    assert reading.detail.startswith(detail)


def test_settings_that_can_never_work_are_refused() -> None:
    with pytest.raises(ValueError, match="user is empty"):
        Postgres(host="a", user="")
    with pytest.raises(ValueError, match="zero bytes"):
        Postgres(host="a", database="a\0b")
    assert Postgres(host="::1").target() == "[::1]:5432"
