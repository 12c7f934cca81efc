"""Apprise: four outcomes out of what the library says, and not a word of its URL."""

import json
import logging
import socket
import sys
import time
import traceback
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import gevent
import pytest

from channel_samples import CANARY
from daemon.errors import Scope, SendError, SendFailed, SendRefused, SendWait
from daemon.event import Severity, State
from daemon.notice import Acceptance
from daemon.secret import Secret
from daemon.senders import apprise as module
from daemon.senders.apprise import ByApprise, check_apprise
from daemon.units import Seconds
from fake_provider import FakeProvider, Step, drop, hang, raw, say
from messages import message


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    fake = FakeProvider().start()
    yield fake
    fake.stop()


def over(provider: FakeProvider, more: str = "", **settings: object) -> ByApprise:
    place = provider.url.partition("://")[2]
    url = Secret(f"json://lin:{CANARY}@{place}/{CANARY}/?+X-Token={CANARY}{more}")
    return ByApprise(**{"url": url, "timeout": Seconds(2.0), **settings})  # type: ignore[arg-type]


def outcome(sender: ByApprise, **alert: object) -> Acceptance | SendError:
    """What one try comes to; nothing but a receipt or a SendError may come out."""
    try:
        return sender.send(message(**alert))
    except SendError as error:
        return error


def test_a_message_goes_as_title_and_text(provider: FakeProvider) -> None:
    receipt = over(provider).send(message(text="a < b & c\nd"))
    body = json.loads(provider.requests[0].body)
    assert body["title"] == "[CRITICAL] Disk full (A17)"
    assert body["message"].splitlines()[:2] == ["a < b & c", "d"]
    assert body["type"] == "failure"
    assert receipt.detail == "apprise json:// took it"


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"severity": Severity.ERROR}, "failure"),
        ({"severity": Severity.WARNING}, "warning"),
        ({"severity": Severity.INFO}, "info"),
        ({"state": State.RESOLVED}, "success"),
    ],
)
def test_severity_and_end_are_apprises_own_types(provider: FakeProvider, facts: dict[str, object], kind: str) -> None:
    over(provider).send(message(**facts))
    assert json.loads(provider.requests[0].body)["type"] == kind


@pytest.mark.parametrize(
    ("step", "kind", "scope"),
    [
        (say(401), SendRefused, Scope.CHANNEL),
        (say(404), SendRefused, Scope.CHANNEL),
        (say(422), SendRefused, Scope.MESSAGE),
        (say(429), SendWait, Scope.CHANNEL),
        (say(500), SendFailed, None),
        (say(418), SendFailed, None),
        (drop, SendFailed, None),
        (raw(b"SSH-2.0-OpenSSH\r\n"), SendFailed, None),
    ],
)
def test_a_no_is_one_of_the_four_outcomes(provider: FakeProvider, step: Step, kind: type, scope: Scope | None) -> None:
    provider.then(step)
    error = outcome(over(provider))
    assert isinstance(error, kind)
    assert getattr(error, "scope", None) is scope
    assert str(error).startswith("apprise json://: ")
    assert len(provider.requests) == 1, "a sender tries once"


def test_nobody_there_is_try_again() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        sender = ByApprise(url=Secret(f"json://127.0.0.1:{nobody.getsockname()[1]}/{CANARY}"))
        assert isinstance(outcome(sender), SendFailed)


def test_no_answer_in_time_may_have_arrived_and_holds_up_nobody(provider: FakeProvider) -> None:
    provider.then(hang)
    began = time.monotonic()
    error = outcome(over(provider, timeout=Seconds(0.3)))
    assert isinstance(error, SendFailed)
    assert error.ambiguous
    assert str(error) == "apprise json://: no answer within 0.3 s"
    assert time.monotonic() - began < 1.5


def test_somebody_elses_deadline_is_not_an_answer(provider: FakeProvider) -> None:
    provider.then(hang)
    with pytest.raises(gevent.Timeout) as caught, gevent.Timeout(0.2) as theirs:
        over(provider).send(message())
    assert caught.value is theirs


@pytest.fixture
def log() -> Iterator[StringIO]:
    """All that reaches tocsin's log, however much it is to hold; Apprise is told to say all it can."""
    heard = StringIO()
    handler = logging.StreamHandler(heard)
    loggers = [logging.getLogger(name) for name in ("", "apprise", "urllib3")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(1)
    logging.getLogger().addHandler(handler)
    yield heard
    logging.getLogger().removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def test_nothing_of_the_url_shows(provider: FakeProvider, log: StringIO) -> None:
    def echo(_: FakeProvider, connection: socket.socket) -> bool:
        words = f"{provider.requests[-1].target} {provider.requests[-1].headers}".encode()
        connection.sendall(b"HTTP/1.1 400 No\r\nContent-Length: %d\r\n\r\n" % len(words) + words)
        return True

    for step in (say(200), say(401), echo, drop, hang):
        provider.then(step)
        sender = over(provider, timeout=Seconds(0.3))
        result = outcome(sender)
        shown = f"{result} {result!r} {sender!r} {sender.target()}" + log.getvalue()
        if isinstance(result, BaseException):
            shown += "".join(traceback.format_exception(result))
        assert CANARY not in shown
        assert provider.url.partition("://")[2] not in log.getvalue()


@pytest.mark.parametrize(
    "text", ["数据库" * 30_000, "half \ud83d a pair", "", "🔥<b>&" * 20_000, "a\r\nX: 1\x00\x1b[31m"]
)
def test_no_text_keeps_a_message_from_going_out(provider: FakeProvider, text: str) -> None:
    result = outcome(over(provider), title=text[:300], text=text)
    assert isinstance(result, Acceptance), result
    assert len(provider.requests) == 1, "shortened, never split"
    assert len(json.loads(provider.requests[0].body)["message"]) <= module.MOST


@pytest.mark.parametrize("url", ["", "nonsense", f"nosuch://{CANARY}", f"slack://{CANARY}", "http://", "json://"])
def test_a_url_that_apprise_does_not_know_is_a_sentence_without_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"^is none that Apprise knows") as caught:
        check_apprise(Secret(url))
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_without_the_library_the_configuration_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    module._library.cache_clear()
    monkeypatch.setitem(sys.modules, "apprise", None)
    try:
        with pytest.raises(ValueError, match=r"pip install 'tocsin\[apprise\]'"):
            ByApprise(url=Secret("json://127.0.0.1/"))
    finally:
        module._library.cache_clear()


def test_the_library_is_loaded_only_for_those_who_want_it() -> None:
    import subprocess  # noqa: PLC0415 - only here

    script = (
        "import sys, daemon.senders, daemon.registry as r; r.kinds_in(daemon.senders); print('apprise' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    said = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True).stdout
    assert said == "False\n"


def test_what_a_plug_in_raises_may_have_arrived(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = over(provider)

    def broken(**_: object) -> None:
        raise KeyError(CANARY)

    monkeypatch.setattr(sender._service, "notify", broken)
    error = outcome(sender)
    assert isinstance(error, SendFailed)
    assert error.ambiguous
    assert CANARY not in f"{error}"
