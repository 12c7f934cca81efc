"""The ssh probe against Debian's OpenSSH, and against others."""

import socket
from collections.abc import Iterator

import pytest

from daemon import __version__
from daemon.probes.ssh import Ssh
from daemon.reading import Health, Reading
from daemon.units import Seconds
from raw_server import serving
from real_servers import Server, ssh_server
from until import until


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with ssh_server() as running:
        yield running


def answers(answer: bytes) -> Reading:
    """What is made of this answer."""

    def speak(sock: socket.socket) -> None:
        sock.sendall(answer)
        sock.recv(1)

    with serving(speak) as port:
        return Ssh(host="127.0.0.1", port=port, timeout=Seconds(0.5)).look()


def test_openssh_is_up_with_its_banner(server: Server) -> None:
    reading = Ssh(host=server.host, port=server.port).look()
    assert reading.is_well
    assert reading.detail.startswith("SSH-2.0-OpenSSH_")
    assert reading.values["banner"] == reading.evidence["banner"] == reading.detail
    assert reading.values["version"].startswith("OpenSSH_")
    assert reading.values["protocol"] == "2.0"
    assert list(reading.phases) == ["resolve", "connect", "first_byte", "total"]


def test_its_log_has_one_line_and_no_error() -> None:
    with ssh_server() as server:
        # Whether it runs was found out by a connection without a word, and of that it complains.
        until(lambda: "kex_exchange_identification" in server.log and "\nConnection " in server.log, within=5)
        before = server.log
        assert Ssh(host=server.host, port=server.port).look().is_well
        until(lambda: server.log.removeprefix(before).endswith("[preauth]\n"), within=5, why=lambda: server.log)
        (line,) = server.log.removeprefix(before).strip().splitlines()
    assert line.startswith(("Connection closed by", "Connection reset by"))


def test_one_that_turns_away_whoever_comes_is_down_with_its_reason() -> None:
    with ssh_server("MaxStartups=1:100:1") as server, socket.create_connection((server.host, server.port)) as first:
        first.recv(4096)
        reading = Ssh(host=server.host, port=server.port, timeout=Seconds(1)).look()
        assert reading.health is Health.DOWN
        assert reading.detail == "the connection was closed too early, after: Exceeded MaxStartups"


def test_we_say_who_we_are() -> None:
    heard = []

    def speak(sock: socket.socket) -> None:
        sock.sendall(b"SSH-2.0-x\r\n")
        heard.append(sock.recv(4096))

    with serving(speak) as port:
        assert Ssh(host="127.0.0.1", port=port).look().is_well
        until(lambda: heard)
    assert heard == [f"SSH-2.0-tocsin_{__version__}\r\n".encode()]


@pytest.mark.parametrize(
    ("answer", "version", "protocol"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", "OpenSSH_9.2p1", "2.0"),
        (b"SSH-2.0-dropbear\n", "dropbear", "2.0"),
        (b"Welcome!\r\n\r\nNo trespassing.\r\nSSH-1.99-Cisco-1.25\r\n", "Cisco-1.25", "1.99"),
        (b"SSH-2.0-" + b"x" * 247 + b"\r\n", "x" * 247, "2.0"),
        (b"SSH-2.0-a \xff\xfe\r\n", "a", "2.0"),
        (b"hello\n" * 99 + b"SSH-2.0-late\r\nand more", "late", "2.0"),
    ],
)
def test_every_proper_banner_is_up(answer: bytes, version: str, protocol: str) -> None:
    reading = answers(answer)
    assert reading.is_well
    assert reading.values["version"] == version
    assert reading.values["protocol"] == protocol


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (b"SSH-1.5-old\r\n", "it speaks the protocol 1.5 only: SSH-1.5-old"),
        (b"SSH-\r\n", "it does not introduce itself as SSH does: SSH-"),
        (b"SSH-2.0\r\n", "it does not introduce itself as SSH does: SSH-2.0"),
        (b"SSH-2.0-\r\n", "it does not introduce itself as SSH does: SSH-2.0-"),
        (b"SSH-2.0-" + b"x" * 248 + b"\r\n", "its banner has more than 255 bytes: SSH-2.0-xx"),
        (b"hello\n" * 200, "it says 100 lines and more, and none is an SSH banner: hello hello"),
        (b"x" * 10_000, "it says more than 4096 bytes without the end of a line: xxx"),
        (b"220 mail.example ESMTP\r\n", "no answer within 0.5s, stuck at banner"),
        (b"\x1b]0;evil\x07SSH-2.0-x\r\n", "no answer within 0.5s, stuck at banner"),
        (b"", "no answer within 0.5s, stuck at first byte"),
    ],
)
def test_what_is_no_ssh_server_is_down_with_what_it_said(answer: bytes, detail: str) -> None:
    reading = answers(answer)
    assert reading.health is Health.DOWN
    assert reading.detail.startswith(detail)


def test_the_port_is_the_usual_one() -> None:
    assert Ssh(host="a").target() == "a:22"
