"""Mail over SMTP: what arrives, and what each answer of the server means."""

import gc
import socket

import gevent
import pytest

from daemon.declared import Outcome
from daemon.errors import Scope, SendError, SendFailed, SendRefused, SendWait
from daemon.notice import Acceptance, Recipient
from daemon.senders.smtp import Smtp
from daemon.senders.smtp_codes import ANSWERS
from daemon.senders.smtp_sessions import IDLE_SECONDS, MAX_MAILS
from fake_clock import FakeClock, settle
from fake_smtp import OFFERS, FakeSmtp, Says, dripping, drop, endless, hang
from messages import message
from opened import mailer

LIN = Recipient(name="lin", address="lin@example.com")


def outcome(channel: Smtp, to: Recipient = LIN, **facts: object) -> Acceptance | SendError:
    """What one try comes to; nothing but a receipt or a SendError may come out."""
    try:
        return channel.send(message(to, out_id="3f2a-D17", **facts))
    except SendError as error:
        return error


def refusal(server: FakeSmtp, command: str, *answers: Says, **settings: object) -> SendError:
    server.then(command, *answers)
    result = outcome(mailer(server, **settings))
    assert isinstance(result, SendError)
    return result


@pytest.mark.parametrize("offers", [OFFERS, ()])
def test_a_mail_arrives(offers: tuple[str, ...]) -> None:
    with FakeSmtp(offers=offers) as server:
        receipt = mailer(server).send(message(LIN, out_id="3f2a-D17"))
        [mail] = server.mails
    assert (mail.sender, mail.recipient) == ("alert@it.example", "lin@example.com")
    assert b"Subject: [CRITICAL] Disk full (A17)\r\n" in mail.data
    assert receipt.provider_id == "<3f2a-D17.1795222800@it.example>"
    assert receipt.detail == "2.0.0 Ok: queued as 0"
    assert not server.wrongs


def test_commands_go_out_together_where_the_server_likes_that_and_in_turn_where_not() -> None:
    seen = []
    for offers in (("PIPELINING", "SIZE 99999"), ()):
        with FakeSmtp(offers=offers) as server:
            mailer(server).send(message(LIN))
            seen.append([command.partition(" SIZE")[0] for command in server.commands])
    assert (
        seen[0] == seen[1] == ["EHLO [127.0.0.1]", "MAIL FROM:<alert@it.example>", "RCPT TO:<lin@example.com>", "DATA"]
    )


def test_returned_mail_has_an_address_of_its_own() -> None:
    with FakeSmtp() as server:
        mailer(server, bounce="bounces@it.example", reply_to="ops@it.example").send(message(LIN))
        [mail] = server.mails
    assert mail.sender == "bounces@it.example"
    assert b"Reply-To: ops@it.example\r\n" in mail.data


# ---- what answers mean

CODED = [
    pytest.param(code.replace("*", "9" if code.endswith(".*") else ".0.0"), one, id=code)
    for one in ANSWERS
    for code in one.codes
    if not code.startswith(("AUTH", "STARTTLS"))  # of those there are tests in test_smtp_safety.py
]


@pytest.mark.parametrize(("code", "meaning"), CODED)
def test_each_code_means_what_the_channel_declares(code: str, meaning: object) -> None:
    command, _, said = code.partition(" ")
    basic, words = (said, "so it is") if "." not in said else (f"{said[0]}99", f"{said} so it is")
    with FakeSmtp() as server:
        server.then("." if command == "DATA" else command, f"{basic} {words}")
        result = outcome(mailer(server))
    outcomes = {
        Outcome.SENT: Acceptance,
        Outcome.WAIT: SendWait,
        Outcome.FAILED: SendFailed,
        Outcome.REFUSED: SendRefused,
    }
    assert isinstance(result, outcomes[meaning.outcome]), result  # type: ignore[attr-defined]
    if isinstance(result, SendWait | SendRefused):
        assert result.scope is meaning.scope  # type: ignore[attr-defined]
    if isinstance(result, SendError):
        assert result.code == code
        assert not result.ambiguous, "it said no"


SAID = [
    ("CONNECT", "421 4.3.2 busy", SendFailed, None),
    ("CONNECT", "554 5.7.1 your address is on a list", SendRefused, Scope.CHANNEL),
    ("EHLO", "502 what?", SendRefused, Scope.CHANNEL),
    ("MAIL", "421 4.7.0 slow down", SendFailed, None),
    ("MAIL", "451 4.3.0 later", SendFailed, None),
    ("MAIL", "452 4.3.1 disk full", SendFailed, None),
    ("MAIL", "455 4.0.0 parameters", SendFailed, None),
    ("MAIL", "530 5.7.0 log in first", SendRefused, Scope.CHANNEL),
    ("MAIL", "553 Mail from must equal authorized user", SendRefused, Scope.CHANNEL),
    ("MAIL", "552 5.3.4 too large", SendRefused, Scope.MESSAGE),
    ("RCPT", "450 4.2.0 greylisted", SendWait, Scope.RECIPIENT),
    ("RCPT", "451 4.7.1 greylisted, come back in 5 minutes", SendWait, Scope.RECIPIENT),
    ("RCPT", "452 4.2.2 mailbox full", SendWait, Scope.RECIPIENT),
    ("RCPT", "421 4.3.0 closing", SendFailed, None),
    ("RCPT", "552 too many recipients", SendFailed, None),
    ("RCPT", "552 5.2.2 mailbox full", SendRefused, Scope.RECIPIENT),
    ("RCPT", "550 5.1.1 no such user", SendRefused, Scope.RECIPIENT),
    ("RCPT", "551 not here", SendRefused, Scope.RECIPIENT),
    ("RCPT", "501 5.1.3 bad address", SendRefused, Scope.RECIPIENT),
    ("RCPT", "504 5.5.2 need a full name", SendRefused, Scope.RECIPIENT),
    ("RCPT", "530 5.7.0 log in first", SendRefused, Scope.CHANNEL),
    ("RCPT", "450 5.1.1 the class of the code with dots counts", SendRefused, Scope.RECIPIENT),
    ("RCPT", "550 4.2.1 the class of the code with dots counts", SendWait, Scope.RECIPIENT),
    ("DATA", "451 4.3.0 no room", SendFailed, None),
    (".", "421 4.3.0 closing", SendFailed, None),
    (".", "451 4.7.1 scanner is out", SendFailed, None),
    (".", "550 5.7.1 looks like spam", SendRefused, Scope.MESSAGE),
    (".", "550 5.1.1 no such user, said late", SendRefused, Scope.RECIPIENT),
    (".", "552 5.3.4 too large", SendRefused, Scope.MESSAGE),
    (".", "554 DT:SPM 163", SendRefused, Scope.MESSAGE),
]


@pytest.mark.parametrize("offers", [OFFERS, ()], ids=["pipelining", "one by one"])
@pytest.mark.parametrize(("command", "said", "kind", "scope"), SAID, ids=[f"{one[0]} {one[1]}" for one in SAID])
def test_what_servers_say(
    command: str, said: str, kind: type[SendError], scope: Scope | None, offers: tuple[str, ...]
) -> None:
    with FakeSmtp(offers=offers) as server:
        error = refusal(server, command, said)
        assert not server.mails
        assert not server.wrongs
    assert type(error) is kind
    assert getattr(error, "scope", None) is scope
    assert said.partition(" ")[2] in str(error)
    assert not error.ambiguous


def test_after_a_no_the_connection_goes_on_with_the_next_mail() -> None:
    with FakeSmtp() as server:
        channel = mailer(server)
        for command, said in (("RCPT", "550 5.1.1 no"), ("DATA", "451 later"), (".", "554 spam"), ("RCPT", "451 grey")):
            server.then(command, said)
            assert isinstance(outcome(channel), SendError)
            del server.says[command]
        assert isinstance(outcome(channel), Acceptance)
        assert len(server.mails) == server.connections == 1
        assert not server.wrongs


def test_a_server_that_goes_ahead_without_a_recipient_gets_an_empty_mail_for_nobody() -> None:
    with FakeSmtp() as server:
        error = refusal(server, "RCPT", b"550 5.1.1 no\r\n", timeout=0.5)
        assert isinstance(error, SendRefused)
        server.commands.clear()
        server.then("RCPT", "250 ok", "250 ok")
        server.then("MAIL", b"550 5.1.0 no\r\n")
        assert isinstance(refusal(server, "DATA", "354 go ahead"), SendRefused)
    assert not server.wrongs


# ---- what is no answer


NO_ANSWERS: dict[str, Says] = {
    "nothing": hang,
    "gone": drop,
    "a drip": dripping(b"250-" + b"x" * 90),
    "bytes": b"\xff\xfe\x00\r\n",
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "no code": b"999 what\r\n",
    "two codes": b"250-a\r\n550 b\r\n",
    "lines": b"250-x\r\n" * 5_000,
    "a long line": b"220-" + b"x" * 1_000_000,
    "no end": endless,
    "another answer": b"334 \r\n",
}


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("says", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_is_no_answer_is_failed_for_now_and_cannot_have_arrived(command: str, says: Says) -> None:
    with FakeSmtp() as server:
        error = refusal(server, command, says, timeout=0.08)
    assert isinstance(error, SendFailed)
    assert not error.ambiguous
    assert str(error).startswith(f"127.0.0.1:{server.port}: no answer to ")


@pytest.mark.parametrize("says", [hang, drop, dripping(b"250-" + b"x" * 90), b"\xff\r\n", endless, b"334 \r\n"])
def test_a_mail_that_is_not_confirmed_may_have_arrived(says: Says) -> None:
    with FakeSmtp() as server:
        error = refusal(server, ".", says, timeout=0.08)
    assert isinstance(error, SendFailed)
    assert error.ambiguous


@pytest.mark.parametrize("offers", [OFFERS, ()], ids=["pipelining", "one by one"])
def test_wherever_the_server_breaks_off_only_the_last_answer_is_in_doubt(offers: tuple[str, ...]) -> None:
    with FakeSmtp(offers=offers) as server:
        channel = mailer(server)
        cut = 0
        while not isinstance(result := outcome(channel), Acceptance) or not server.cut_after:
            if cut:
                assert isinstance(result, SendFailed)
                assert result.ambiguous == bool(server.complete), cut
            server.complete = 0
            channel.close()
            channel = mailer(server)
            cut += 1 if cut < 40 else 9
            server.cut_after = cut
        assert cut > 110
        assert not server.wrongs


def test_a_server_that_refuses_in_the_middle_of_a_mail_is_heard() -> None:
    def refuses(_: FakeSmtp, connection: socket.socket) -> None:
        connection.sendall(b"354 go ahead\r\n552 5.3.4 too much\r\n")
        raise ConnectionError

    with FakeSmtp() as server:
        error = refusal(server, "DATA", refuses)
    assert isinstance(error, SendRefused)
    assert error.code == "DATA 5.3.4"


def test_nobody_there_is_try_again_and_cannot_have_arrived() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        error = outcome(mailer(nobody.getsockname()[1]))
    assert isinstance(error, SendFailed)
    assert not error.ambiguous
    assert "no connection" in str(error)
    error = outcome(mailer(25, host="nowhere.invalid", timeout=1.0))
    assert isinstance(error, SendFailed)


def test_somebody_elses_time_out_passes_through() -> None:
    with FakeSmtp() as server:
        server.then("MAIL", hang)
        with pytest.raises(gevent.Timeout), gevent.Timeout(0.05):
            mailer(server).send(message(LIN))


# ---- connections


def test_many_greenlets_share_a_channel_and_its_connections() -> None:
    with FakeSmtp() as server:
        channel = mailer(server)
        for _ in range(3):
            crowd = [gevent.spawn(channel.send, message(LIN)) for _ in range(20)]
            gevent.joinall(crowd, raise_error=True)
        assert len(server.mails) == 60
        assert server.connections == 20
        channel.close()
        channel.close()
        settle()
        assert server.commands.count("QUIT") == 20
    gc.collect()  # an unclosed socket would warn, and a warning is an error


def test_a_connection_that_ended_meanwhile_is_replaced_within_the_try() -> None:
    with FakeSmtp() as server:
        channel = mailer(server)
        for says in ("421 4.4.2 idle for too long", drop, "421 too many mails"):
            assert isinstance(outcome(channel), Acceptance)
            server.then("MAIL", says, "250 ok")
            assert isinstance(outcome(channel), Acceptance)
            server.says.clear()
        assert len(server.mails) == 6
        assert server.connections == 4


def test_a_first_connection_that_ends_is_not_replaced() -> None:
    with FakeSmtp() as server:
        assert isinstance(refusal(server, "MAIL", "421 no"), SendFailed)
        assert server.connections == 1


def test_a_mail_under_way_is_not_sent_again() -> None:
    with FakeSmtp() as server:
        channel = mailer(server)
        outcome(channel)
        server.then(".", drop)
        error = outcome(channel)
        assert isinstance(error, SendFailed)
        assert error.ambiguous
        assert server.connections == 1


def test_an_idle_connection_is_let_go() -> None:
    clock = FakeClock()
    with FakeSmtp() as server:
        channel = mailer(server, clock)
        outcome(channel)
        clock.advance(IDLE_SECONDS - 1)
        outcome(channel)
        assert server.connections == 1
        clock.advance(2 * IDLE_SECONDS)
        settle()
        assert server.open == 0
        assert server.commands[-1] == "QUIT"
        outcome(channel)
        assert server.connections == 2


def test_one_connection_carries_so_many_mails_and_no_more() -> None:
    with FakeSmtp() as server:
        channel = mailer(server)
        for _ in range(MAX_MAILS + 1):
            outcome(channel)
        assert server.connections == 2


# ---- limits of the server, and addresses


def test_a_mail_that_is_too_large_for_the_server_is_shortened() -> None:
    with FakeSmtp(offers=("SIZE 8000",)) as server:
        receipt = outcome(mailer(server), text="磁盘快满了。" * 2_000, labels={str(n): "x" * 300 for n in range(50)})
        assert isinstance(receipt, Acceptance)
        assert len(server.mails[0].data) < 8_000
        assert not server.wrongs


def test_letters_beyond_ascii_in_an_address_need_a_server_that_takes_them() -> None:
    zhang = Recipient(name="zhang", address="张伟@例子.example")
    with FakeSmtp() as server:
        error = outcome(mailer(server), zhang)
        assert isinstance(error, SendRefused)
        assert error.scope is Scope.RECIPIENT
        own = outcome(mailer(server, from_="托辛@it.example"))
        assert isinstance(own, SendRefused)
        assert own.scope is Scope.CHANNEL
        server.offers = (*OFFERS, "SMTPUTF8")
        assert isinstance(outcome(mailer(server), zhang), Acceptance)
        assert server.mails[-1].recipient == "张伟@例子.example"
        assert isinstance(outcome(mailer(server), Recipient(name="w", address="wei@例子.example")), Acceptance)
        assert server.mails[-1].recipient == "wei@xn--fsqu00a.example"
        assert not server.wrongs


@pytest.mark.parametrize(
    "address", ["", "lin", "lin@", "a b@c.example", "lin@x\r\nRCPT TO:<a@b>", "<lin@x>", 'a"b@c', "l@x..y", "\ud83d@x"]
)
def test_what_is_no_address_is_refused_for_this_person_alone(address: str) -> None:
    error = outcome(mailer(1), Recipient(name="lin", address=address))
    assert isinstance(error, SendRefused)
    assert error.scope is Scope.RECIPIENT
    assert "lin's address" in str(error)
