"""The webhook channel: what it posts, and that another tocsin believes it."""

import json
import re
from pathlib import Path
from typing import ClassVar

import pytest

from daemon import loading
from daemon.clock import Clock
from daemon.config.load import load
from daemon.config.settings import Hmac, Source
from daemon.errors import SendRefused
from daemon.event import Severity, State
from daemon.hook import Hook
from daemon.listener import credentials
from daemon.notice import Reason
from daemon.registry import Handler
from daemon.secret import Secret
from daemon.senders.document import body
from daemon.senders.webhook import Webhook
from fake_clock import BEGIN, FakeClock
from fake_provider import FakeProvider, endless, say
from messages import LIN, message
from tree import ROOT

PAGE = ROOT / "docs/channels/webhook.md"


class Still(Webhook):
    """Its clock stands still at the beginning."""

    clock: ClassVar[Clock] = FakeClock()


def sent(provider: FakeProvider, **settings: object) -> dict[str, str]:
    """Send one message; return the headers it came with."""
    hook = Still(url=Secret(provider.url + "/hook"), **settings)  # type: ignore[arg-type]
    hook.send(message())
    hook.close()
    return provider.requests[-1].headers


def test_the_body_tells_all_that_tocsin_knows(provider: FakeProvider) -> None:
    sent(provider)
    asked = provider.requests[0]
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["x-tocsin-delivery"] == "D1"
    said = json.loads(asked.body)
    alert = said.pop("alert")
    assert said == {
        "version": 1,
        "delivery": "D1",
        "reason": "first",
        "repeat": False,
        "receiver": "ops",
        "recipients": [],
        "title": "[CRITICAL] Disk full (A17)",
        "text": "[CRITICAL] Disk full (A17)\n97 %\nSince 2026-11-21 01:00 UTC\nhost: db-1",
        "group": {},
        "firing": 1,
        "resolved": 0,
        "alerts": [alert],
    }
    assert alert["code"] == "A17"
    assert alert["labels"] == {"host": "db-1"}
    assert alert["state"] == "firing"
    assert alert["ended_at"] is None


def test_a_repetition_and_an_end_say_so() -> None:
    said = json.loads(
        body(message(LIN, reason=Reason.ALL_RESOLVED, repeat=True, state=State.RESOLVED, ended_at=BEGIN + 60))
    )
    assert (said["reason"], said["repeat"], said["alert"]["state"]) == ("all_resolved", True, "resolved")
    assert said["recipients"] == [{"name": "lin", "address": "+86 138 0000 0001"}]


def test_half_a_character_becomes_a_question_mark_and_the_rest_stays() -> None:
    said = json.loads(body(message(title='a \ud800 "b"', labels={"\udfff": "c\ud83d"})))
    assert said["alert"]["title"] == 'a ? "b"'
    assert said["alert"]["labels"] == {"?": "c?"}


def test_another_tocsin_believes_the_signature(provider: FakeProvider) -> None:
    headers = sent(provider, secret=Secret("shared"))
    source = Source(
        name="upstream",
        handler=Handler(name="x", handle=lambda _: [], samples={}),
        hmac=Hmac(secret=Secret("shared"), header="X-Tocsin-Signature", timestamp_header="X-Tocsin-Timestamp"),
    )
    payload = provider.requests[0].body
    assert credentials.opens(source, headers, {}, [payload], BEGIN + 10) is None
    assert credentials.opens(source, headers, {}, [payload + b" "], BEGIN + 10) is credentials.Problem.WRONG
    assert credentials.opens(source, headers, {}, [payload], BEGIN + 1_000) is credentials.Problem.STALE


def test_another_tocsin_reads_it_with_the_map_of_the_page(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```yaml\n(sources:\n  upstream:.*?)```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "tocsin.yml").write_text(f"{example}receivers: [{{name: ops}}]\nroute: {{receiver: ops}}\n")
    source = load(tmp_path / "tocsin.yml", loading.catalog, {"RELAY_SECRET": "long enough"}).settings.sources[
        "upstream"
    ]
    firing, ended = (
        event
        for said in (message(), message(reason=Reason.ALL_RESOLVED, state=State.RESOLVED, ended_at=BEGIN + 60))
        for event in source.handler.handle(Hook(source="upstream", body=body(said), options=source.options))
    )
    assert (firing.title, firing.severity, firing.text) == ("Disk full", Severity.CRITICAL, "97 %")
    assert (firing.state, ended.state) == (State.FIRING, State.RESOLVED)
    assert firing.fingerprint() == ended.fingerprint()


def test_without_a_secret_nothing_is_signed(provider: FakeProvider) -> None:
    assert not {"x-tocsin-signature", "x-tocsin-timestamp", "authorization"} & set(sent(provider))


def test_a_token_and_further_headers_are_sent(provider: FakeProvider) -> None:
    headers = sent(provider, token=Secret("t0k"), headers={"X-Team": Secret("db")})
    assert headers["authorization"] == "Bearer t0k"
    assert headers["x-team"] == "db"


def test_a_yes_is_a_yes_whatever_its_body_is(provider: FakeProvider) -> None:
    provider.then(endless)
    hook = Webhook(url=Secret(provider.url))
    assert hook.send(message()).detail == f"{provider.url} answered 200"
    hook.close()


def test_a_refusal_quotes_the_server_without_the_secrets(provider: FakeProvider) -> None:
    provider.then(say(422, b"no hook for token T0kenT0ken at /services/T0kenT0ken/path"))
    hook = Webhook(url=Secret(provider.url + "/services/T0kenT0ken/path"))
    with pytest.raises(SendRefused) as caught:
        hook.send(message())
    assert str(caught.value) == f"{provider.url} answered 422: no hook for token *** at /***"
    hook.close()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"headers": {"X Y": Secret("a")}}, "headers: 'X Y' is not the name of a header"),
        ({"headers": {"X\r\nY": Secret("a")}}, "is not the name of a header"),
        ({"headers": {"Host": Secret("a")}}, "headers: Host is set by tocsin itself"),
        ({"secret": Secret("")}, "secret is empty"),
        ({"token": Secret("a"), "headers": {"authorization": Secret("b")}}, "credentials are given twice"),
        ({"token": Secret("a"), "url": Secret("http://u:p@x/")}, "credentials are given twice"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Webhook(**({"url": Secret("http://127.0.0.1/")} | settings))  # type: ignore[arg-type]
