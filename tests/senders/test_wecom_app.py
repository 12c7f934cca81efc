"""An application that writes to people in WeCom: its access token, and who got what."""

import logging
from collections.abc import Iterator

import gevent
import pytest
from gevent.event import Event

from daemon.errors import Scope, SendError, SendFailed, SendRefused, SendWait
from daemon.event import State
from daemon.notice import Acceptance, Recipient
from daemon.secret import Secret
from daemon.senders.wecom_app import WecomApp
from daemon.senders.wecom_token import Token
from fake_clock import BEGIN, FakeClock
from fake_provider import FakeProvider, drop, hang, raw, say
from fake_wecom import AGENT, CORP, LIFE, SECRET, FakeWecom
from messages import message
from opened import opened

LIN = Recipient(name="lin", address="LinWei")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def wecom(clock: FakeClock) -> Iterator[FakeWecom]:
    with FakeWecom(users=("LinWei", "wang"), now=clock.now) as started:
        yield started


def app(endpoint: str, clock: FakeClock, **settings: object) -> WecomApp:
    given = {"corp_id": CORP, "agent_id": AGENT, "secret": Secret(SECRET), "endpoint": endpoint}
    return opened(WecomApp, clock, **(given | settings))


def refusal(writes: WecomApp, to: Recipient = LIN) -> SendError:
    with pytest.raises(SendError) as caught:
        writes.send(message(to))
    assert SECRET not in str(caught.value)
    return caught.value


def fetched(wecom: FakeWecom) -> int:
    return sum("gettoken" in asked.target for asked in wecom.asked)


# ---- what is sent


def test_a_message_reaches_the_person_and_its_id_is_kept(wecom: FakeWecom, clock: FakeClock) -> None:
    receipt = app(wecom.endpoint, clock).send(message(LIN, text="<@all> @all a < b"))
    (text,) = wecom.people["LinWei"]
    assert text.startswith("[CRITICAL] Disk full (A17)\n＜＠all> ＠all a < b\n")
    assert receipt.provider_id.startswith("M")


def test_markdown_has_the_colour_of_how_bad_it_is(wecom: FakeWecom, clock: FakeClock) -> None:
    writes = app(wecom.endpoint, clock, format="markdown")
    writes.send(message(LIN))
    writes.send(message(LIN, state=State.RESOLVED, ended_at=BEGIN))
    assert [text.partition(">")[0] for text in wecom.people["LinWei"]] == [
        '**<font color="warning"',
        '**<font color="info"',
    ]


@pytest.mark.parametrize("style", ["text", "markdown"])
def test_a_text_is_within_its_bytes(wecom: FakeWecom, clock: FakeClock, style: str) -> None:
    app(wecom.endpoint, clock, format=style).send(message(LIN, title="磁盘" * 70, text="空间<*不足" * 900))
    (text,) = wecom.people["LinWei"]
    assert 1_000 < len(text.encode()) <= 2_048


def test_whom_the_application_may_not_write_to_is_refused_and_nobody_else(wecom: FakeWecom, clock: FakeClock) -> None:
    writes = app(wecom.endpoint, clock)
    for address in ("nobody", "LinWei|wang", "@all", "", "lin wei"):
        error = refusal(writes, Recipient(name="x", address=address))
        assert isinstance(error, SendRefused)
        assert error.scope is Scope.RECIPIENT
    assert not wecom.people


def test_a_yes_that_leaves_out_the_person_is_no_yes(wecom: FakeWecom, clock: FakeClock) -> None:
    writes = app(wecom.endpoint, clock)
    for left_out in ({"invaliduser": "linwei"}, {"unlicenseduser": "wang|linwei"}):
        writes.send(message(LIN))
        wecom.then({"errcode": 0, "errmsg": "ok", **left_out})
        error = refusal(writes)
        assert isinstance(error, SendRefused)
        assert error.scope is Scope.RECIPIENT


def test_many_people_are_one_request_and_each_has_an_answer(wecom: FakeWecom, clock: FakeClock) -> None:
    crowd = {f"user{n}": f"user{n}" for n in range(995)}
    wecom.users |= crowd
    people = ["LinWei", "wang", "Nobody", "a|b", *crowd, "Gone"]
    receipt = app(wecom.endpoint, clock).send(message(*(Recipient(name=one, address=one) for one in people)))
    assert len(people) == WecomApp.batch
    assert len(wecom.asked) == 2
    assert len(wecom.people) == 997
    assert set(receipt.errors) == {"Nobody", "a|b", "Gone"}
    assert isinstance(receipt.of("Nobody"), SendRefused)
    assert receipt.of("LinWei") == Acceptance(provider_id=receipt.provider_id, detail=receipt.detail)


def test_of_many_none_of_whom_may_be_written_to_each_is_refused(wecom: FakeWecom, clock: FakeClock) -> None:
    people = tuple(Recipient(address=one) for one in ("Nobody", "Gone", "@all"))
    receipt = app(wecom.endpoint, clock).send(message(*people))
    assert {address: error.code for address, error in receipt.errors.items()} == {
        "Nobody": "81013", "Gone": "81013", "@all": "wecom",
    }  # fmt: skip
    assert len({id(error) for error in receipt.errors.values()}) == 3, "nobody is tried again for another's sake"


# ---- the access token


def test_one_token_serves_all_messages_until_shortly_before_its_end(wecom: FakeWecom, clock: FakeClock) -> None:
    writes = app(wecom.endpoint, clock)
    for _ in range(3):
        writes.send(message(LIN))
    assert fetched(wecom) == 1
    clock.advance(LIFE * 0.9 - 1)
    writes.send(message(LIN))
    assert fetched(wecom) == 1
    clock.advance(1)
    writes.send(message(LIN))
    assert fetched(wecom) == 2
    assert len(wecom.people["LinWei"]) == 5


def test_a_token_that_is_refused_is_fetched_anew_within_the_same_try(wecom: FakeWecom, clock: FakeClock) -> None:
    writes = app(wecom.endpoint, clock)
    writes.send(message(LIN))
    wecom.revoke()
    writes.send(message(LIN))
    assert (fetched(wecom), len(wecom.people["LinWei"])) == (2, 2)


def test_a_new_token_that_is_refused_too_is_failed_for_now(wecom: FakeWecom, clock: FakeClock) -> None:
    writes = app(wecom.endpoint, clock)
    writes.send(message(LIN))
    granted = {"errcode": 0, "errmsg": "ok", "access_token": "t", "expires_in": 7_200}
    wecom.then({"errcode": 42_001, "errmsg": "expired"}, granted, {"errcode": 40_014, "errmsg": "invalid"})
    error = refusal(writes)
    assert isinstance(error, SendFailed)
    assert (error.code, error.ambiguous) == ("40014", False)
    assert len(wecom.asked) == 5, "once more, and not again"


def test_many_messages_at_once_fetch_one_token(wecom: FakeWecom, clock: FakeClock) -> None:
    writes = app(wecom.endpoint, clock)
    wecom.latency = 0.01
    gevent.joinall([gevent.spawn(writes.send, message(LIN)) for _ in range(20)], raise_error=True)
    assert (fetched(wecom), len(wecom.people["LinWei"])) == (1, 20)
    wecom.revoke()
    gevent.joinall([gevent.spawn(writes.send, message(LIN)) for _ in range(20)], raise_error=True)
    assert (fetched(wecom), len(wecom.people["LinWei"])) == (2, 40)


@pytest.mark.parametrize(
    ("settings", "code"),
    [({"corp_id": "wwOther"}, "40013"), ({"secret": Secret("not-it")}, "40001"), ({"agent_id": 7}, "301002")],
)
def test_wrong_credentials_are_the_whole_channels(
    wecom: FakeWecom, clock: FakeClock, settings: dict[str, object], code: str
) -> None:
    error = refusal(app(wecom.endpoint, clock, **settings))
    assert isinstance(error, SendRefused)
    assert (error.scope, error.code) == (Scope.CHANNEL, code)


def test_without_a_token_nothing_was_sent_and_the_secret_does_not_show(
    provider: FakeProvider, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for step in (
        drop,
        hang,
        raw(b"junk\r\n\r\n"),
        say(200, b"<html>login</html>"),
        say(500, b"{}"),
        say(200, b'{"errcode":-1,"errmsg":"busy"}'),
        say(200, b'{"errcode":0,"errmsg":"ok"}'),
        say(502, b'{"errcode":0,"errmsg":"ok","access_token":"t","expires_in":7200}'),
    ):
        provider.then(step)
        error = refusal(app(provider.url, clock, timeout=0.1))
        assert isinstance(error, SendFailed), step
        assert not error.ambiguous, "no message has gone out"
    assert SECRET not in caplog.text
    provider.then(say(200, b'{"errcode":45009,"errmsg":"api freq out of limit"}'))
    error = refusal(app(provider.url, clock))
    assert isinstance(error, SendWait)
    assert error.seconds == 60.0


def test_the_token_does_not_show_where_the_server_repeats_it(wecom: FakeWecom, clock: FakeClock) -> None:
    writes = app(wecom.endpoint, clock)
    writes.send(message(LIN))
    (token,) = wecom.tokens
    wecom.then({"errcode": 48_002, "errmsg": f"api forbidden for {token}"})
    assert token not in str(refusal(writes))


# ---- by itself


def test_who_waits_for_a_token_shares_its_failure_and_does_not_wait_longer_than_allowed(clock: FakeClock) -> None:
    begun, go_on, calls = Event(), Event(), []

    def fetch(within: float) -> tuple[str, float]:
        calls.append(within)
        begun.set()
        go_on.wait()
        raise SendRefused("no", code="40001", scope=Scope.CHANNEL)

    token = Token(clock, fetch)
    first = gevent.spawn(token.get, 5.0)
    begun.wait()
    second, hasty = gevent.spawn(token.get, 5.0), gevent.spawn(token.get, 0.0)
    hasty.join()
    assert isinstance(hasty.exception, SendFailed)
    go_on.set()
    gevent.joinall([first, second])
    assert isinstance(first.exception, SendRefused)
    assert isinstance(second.exception, SendRefused)
    assert calls == [5.0]


def test_a_fetch_that_is_broken_off_leaves_nobody_waiting(clock: FakeClock) -> None:
    begun = Event()

    def fetch(_: float) -> tuple[str, float]:
        begun.set()
        Event().wait()
        return "", 0.0

    token = Token(clock, fetch)
    first = gevent.spawn(token.get, 5.0)
    begun.wait()
    second = gevent.spawn(token.get, 5.0)
    gevent.idle()
    first.kill()
    second.join()
    assert isinstance(second.exception, SendFailed)


def test_a_token_that_was_fetched_since_is_not_forgotten(clock: FakeClock) -> None:
    tokens = iter("ab")
    token = Token(clock, lambda _: (next(tokens), 7_200.0))
    old = token.get(1.0)
    token.forget(old)
    new = token.get(1.0)
    token.forget(old)
    assert (old, new, token.get(1.0)) == ("a", "b", "b")


@pytest.mark.parametrize("name", ["corp_id", "secret"])
def test_what_is_empty_is_told(name: str) -> None:
    settings = {"corp_id": CORP, "agent_id": AGENT, "secret": Secret(SECRET)}
    empty = {name: Secret("") if name == "secret" else ""}
    with pytest.raises(ValueError, match=f"^{name} is empty"):
        WecomApp(**(settings | empty))
