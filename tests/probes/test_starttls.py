"""STARTTLS in eight protocols, against servers that agree, refuse, say nothing and say too much."""

import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest

from certificates import certificate
from daemon.probes.network import starttls
from daemon.probes.network.dial import Watch, dialled, measured, secured
from daemon.probes.network.starttls import Protocol, upgrade
from daemon.probes.network.trust import Trust
from daemon.reading import Reading
from raw_server import Speak, serving

# What the server says, and then what it waits for, in turn.
Lines = Sequence[tuple[bytes, bytes]]

MYSQL = b"\x0a8.0.36\0" + b"\1\0\0\0" + b"12345678\0" + b"\xff\xff" + b"\x21\2\0\xff\xdf\x15" + b"\0" * 10
XMPP = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='x' version='1.0'><stream:features>"
    b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
)
HELLO = (
    b"<?xml version='1.0'?><stream:stream to=\"127.0.0.1\" version='1.0' xmlns='jabber:client'"
    b" xmlns:stream='http://etherx.jabber.org/streams'>"
)
SPEAKS_FIRST = {"ldap", "postgres", "xmpp"}  # where the client does
GOOD: dict[Protocol, Lines] = {
    "smtp": [
        (b"220-mail.example\r\n220 ESMTP\r\n", b"EHLO [127.0.0.1]\r\n"),
        (b"250-mail.example\r\n250-PIPELINING\r\n250-starttls\r\n250 8BITMIME\r\n", b"STARTTLS\r\n"),
        (b"220 go ahead\r\n", b""),
    ],
    "imap": [(b"* OK ready\r\n", b"a1 STARTTLS\r\n"), (b"* CAPABILITY IMAP4rev1\r\na1 OK begin\r\n", b"")],
    "pop3": [(b"+OK ready\r\n", b"STLS\r\n"), (b"+OK begin\r\n", b"")],
    "ftp": [(b"220-Welcome\r\n it is nice here\r\n220 ready\r\n", b"AUTH TLS\r\n"), (b"234 ok\r\n", b"")],
    "ldap": [
        (b"", b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"),
        (b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00", b""),
    ],
    "postgres": [(b"", b"\0\0\0\x08\x04\xd2\x16\x2f"), (b"S", b"")],
    "mysql": [(len(MYSQL).to_bytes(3, "little") + b"\0" + MYSQL, b"\x20\0\0\x01\0\x8a\0\0\0\0\0\1\x21" + b"\0" * 23)],
    "xmpp": [
        (b"", HELLO),
        (XMPP, b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        (b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", b""),
    ],
}


@pytest.fixture(scope="module")
def cert(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return certificate(tmp_path_factory.mktemp("cert"), "127.0.0.1")


def speaking(lines: Lines) -> Speak:
    def speak(sock: socket.socket) -> None:
        for said, awaited in lines:
            sock.sendall(said)
            heard = b""
            while len(heard) < len(awaited):
                heard += sock.recv(len(awaited) - len(heard))
            assert heard == awaited
        sock.sendall(b"")

    return speak


def look(protocol: Protocol, speak: Speak, ca_file: str = "", timeout: float = 3) -> Reading:
    with serving(speak) as port:

        def talk(watch: Watch) -> str:
            with dialled("127.0.0.1", port, watch) as sock:
                upgrade(sock, protocol, "127.0.0.1", watch)
                with secured(sock, "127.0.0.1", Trust(ca_file=ca_file), watch) as tunnel:
                    return tunnel.recv(10).decode()

        return measured(timeout, talk)


@pytest.mark.parametrize("protocol", GOOD)
def test_after_the_words_of_the_protocol_tls_begins(protocol: Protocol, cert: tuple[Path, ssl.SSLContext]) -> None:
    pem, context = cert

    def speak(sock: socket.socket) -> None:
        speaking(GOOD[protocol])(sock)
        with context.wrap_socket(sock, server_side=True) as tunnel:
            tunnel.sendall(b"secret")

    reading = look(protocol, speak, str(pem))
    assert reading.detail == "secret"
    assert list(reading.phases) == ["resolve", "connect", "starttls", "tls"]


@pytest.mark.parametrize("protocol", GOOD)
def test_the_answer_may_come_byte_by_byte(protocol: Protocol) -> None:
    def speak(sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for said, awaited in GOOD[protocol]:
            for byte in said:
                sock.sendall(bytes([byte]))
            if awaited:
                sock.recv(4096)

    reading = look(protocol, speak)
    assert list(reading.phases) == ["resolve", "connect", "starttls"]


REFUSED: list[tuple[Protocol, Lines, str]] = [
    ("smtp", [(b"554 no\r\n", b"")], "the server does not agree to TLS, it says: 554 no"),
    ("smtp", [(b"220 x\r\n", b"EHLO [127.0.0.1]\r\n"), (b"250 x\r\n", b"")], "the server does not offer STARTTLS"),
    (
        "smtp",
        [
            (b"220 x\r\n", b"EHLO [127.0.0.1]\r\n"),
            (b"250-x\r\n250 STARTTLS\r\n", b"STARTTLS\r\n"),
            (b"454 not \x1b[31mnow\r\n", b""),
        ],
        "the server does not agree to TLS, it says: 454 not [31mnow",
    ),
    ("smtp", [(b"SSH-2.0-OpenSSH_9.2\r\n", b"")], "the server does not agree to TLS, it says: SSH-2.0-OpenSSH_9.2"),
    ("imap", [(b"* PREAUTH hello\r\n", b"")], "the server does not agree to TLS, it says: * PREAUTH hello"),
    (
        "imap",
        [(b"* OK\r\n", b"a1 STARTTLS\r\n"), (b"a1 BAD no\r\n", b"")],
        "the server does not agree to TLS, it says: a1",
    ),
    ("pop3", [(b"+OK\r\n", b"STLS\r\n"), (b"-ERR no\r\n", b"")], "the server does not agree to TLS, it says: -ERR no"),
    (
        "ftp",
        [(b"220 x\r\n", b"AUTH TLS\r\n"), (b"500 what\r\n", b"")],
        "the server does not agree to TLS, it says: 500",
    ),
    ("postgres", [(b"N", b"")], "the server does not offer TLS"),
    ("postgres", [(b"Ebad thing", b"")], "the server does not agree to TLS, it says: E"),
    ("mysql", [(b"\x0f\0\0\0\xff\x6a\x04Host blocked", b"")], "the server refused: Host blocked"),
    ("mysql", [(b"\x24\0\0\0" + MYSQL[:22] + b"\0\0" + b"\0" * 12, b"")], "the server 8.0.36 does not offer TLS"),
    (
        "mysql",
        [(b"HTTP/1.1 400 Bad Request\r\n\r\n", b"")],
        "the server does not speak as expected: 5526600 bytes at once",
    ),
    ("mysql", [(b"\0\0\0\0", b"")], "the server does not agree to TLS, it says: nothing that can be shown"),
    (
        "ldap",
        [(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\0\x04\0", b"")],
        "the server refused TLS with LDAP result",
    ),
    ("ldap", [(b"\x30\x84\0\0\0\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\0\x04\0", b"")], "the server refused TLS with"),
    ("ldap", [(b"\x30\x03\x02\x01\x01", b"")], "the server does not agree to TLS"),
    ("ldap", [(b"\x30\xff" + b"\xff" * 127, b"")], "the server does not speak as expected: "),
    ("ldap", [(b"HTTP/1.1 400", b"")], "the server does not agree to TLS, it says: HT"),
    ("xmpp", [(b"<stream:stream><stream:features/>", b"")], "the server does not offer STARTTLS"),
    ("xmpp", [(XMPP, b"x"), (b"<failure/>", b"")], "the server refused STARTTLS: <failure/>"),
]


@pytest.mark.parametrize(("protocol", "lines", "detail"), REFUSED)
def test_a_server_that_does_not_want_to_is_a_reason(protocol: Protocol, lines: Lines, detail: str) -> None:
    def speak(sock: socket.socket) -> None:
        if protocol in SPEAKS_FIRST:
            sock.recv(4096)
        for said, awaited in lines:
            sock.sendall(said)
            if awaited:
                sock.recv(4096)

    reading = look(protocol, speak)
    assert reading.detail.startswith(detail)
    assert list(reading.phases) == ["resolve", "connect"]


@pytest.mark.parametrize("protocol", GOOD)
def test_a_server_that_hangs_up_or_resets_is_a_reason(protocol: Protocol) -> None:
    def reset(sock: socket.socket) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()

    assert look(protocol, lambda _: None).detail in {"the connection was closed before TLS", "connection reset by peer"}
    assert look(protocol, reset).detail in {"connection reset by peer", "broken pipe"}


@pytest.mark.parametrize("protocol", GOOD)
def test_a_server_that_never_comes_to_the_point_is_cut_off(protocol: Protocol) -> None:
    def speak(sock: socket.socket) -> None:
        while True:
            sock.sendall(b"220-" + b"x" * 1_000)

    reading = look(protocol, speak)
    assert not reading.is_well
    assert "starttls" not in reading.phases


def test_what_is_said_in_the_clear_after_the_agreement_is_not_taken_for_what_comes_through_tls() -> None:
    lines = [(b"+OK\r\n", b"STLS\r\n"), (b"+OK\r\n+OK injected\r\n", b"")]
    reading = look("pop3", speaking(lines))
    assert reading.detail == "the server went on in the clear after it agreed to TLS: +OK injected"


def test_every_protocol_is_tested() -> None:
    assert set(GOOD) == set(starttls._TALKS)
