"""The smtp probe against a mail server that keeps to the rules, and against others."""

import socket
import ssl
from pathlib import Path

import pytest

from certificates import certificate
from daemon.probes.smtp import Smtp
from daemon.reading import Health, Reading
from daemon.units import Seconds
from fake_smtp import FakeSmtp, drop, endless
from raw_server import serving
from until import until

PLAIN = ["resolve", "connect", "first_byte", "total"]
OFFERED = ["PIPELINING", "SIZE 10240000", "8BITMIME", "ENHANCEDSTATUSCODES"]


@pytest.fixture(scope="module")
def cert(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return certificate(tmp_path_factory.mktemp("cert"), "127.0.0.1")


def look(server: FakeSmtp, timeout: float = 2, **more: object) -> Reading:
    return Smtp(host="127.0.0.1", port=server.port, timeout=Seconds(timeout), **more).look()  # type: ignore[arg-type]


def answers(*answers: bytes, **more: object) -> Reading:
    """What is made of these, the first as the greeting."""

    def speak(sock: socket.socket) -> None:
        for answer in answers:
            sock.sendall(answer)
            sock.recv(4096)

    with serving(speak) as port:
        return Smtp(host="127.0.0.1", port=port, timeout=Seconds(0.5), **more).look()  # type: ignore[arg-type]


def test_a_server_that_takes_calls_is_up_with_what_it_offers() -> None:
    with FakeSmtp() as server:
        reading = look(server)
        until(lambda: len(server.commands) > 1)
    assert reading.is_well
    assert reading.detail == "220 mx.example.com ESMTP"
    assert list(reading.phases) == PLAIN
    assert reading.values == {
        "ip": "127.0.0.1",
        "code": 250,
        "banner": "mx.example.com ESMTP",
        "extensions": OFFERED,
    }
    assert server.commands == ["EHLO [127.0.0.1]", "QUIT"]
    assert not server.wrongs
    assert not server.mails


def test_it_introduces_itself_as_the_settings_say() -> None:
    with FakeSmtp() as server:
        assert look(server, helo="monitor.example.com").is_well
        assert server.commands[0] == "EHLO monitor.example.com"


def test_starttls_is_tried_and_the_certificate_shown(cert: tuple[Path, ssl.SSLContext]) -> None:
    pem, context = cert
    with FakeSmtp(security="starttls", context=context) as server:
        reading = look(server, starttls=True, ca_file=str(pem))
        assert reading.is_well
        assert list(reading.phases) == ["resolve", "connect", "first_byte", "starttls", "tls", "total"]
        assert 0 < reading.values["cert.days"] <= 1
        assert reading.values["extensions"] == OFFERED  # what it offers in the tunnel
        assert look(server).values["extensions"] == [*OFFERED, "STARTTLS"]
        assert look(server, starttls=True).detail == "the certificate is not accepted: self-signed certificate"


def test_tls_from_the_start(cert: tuple[Path, ssl.SSLContext]) -> None:
    pem, context = cert
    with FakeSmtp(security="tls", context=context) as server:
        reading = look(server, tls=True, ca_file=str(pem))
        assert reading.is_well
        assert list(reading.phases) == ["resolve", "connect", "tls", "first_byte", "total"]
        assert look(server, timeout=0.3).detail == "no answer within 0.3s, stuck at first byte"
    with FakeSmtp() as server:
        assert look(server, tls=True).detail == "TLS failed: wrong version number"


def test_starttls_that_is_not_offered_or_refused_is_down() -> None:
    with FakeSmtp() as server:
        assert look(server, starttls=True).detail == "the server does not offer STARTTLS"
    refused = answers(b"220 x\r\n", b"250-x\r\n250 starttls\r\n", b"454 4.7.0 not now\r\n", starttls=True)
    assert refused.detail == "454 4.7.0 not now (answer to STARTTLS)"
    assert refused.values["code"] == 454


def test_what_comes_in_the_clear_after_starttls_is_not_taken_for_the_servers() -> None:
    more = b"220 go ahead\r\n250-x\r\n250 INJECTED\r\n"
    reading = answers(b"220 x\r\n", b"250-x\r\n250 STARTTLS\r\n", more, starttls=True)
    assert reading.detail.startswith("the server went on in the clear after it agreed to TLS")
    assert "INJECTED" not in reading.values["extensions"]


@pytest.mark.parametrize(
    ("answers_", "detail", "code"),
    [
        ([b"220-one\r\n220-two\r\n220 three\r\n", b"250 x\r\n"], "220 one two three", 250),
        ([b"220\r\n", b"250\r\n"], "220", 250),
        ([b"220 x\n", b"250-x\n250 SIZE\n"], "220 x", 250),
    ],
)
def test_every_proper_answer_is_up(answers_: list[bytes], detail: str, code: int) -> None:
    reading = answers(*answers_)
    assert reading.is_well
    assert reading.detail == detail
    assert reading.values["code"] == code


@pytest.mark.parametrize(
    ("answers_", "detail", "code"),
    [
        ([b"421 4.3.2 too many connections\r\n"], "421 4.3.2 too many connections (greeting)", 421),
        ([b"554 5.7.1 \x1b[31mgo away\r\n"], "554 5.7.1 [31mgo away (greeting)", 554),
        ([b"220 x\r\n", b"502 5.5.1 what?\r\n"], "502 5.5.1 what? (answer to EHLO)", 502),
        ([b"250 x\r\n"], "its greeting is out of turn: 250 x", 250),
        ([b"220 x\r\n", b"220 x\r\n"], "its answer to EHLO is out of turn: 220 x", 220),
        ([b"220-x\r\n250 y\r\n"], "it does not speak SMTP: 250 y", 220),
        ([b"220-x\r\n" * 200], "its greeting has more than 100 lines", 220),
        ([b"220 " + b"x" * 5_000], "it says more than 2048 bytes without the end of a line: 220 xxx", None),
        ([b"SSH-2.0-OpenSSH_9.2p1\r\n"], "it does not speak SMTP: SSH-2.0-OpenSSH_9.2p1", None),
        ([b"HTTP/1.1 400 Bad Request\r\n"], "it does not speak SMTP: HTTP/1.1 400 Bad Request", None),
        ([b"+OK POP3 ready\r\n"], "it does not speak SMTP: +OK POP3 ready", None),
        ([b"\xb2\xb2\xb0 x\r\n"], "it does not speak SMTP: ", None),
        ([b"2200 x\r\n"], "it does not speak SMTP: 2200 x", None),
        ([b"\r\n"], "it does not speak SMTP: nothing that can be shown", None),
        ([b"220 x"], "no answer within 0.5s, stuck at greeting", None),
    ],
)
def test_what_is_not_well_is_down_with_what_it_said(answers_: list[bytes], detail: str, code: int | None) -> None:
    reading = answers(*answers_)
    assert reading.health is Health.DOWN
    assert reading.detail.startswith(detail)
    assert reading.values.get("code") == code


def test_one_that_hangs_up_or_never_ends_is_down() -> None:
    with FakeSmtp() as server:
        server.then("CONNECT", drop)
        assert look(server).detail == "the connection was closed without an answer"
        server.then("CONNECT", endless)
        assert look(server).detail.startswith("it says more than 2048 bytes without the end of a line: 220-xxx")


def test_settings_that_can_never_work_are_refused() -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        Smtp(host="a", tls=True, starttls=True)
    with pytest.raises(ValueError, match="is not a host name"):
        Smtp(host="a", helo="x\r\nRCPT TO:<a@b>")
    assert Smtp(host="a").target() == "a:25"
