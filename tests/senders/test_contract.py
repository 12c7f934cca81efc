"""What every sender keeps to; a new one is tested by being registered and having a sample here."""

import dataclasses
import gc
import logging
import os
import re
import socket
import traceback
from pathlib import Path

import pytest

import daemon.senders
from channel_samples import CANARY, needed, samples
from daemon.config.declarations import SETTINGS, tables
from daemon.declared import Code, Outcome
from daemon.errors import SendError, SendFailed, SendRefused, SendWait
from daemon.notice import Acceptance, Message
from daemon.registry import kinds_in
from daemon.secret import Secret
from daemon.senders.base import Sender
from daemon.senders.console import Console
from fake_provider import FakeProvider, Step, drop, endless, hang, raw, say
from fake_proxy import FakeProxy
from messages import message

KINDS = kinds_in(daemon.senders)
DOCS = Path(__file__).parents[2] / "docs" / "channels"


SAMPLES = samples()
OUTCOMES = {
    Outcome.SENT: Acceptance,
    Outcome.WAIT: SendWait,
    Outcome.FAILED: SendFailed,
    Outcome.REFUSED: SendRefused,
}
NETWORKED = [name for name, sample in SAMPLES.items() if sample]


def made(name: str, url: str, timeout: float = 2.0, **more: object) -> Sender:
    sample = SAMPLES[name]
    sender = KINDS[name](timeout=timeout, **(sample.settings(url) if sample else needed(name)), **more)
    if sample and sample.prepared:
        sample.prepared(sender)
    return sender


def outcome(name: str, url: str, timeout: float = 2.0, **alert: object) -> Acceptance | SendError:
    """What one try comes to; nothing but a receipt or a SendError may come out."""
    sender = made(name, url, timeout)
    try:
        return sender.send(message(*SAMPLES[name].to, **alert))
    except SendError as error:
        return error
    finally:
        sender.close()


def taken_down(step: Step) -> bytes:
    """The bytes that a step says."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        step(FakeProvider(), theirs)
        return ours.recv(65_536)


def test_every_kind_has_a_sample() -> None:
    assert set(SAMPLES) == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_a_sender_is_a_frozen_dataclass_of_documented_settings(name: str) -> None:
    kind = KINDS[name]
    assert issubclass(kind, Sender)
    assert kind.__dataclass_params__.frozen
    for field in dataclasses.fields(kind):
        assert field.kw_only, field.name
        assert field.metadata["doc"], field.name
    with pytest.raises(dataclasses.FrozenInstanceError):
        made(name, "http://127.0.0.1:1").timeout = 3.0  # type: ignore[misc]


@pytest.mark.parametrize("name", KINDS)
def test_the_page_of_a_channel_shows_what_it_declares(name: str) -> None:
    page = DOCS / f"{name}.md"
    by_hand, _, written = page.read_text().partition(f"{SETTINGS}\n")
    if os.environ.get("TOCSIN_WRITE_DOCS"):
        page.write_text(by_hand + tables(KINDS[name]))
        return
    assert by_hand.startswith(f"# `{name}`\n")
    again = "write it anew: TOCSIN_WRITE_DOCS=1 python -m pytest tests/senders/test_contract.py"
    assert f"{SETTINGS}\n{written}" == tables(KINDS[name]), again


def test_every_channel_stands_in_the_list_of_channels() -> None:
    listed = re.findall(r"^\| \[`(\w+)`\]\((\w+)\.md\) \|", (DOCS / "README.md").read_text(), re.MULTILINE)
    assert all(name == page for name, page in listed)
    assert {name for name, _ in listed} == set(KINDS)


CODED = [
    pytest.param(name, code, one, id=f"{name}: {code}")
    for name in NETWORKED
    if SAMPLES[name].says
    for one in KINDS[name].answers
    for code in one.codes
    if code not in SAMPLES[name].cured
]


@pytest.mark.parametrize(("name", "code", "meaning"), CODED)
def test_each_code_of_the_provider_means_what_the_channel_declares(
    name: str, code: str, meaning: Code, provider: FakeProvider
) -> None:
    provider.then(SAMPLES[name].says(code.replace("*", "Whatever")))
    result = outcome(name, provider.url)
    assert isinstance(result, OUTCOMES[meaning.outcome]), result
    if isinstance(result, SendWait | SendRefused):
        assert result.scope is meaning.scope
    if isinstance(result, SendError):
        assert result.code == code.replace("*", "Whatever")
        assert result.ambiguous == meaning.ambiguous


@pytest.mark.parametrize("name", [name for name in NETWORKED if KINDS[name].answers])
def test_a_channel_that_declares_codes_shows_how_its_provider_says_them(name: str) -> None:
    assert SAMPLES[name].says


@pytest.mark.parametrize("name", [name for name in NETWORKED if KINDS[name].size])
def test_however_much_there_is_to_say_the_text_fits(name: str, provider: FakeProvider) -> None:
    for text in ("数据库磁盘空间不足。" * 3_000, "🔥<b>&" * 3_000, "x" * 30_000):
        provider.then(SAMPLES[name].yes)
        result = outcome(
            name, provider.url, title=text[:300], text=text, labels={str(n): text[:900] for n in range(60)}
        )
        assert isinstance(result, Acceptance), result
        texts = SAMPLES[name].texts(provider.requests[-1])
        assert texts
        for one in texts:
            assert KINDS[name].size.fits(one)
            assert "A17" in one, "the short code is what everything else can be found by"


@pytest.mark.parametrize("name", NETWORKED)
def test_a_yes_is_a_receipt(name: str, provider: FakeProvider) -> None:
    provider.then(SAMPLES[name].yes)
    assert isinstance(outcome(name, provider.url), Acceptance)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("name", NETWORKED)
def test_a_no_is_final(name: str, provider: FakeProvider) -> None:
    provider.then(SAMPLES[name].no)
    assert isinstance(outcome(name, provider.url), SendRefused)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("name", NETWORKED)
def test_a_redirect_is_not_followed(name: str, status: int, provider: FakeProvider) -> None:
    provider.then(say(status, b"", location=provider.url + "/elsewhere"))
    assert isinstance(outcome(name, provider.url), SendError)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("name", NETWORKED)
def test_a_proxy_of_the_environment_is_not_taken(
    name: str, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    provider.then(SAMPLES[name].yes)
    assert isinstance(outcome(name, provider.url), Acceptance)


@pytest.mark.parametrize("name", NETWORKED)
def test_a_configured_proxy_is_respected(name: str, provider: FakeProvider) -> None:
    host, _, port = provider.url.removeprefix("http://").partition(":")
    provider.then(SAMPLES[name].yes)
    with FakeProxy(to=(host, int(port))) as proxy:
        sender = made(name, "http://nowhere.invalid", proxy=Secret(proxy.url))
        assert isinstance(sender.send(message(*SAMPLES[name].to)), Acceptance)
        sender.close()
        wrong = made(name, "http://nowhere.invalid", proxy=Secret(proxy.url.replace("someone", "nobody")))
        with pytest.raises(SendError) as refused:
            wrong.send(message(*SAMPLES[name].to))
        wrong.close()
    assert proxy.heads[0].split()[1].startswith("http://nowhere.invalid/")
    assert len(provider.requests) == 1
    assert CANARY not in exposed(refused.value)


@pytest.mark.parametrize("name", NETWORKED)
def test_an_answer_cut_at_any_byte_is_one_of_the_four_outcomes(name: str, provider: FakeProvider) -> None:
    provider.then(SAMPLES[name].yes)
    whole = taken_down(SAMPLES[name].yes)
    for length in range(0, len(whole), 7):
        provider.then(raw(whole[:length]))
        result = outcome(name, provider.url)
        yes = isinstance(result, Acceptance) and (SAMPLES[name].yes_is_status or length > whole.index(b"\r\n\r\n"))
        assert yes or (isinstance(result, SendFailed) and result.ambiguous), (length, result)


@pytest.mark.parametrize("name", NETWORKED)
def test_a_yes_with_an_enormous_body_or_the_wrong_type_is_no_crash(name: str, provider: FakeProvider) -> None:
    for step in (say(200, b" " * 10_000_000), say(200, b"ok" * 5_000_000, content_type="image/png")):
        provider.then(step)
        result = outcome(name, provider.url)
        assert isinstance(result, Acceptance) if SAMPLES[name].yes_is_status else isinstance(result, SendFailed)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
@pytest.mark.parametrize("name", NETWORKED)
def test_a_server_error_is_worth_another_try(name: str, status: int, provider: FakeProvider) -> None:
    provider.then(say(status, b"<html>oops</html>"))
    assert isinstance(outcome(name, provider.url), SendFailed)


@pytest.mark.parametrize("name", NETWORKED)
def test_no_answer_in_time_may_have_arrived(name: str, provider: FakeProvider) -> None:
    provider.then(hang)
    error = outcome(name, provider.url, timeout=0.2)
    assert isinstance(error, SendFailed)
    assert error.ambiguous


@pytest.mark.parametrize("name", NETWORKED)
def test_a_connection_that_breaks_before_the_answer_may_have_arrived(name: str, provider: FakeProvider) -> None:
    provider.then(drop)
    error = outcome(name, provider.url)
    assert isinstance(error, SendFailed)
    assert error.ambiguous
    assert len(provider.requests) == 1, "a sender tries once"


@pytest.mark.parametrize("name", NETWORKED)
def test_nobody_there_is_try_again_and_cannot_have_arrived(name: str) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        error = outcome(name, f"http://127.0.0.1:{nobody.getsockname()[1]}")
    assert isinstance(error, SendFailed)
    assert not error.ambiguous


@pytest.mark.parametrize("name", NETWORKED)
def test_a_name_that_does_not_resolve_cannot_have_arrived(name: str) -> None:
    error = outcome(name, "http://nowhere.invalid", timeout=1.0)
    assert isinstance(error, SendFailed)
    assert not error.ambiguous


@pytest.mark.parametrize("name", NETWORKED)
@pytest.mark.parametrize(
    "junk", [b"\x00\xff\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 9]
)
def test_what_is_not_http_may_have_arrived(name: str, junk: bytes, provider: FakeProvider) -> None:
    provider.then(raw(junk))
    error = outcome(name, provider.url)
    assert isinstance(error, SendFailed)
    assert error.ambiguous


@pytest.mark.parametrize("name", NETWORKED)
def test_a_yes_that_never_ends_does_not_hold_anybody_up(name: str, provider: FakeProvider) -> None:
    provider.then(endless)
    result = outcome(name, provider.url)
    assert isinstance(result, Acceptance) or result.ambiguous


@pytest.mark.parametrize("name", NETWORKED)
def test_a_yes_of_rubbish_is_not_taken_for_a_no(name: str, provider: FakeProvider) -> None:
    for junk in (b"", b"<html>login</html>", b"[]", b"null", b'{"Code": 3}', b"\xff\xfe", b"{" * 5_000):
        provider.then(say(200, junk))
        result = outcome(name, provider.url)
        assert isinstance(result, Acceptance) or (isinstance(result, SendFailed) and result.ambiguous), junk


TRAPS = {
    "quotes": 'he said "no", \\"never\\": {"a": 1}\\',
    "emoji": "🔥" * 50 + "👩‍👩‍👧" * 20,
    "marks": "e\u0301" * 60,
    "breaks": "a\r\nX-Injected: 1\r\n\r\nGET / HTTP/1.1\x00\x1b[31m",
    "long": "x" * 1_000_000,
    "surrogate": "half \ud83d a pair",
    "chinese": "数据库磁盘空间不足" * 20,
    "empty": "",
    "template": "{{ 7 * 7 }}{% for %}",
    "percent": "%s %(x)s ${jndi} & = ? # +",
}


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("name", NETWORKED)
def test_no_text_keeps_a_message_from_going_out(name: str, trap: str, provider: FakeProvider) -> None:
    text = TRAPS[trap]
    provider.then(SAMPLES[name].yes)
    result = outcome(name, provider.url, title=text, text=text, labels={"a": text, text[:20]: "b"})
    assert isinstance(result, Acceptance), result
    assert len(provider.requests) == 1
    assert "x-injected" not in provider.requests[0].headers


def echo(provider: FakeProvider, connection: socket.socket) -> bool:
    """Say no, and repeat everything that was said, as a proxy's error page does."""
    asked = provider.requests[-1]
    words = f"{asked.target} {asked.headers} {asked.body.decode('utf-8', 'replace')}".encode()
    connection.sendall(b"HTTP/1.1 400 No\r\nContent-Length: %d\r\n\r\n" % len(words) + words)
    return True


def exposed(error: object) -> str:
    shown = f"{error} {error!r}"
    return shown + "".join(traceback.format_exception(error)) if isinstance(error, BaseException) else shown


@pytest.mark.parametrize("step", [say(200), say(401), say(503), echo, hang, drop, raw(b"junk\r\n\r\n")])
@pytest.mark.parametrize("name", NETWORKED)
def test_a_secret_never_shows(name: str, step: Step, provider: FakeProvider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    provider.then(step)
    result = outcome(name, provider.url, timeout=0.2)
    sender = made(name, provider.url)
    shown = exposed(result) + repr(sender) + str(sender) + sender.target() + caplog.text
    assert CANARY not in shown
    sender.close()


@pytest.mark.parametrize("name", NETWORKED)
def test_every_secret_setting_is_typed_as_one(name: str) -> None:
    """The sample puts the canary into every field of type Secret, so that the test above means something."""
    sender = made(name, "http://127.0.0.1:1")
    for field in dataclasses.fields(sender):
        value = getattr(sender, field.name)
        for one in value.values() if isinstance(value, dict) else (value,):
            assert not isinstance(one, Secret) or CANARY in one.reveal(), field.name
        if re.search("secret|token|password|key$", field.name):
            assert value is None or isinstance(value, Secret), field.name


@pytest.mark.parametrize("name", NETWORKED)
def test_a_setting_that_cannot_be_used_is_a_sentence_without_the_secret(name: str) -> None:
    for url in ("", "ftp://x/", "http://", "http://a b/", "http://x:99999/", f"ht!tp://{CANARY}", "http://[::1"):
        with pytest.raises(ValueError, match=r"^(url|endpoint|webhook) ") as caught:
            made(name, url)
        assert CANARY not in exposed(caught.value)


@pytest.mark.parametrize("name", NETWORKED)
def test_many_greenlets_share_a_sender_and_its_connections(name: str, provider: FakeProvider) -> None:
    import gevent  # noqa: PLC0415 - only here is a crowd needed

    provider.then(SAMPLES[name].yes)
    sender = made(name, provider.url)
    for _ in range(3):
        crowd = [gevent.spawn(sender.send, message(*SAMPLES[name].to)) for _ in range(20)]
        gevent.joinall(crowd, raise_error=True)
    assert len(provider.requests) == 60
    assert provider.connections == 20
    sender.close()
    gc.collect()  # an unclosed socket would warn, and a warning is an error


@pytest.mark.parametrize("name", KINDS)
def test_a_sender_can_be_closed_twice_and_before_its_first_message(name: str) -> None:
    sender = made(name, "http://127.0.0.1:1")
    sender.close()
    sender.close()


def test_a_sender_that_cannot_ask_its_provider_does_not_know_and_is_not_waited_for() -> None:
    assert Console().find(_any_message(), 0.0) is None
    for kind in KINDS.values():
        assert (kind.knows_after > 0) == (kind.find is not Sender.find), kind


def _any_message() -> Message:
    return message()
