"""Mail over SMTP: encryption, credentials, and settings that cannot be used."""

import logging
import ssl
import traceback
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from channel_samples import CANARY
from daemon.errors import Scope, SendError, SendFailed, SendRefused
from daemon.notice import Acceptance, Recipient
from daemon.secret import Secret
from daemon.senders.smtp import PORTS, Smtp
from daemon.senders.smtp_sessions import LOCKED_FOR
from daemon.senders.smtp_talk import spelled
from fake_clock import FakeClock
from fake_smtp import LOCKS_AFTER, FakeSmtp, Says, drop, hang
from messages import message
from opened import mailer
from raw_server import certificate

LIN = Recipient(name="lin", address="lin@example.com")
USER = {"user": "alert", "password": Secret(CANARY)}


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ssl.SSLContext]:
    """The file of an authority, and what a server of 127.0.0.1 shows."""
    return known(tmp_path_factory.mktemp("trust"), "IP:127.0.0.1")


def known(folder: Path, name: str) -> tuple[str, ssl.SSLContext]:
    pem, key = certificate(folder, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    return str(pem), context


@pytest.fixture(params=["tls", "starttls"])
def safe(request: pytest.FixtureRequest, trust: tuple[str, ssl.SSLContext]) -> Iterator[FakeSmtp]:
    with FakeSmtp(security=request.param, context=trust[1], users={"alert": CANARY}) as server:
        yield server


def outcome(channel: Smtp) -> Acceptance | SendError:
    try:
        return channel.send(message(LIN))
    except SendError as error:
        return error


@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "LOGIN", "login plain", "CRAM-MD5 LOGIN"])
def test_a_mail_goes_encrypted_and_after_a_login(
    mechanisms: str, safe: FakeSmtp, trust: tuple[str, ssl.SSLContext]
) -> None:
    safe.mechanisms = mechanisms
    channel = mailer(safe, ca_file=trust[0], **USER)
    assert isinstance(outcome(channel), Acceptance)
    assert isinstance(outcome(channel), Acceptance)
    assert [(mail.encrypted, mail.user) for mail in safe.mails] == [(True, "alert")] * 2
    assert safe.connections == 1
    hello = safe.commands.index("EHLO [127.0.0.1]")
    assert safe.commands[hello + 1] == "STARTTLS" or safe.security == "tls"
    assert safe.commands.count("EHLO [127.0.0.1]") == (2 if safe.security == "starttls" else 1)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_stranger_or_another_name_is_not_trusted(
    trusted: bool, safe: FakeSmtp, tmp_path: Path, trust: tuple[str, ssl.SSLContext]
) -> None:
    pem, shown = known(tmp_path, "DNS:other.example.com")
    with FakeSmtp(security=safe.security, context=shown) as stranger:
        error = outcome(mailer(stranger, ca_file=pem if trusted else trust[0], **USER))
    assert isinstance(error, SendFailed)
    assert "CertificateError" in str(error) or "CertVerification" in str(error)
    assert not error.ambiguous
    assert not any(command.startswith(("AUTH", "MAIL")) for command in stranger.commands)


def test_without_starttls_nothing_is_sent_at_all() -> None:
    with FakeSmtp() as server:  # somebody in between has taken STARTTLS out
        error = outcome(mailer(server, security="starttls", **USER))
        assert isinstance(error, SendRefused)
        assert error.scope is Scope.CHANNEL
        assert "does not offer STARTTLS" in str(error)
        assert server.commands == ["EHLO [127.0.0.1]"]


STARTTLS: dict[str, tuple[Says, type[SendError]]] = {
    "a no": ("502 5.5.1 what?", SendRefused),
    "not now": ("454 4.7.0 TLS not available", SendFailed),
    "words put in before": (b"220 go ahead\r\n250-mx\r\n250 AUTH PLAIN\r\n", SendFailed),
    "another yes": ("250 ok", SendFailed),
    "silence": (hang, SendFailed),
    "gone": (drop, SendFailed),
    "no handshake": (b"220 go ahead\r\n" + b"", SendFailed),
}


@pytest.mark.parametrize("case", STARTTLS)
def test_starttls_that_fails_is_never_gone_without(case: str, trust: tuple[str, ssl.SSLContext]) -> None:
    says, kind = STARTTLS[case]
    with FakeSmtp(security="starttls", context=trust[1], users={"alert": CANARY}) as server:
        server.then("STARTTLS", says)
        if case == "no handshake":
            server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # it has no certificate
        error = outcome(mailer(server, ca_file=trust[0], timeout=0.2, **USER))
        assert type(error) is kind
        assert not error.ambiguous
        assert getattr(error, "scope", Scope.CHANNEL) is Scope.CHANNEL
        assert [command for command in server.commands if command.startswith(("AUTH", "MAIL"))] == []


def test_a_server_that_speaks_plainly_on_the_port_of_tls_is_no_connection() -> None:
    with FakeSmtp() as server:
        error = outcome(mailer(server, security="tls", timeout=0.5))
    assert isinstance(error, SendFailed)
    assert "no connection" in str(error)


def test_a_handshake_that_hangs_ends_with_the_try() -> None:
    with FakeSmtp() as server:
        server.then("CONNECT", hang)
        error = outcome(mailer(server, security="tls", timeout=0.1))
    assert isinstance(error, SendFailed)
    assert "no connection within 0.1 s" in str(error)
    assert not error.ambiguous


# ---- credentials


def test_a_wrong_password_stops_the_channel_and_is_not_tried_again_for_a_while(
    safe: FakeSmtp, trust: tuple[str, ssl.SSLContext]
) -> None:
    clock = FakeClock()
    channel = mailer(safe, clock, ca_file=trust[0], user="alert", password=Secret("old"))
    for _ in range(3):
        error = outcome(channel)
        assert isinstance(error, SendRefused)
        assert error.scope is Scope.CHANNEL
        assert "535" in str(error)
    assert safe.refused_logins == 1
    clock.advance(LOCKED_FOR)
    safe.users["alert"] = "old"  # somebody has mended it at the server
    assert isinstance(outcome(channel), Acceptance)


def test_a_crowd_with_a_wrong_password_does_not_lock_the_account(
    safe: FakeSmtp, trust: tuple[str, ssl.SSLContext]
) -> None:
    channel = mailer(safe, ca_file=trust[0], user="alert", password=Secret("old"))
    crowd = [gevent.spawn(outcome, channel) for _ in range(10)]
    gevent.joinall(crowd, raise_error=True)
    assert all(isinstance(one.value, SendRefused) for one in crowd)
    assert safe.refused_logins == 1 < LOCKS_AFTER


@pytest.mark.parametrize("says", ["454 4.7.0 try later", "421 4.7.0 too many logins"])
def test_a_login_that_does_not_work_now_is_tried_again(
    says: str, safe: FakeSmtp, trust: tuple[str, ssl.SSLContext]
) -> None:
    channel = mailer(safe, ca_file=trust[0], **USER)
    safe.then("AUTH", says, "235 welcome")
    assert type(outcome(channel)) is SendFailed
    safe.says.clear()
    assert isinstance(outcome(channel), Acceptance)


@pytest.mark.parametrize("code", ["500", "504 5.5.4", "534 5.7.9", "535 5.7.8", "538", "550 User has no permission"])
def test_a_refused_login_refuses_everything(code: str, safe: FakeSmtp, trust: tuple[str, ssl.SSLContext]) -> None:
    safe.then("AUTH", f"{code} no")
    error = outcome(mailer(safe, ca_file=trust[0], **USER))
    assert isinstance(error, SendRefused)
    assert error.scope is Scope.CHANNEL


@pytest.mark.parametrize(("mechanisms", "said"), [("XOAUTH2 CRAM-MD5", "offers only XOAUTH2"), ("", "no way at all")])
def test_no_way_to_log_in_is_said_clearly(
    mechanisms: str, said: str, safe: FakeSmtp, trust: tuple[str, ssl.SSLContext]
) -> None:
    safe.mechanisms = mechanisms
    error = outcome(mailer(safe, ca_file=trust[0], **USER))
    assert isinstance(error, SendRefused)
    assert error.scope is Scope.CHANNEL
    assert said in str(error)
    assert "PLAIN or LOGIN" in str(error)


def test_a_password_of_any_script_goes_over_as_utf8(safe: FakeSmtp, trust: tuple[str, ssl.SSLContext]) -> None:
    safe.users["alert"] = "密码🔑"
    assert isinstance(outcome(mailer(safe, ca_file=trust[0], user="alert", password=Secret("密码🔑"))), Acceptance)


@pytest.mark.parametrize("command", ["AUTH", "AUTH LOGIN", "MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize("code", ["535", "451", "550"])
def test_a_server_that_repeats_the_password_does_not_make_it_show(
    command: str, code: str, trust: tuple[str, ssl.SSLContext], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with FakeSmtp(security="tls", context=trust[1], users={"alert": CANARY}) as server:
        server.mechanisms = "LOGIN" if command == "AUTH LOGIN" else "PLAIN"
        server.then(command, f"{code} you said {' and '.join(spelled('alert', CANARY))}, {CANARY}")
        channel = mailer(server, ca_file=trust[0], **USER)
        error = outcome(channel)
    assert isinstance(error, SendError)
    shown = "".join(traceback.format_exception(error)) + f"{error!r} {channel!r} {channel.target()} {caplog.text}"
    for one in spelled("alert", CANARY):
        assert one not in shown
    assert "you said ***" in shown


def test_a_yes_that_repeats_the_password_does_not_make_it_show(
    safe: FakeSmtp, trust: tuple[str, ssl.SSLContext]
) -> None:
    safe.then(".", f"250 ok {CANARY}")
    assert outcome(mailer(safe, ca_file=trust[0], **USER)).detail == "ok ***"  # type: ignore[union-attr]


# ---- settings


@pytest.mark.parametrize("security", PORTS)
def test_the_port_is_the_usual_one(security: str) -> None:
    channel = mailer(0, host="smtp.example.com", security=security)
    assert channel.target() == f"smtp.example.com:{PORTS[security]}"  # type: ignore[index]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"host": ""}, "host is empty"),
        ({"host": "smtp://x"}, "host is no name"),
        ({"host": "a b"}, "host is no name"),
        ({"host": "a..b"}, "host is no name"),
        ({"host": "x" * 70 + ".example"}, "host is no name"),
        ({"from_": ""}, "from is empty"),
        ({"from_": "tocsin"}, "from is no mail address"),
        ({"from_": "tocsin <alert@it.example"}, "from is no mail address: the > is missing"),
        ({"from_": "a\r\nBcc: x@y <alert@it.example>"}, "from has characters that cannot be printed"),
        ({"reply_to": "nobody"}, "reply_to is no mail address"),
        ({"bounce": "x@y\r\nz"}, "bounce is no mail address"),
        ({"helo": "a b"}, "helo is no name"),
        ({"user": "alert"}, "password is missing"),
        ({"password": Secret(CANARY)}, "user is missing"),
        ({"security": "none", **USER}, "never sent unencrypted"),
        ({"ca_file": "/nowhere.pem"}, "there is no file /nowhere.pem"),
    ],
)
def test_a_setting_that_cannot_be_used_is_a_sentence_without_the_secret(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        mailer(1, **({"security": "tls"} | settings))
    assert CANARY not in str(caught.value)
