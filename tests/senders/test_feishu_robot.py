"""The custom bot of a Feishu group chat, against one that checks what the real one checks."""

import json
from collections.abc import Iterator

import msgspec
import pytest

from daemon.errors import Scope, SendError, SendFailed, SendRefused, SendWait
from daemon.event import Severity, State
from daemon.secret import Secret
from daemon.senders.feishu_robot import FeishuRobot, signature
from daemon.texts.style import Style
from fake_clock import BEGIN, FakeClock
from fake_feishu import SECRET, TOKEN, FakeFeishu, seen
from fake_provider import FakeProvider, say
from messages import message
from opened import opened

WEBHOOK = f"https://open.feishu.cn/open-apis/bot/v2/hook/{TOKEN}"
LINK = "https://alarms.example.com/ack/abc"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def feishu(clock: FakeClock) -> Iterator[FakeFeishu]:
    with FakeFeishu(now=clock.now) as started:
        yield started


def bot(feishu: FakeFeishu, clock: FakeClock, **settings: object) -> FeishuRobot:
    given = {"token": Secret(TOKEN), "secret": Secret(SECRET), "endpoint": feishu.endpoint} | settings
    return opened(FeishuRobot, clock, **given)


def refusal(endpoint: str, clock: FakeClock, out_id: str = "D1") -> SendError:
    with pytest.raises(SendError) as caught:
        opened(FeishuRobot, clock, token=Secret(TOKEN), endpoint=endpoint).send(message(out_id=out_id))
    return caught.value


def test_the_signature_is_the_documented_one() -> None:
    assert signature(Secret("fsSecret"), "1795222800") == "1p6l+R92P2PqcSkL3FQAhF87fATX2qaPvRo4q2LVBvo="


def test_a_card_has_a_head_in_the_colour_of_how_bad_it_is(feishu: FakeFeishu, clock: FakeClock) -> None:
    for severity, state, colour in (
        (Severity.CRITICAL, State.FIRING, "red"),
        (Severity.ERROR, State.FIRING, "red"),
        (Severity.WARNING, State.FIRING, "orange"),
        (Severity.INFO, State.FIRING, "blue"),
        (Severity.CRITICAL, State.RESOLVED, "green"),
    ):
        ended = BEGIN if state is State.RESOLVED else None
        bot(feishu, clock).send(message(severity=severity, state=state, ended_at=ended))
        clock.advance(1)
        card = feishu.room[-1]
        assert card["header"]["template"] == colour
        assert card["header"]["title"]["content"].endswith("Disk full (A17)")
        assert seen(card).startswith("97 %\n"), "what the head says is not said twice"
        assert len(card["elements"]) == 1


def test_a_button_acknowledges_in_the_language_of_the_message(feishu: FakeFeishu, clock: FakeClock) -> None:
    told = msgspec.structs.replace(message(links={"graph": "https://g.example/1"}), acknowledge=LINK)
    for lang, word in (("en", "Acknowledge"), ("zh", "确认")):
        bot(feishu, clock).send(msgspec.structs.replace(told, style=Style(lang=lang, kind="markdown")))
        card = feishu.room[-1]
        (button,) = card["elements"][1]["actions"]
        assert (button["text"]["content"], button["url"]) == (word, LINK)
        assert "[graph](https://g.example/1)" in seen(card)
        assert LINK not in seen(card), "what the button says is not said twice"


def test_plain_text_is_plain(feishu: FakeFeishu, clock: FakeClock) -> None:
    bot(feishu, clock, format="text", mention=("ou_7d8a", "all")).send(message(text="a < b & *c*"))
    assert feishu.room[0]["text"].startswith("[CRITICAL] Disk full (A17)\na < b & *c*\n")
    assert feishu.called == [{"ou_7d8a", "all"}]


def test_whom_it_mentions_is_mentioned_in_a_card_and_not_when_all_is_over(feishu: FakeFeishu, clock: FakeClock) -> None:
    speaks = bot(feishu, clock, mention=("ou_7d8a", "all"))
    speaks.send(message())
    speaks.send(message(state=State.RESOLVED, ended_at=BEGIN))
    assert feishu.called == [{"ou_7d8a", "all"}, set()]


def test_an_alarms_own_words_mention_nobody_and_mean_nothing(feishu: FakeFeishu, clock: FakeClock) -> None:
    evil = '<at id=all></at> <at user_id="all">x</at> [click](https://evil.example) **b** &lt;at id=all&gt;\n- item'
    bot(feishu, clock).send(message(title=evil[:80], text=evil, labels={"<at id=all></at>": "<at id=all></at>"}))
    bot(feishu, clock, format="text").send(message(title=evil[:80], text=evil))
    assert feishu.called == [set(), set()]
    raw = feishu.room[0]["elements"][0]["content"]
    assert not set("<>*") & set(raw)
    assert "](" not in raw
    assert evil in seen(feishu.room[0]), "people read what the alarm says, sign for sign"


def test_the_whole_body_is_within_its_bytes(feishu: FakeFeishu, clock: FakeClock) -> None:
    for style in ("card", "text"):
        speaks = bot(feishu, clock, format=style, mention=("all",), keyword="告警")
        for text in ("磁盘\n" * 9_000, '<"*_' * 5_000):
            speaks.send(message(title="磁盘" * 100, text=text, labels={f"l{n}": "<值>" * 300 for n in range(60)}))
            clock.advance(1)
            assert 1_000 < len(feishu.asked[-1].body) <= 20_000
            assert "告警" in json.dumps(feishu.room[-1], ensure_ascii=False)
    assert feishu.called == [{"all"}] * 4


def test_too_many_in_a_second_wait_a_little_and_not_all_for_the_same_time(feishu: FakeFeishu, clock: FakeClock) -> None:
    speaks = bot(feishu, clock)
    for _ in range(5):
        speaks.send(message())
    waits = []
    for number in range(20):
        with pytest.raises(SendWait) as caught:
            speaks.send(message(out_id=f"3f2a9c1e-D{number}"))
        assert (caught.value.code, caught.value.scope) == ("11232", Scope.CHANNEL)
        waits.append(caught.value.seconds)
    assert len(set(waits)) > 15
    assert min(waits) >= 5
    assert max(waits) <= 15
    clock.advance(max(waits))
    speaks.send(message())
    assert len(feishu.room) == 6


def test_a_bad_request_that_says_too_many_is_a_wait(provider: FakeProvider, clock: FakeClock) -> None:
    provider.then(
        say(400, b'{"code":9499,"msg":"too many request","data":{}}'),
        say(400, b'{"code":9499,"msg":"Bad Request","data":{}}'),
        say(429, b'{"code":99991400,"msg":"request trigger frequency limit"}', x_ogw_ratelimit_reset="42"),
        say(400, b'{"code":99991400,"msg":"request trigger frequency limit"}', x_ogw_ratelimit_reset="soon"),
    )
    first, second, third, fourth = (refusal(provider.url, clock) for _ in range(4))
    assert isinstance(first, SendWait)
    assert isinstance(second, SendRefused)
    assert second.scope is Scope.MESSAGE
    assert isinstance(third, SendWait)
    assert 42 <= third.seconds <= 52
    assert isinstance(fourth, SendWait)
    assert 5 <= fourth.seconds <= 15


def test_a_yes_of_an_older_server_is_one(provider: FakeProvider, clock: FakeClock) -> None:
    provider.then(say(200, b'{"Extra":null,"StatusCode":0,"StatusMessage":"success"}'), say(200, b'{"Extra":null}'))
    opened(FeishuRobot, clock, token=Secret(TOKEN), endpoint=provider.url).send(message())
    assert isinstance(refusal(provider.url, clock), SendFailed)


def test_a_wrong_secret_or_clock_is_the_whole_channels(feishu: FakeFeishu, clock: FakeClock) -> None:
    for one in (bot(feishu, clock, secret=Secret("other")), bot(feishu, FakeClock(BEGIN - 4_000))):
        with pytest.raises(SendRefused, match="19021") as caught:
            one.send(message())
        assert caught.value.scope is Scope.CHANNEL


def test_a_keyword_that_is_missing_is_added(clock: FakeClock) -> None:
    with FakeFeishu(keyword="tocsin", secret="", now=clock.now) as feishu:
        with pytest.raises(SendRefused, match="19024"):
            bot(feishu, clock, secret=None).send(message())
        bot(feishu, clock, secret=None, keyword="tocsin").send(message())
        assert seen(feishu.room[0]).endswith("\ntocsin")


@pytest.mark.parametrize("host", ["open.feishu.cn", "open.larksuite.com"])
def test_feishus_and_larks_webhooks_are_both_taken(host: str) -> None:
    pasted = Secret(WEBHOOK.replace("open.feishu.cn", host))
    assert opened(FeishuRobot, url=pasted).target() == f"https://{host}"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "url or token is needed"),
        ({"url": Secret(WEBHOOK.replace("open.", "evil."))}, "url is not on https://open.feishu.cn or https://open.la"),
        ({"url": Secret(WEBHOOK + "/more")}, "url is not the webhook of such a robot: https://open.feishu.cn"),
        ({"url": Secret(WEBHOOK), "secret": Secret("")}, "secret is empty"),
    ],
)
def test_what_cannot_be_used_is_told_without_the_token(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}") as caught:
        FeishuRobot(**settings)  # type: ignore[arg-type]
    assert TOKEN not in str(caught.value)
