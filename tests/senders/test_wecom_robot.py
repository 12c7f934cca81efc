"""The robot of a WeCom group chat, against one that counts bytes and minutes as the real one does."""

from collections.abc import Iterator

import msgspec
import pytest

from daemon.errors import Scope, SendRefused, SendWait
from daemon.event import Severity, State
from daemon.notice import Reason
from daemon.secret import Secret
from daemon.senders.wecom_robot import WecomRobot
from daemon.template import Template
from daemon.texts.style import Style
from fake_clock import BEGIN, FakeClock
from fake_wecom import KEY, FakeWecom
from messages import message
from opened import opened

WEBHOOK = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def wecom(clock: FakeClock) -> Iterator[FakeWecom]:
    with FakeWecom(now=clock.now) as started:
        yield started


def robot(wecom: FakeWecom, **settings: object) -> WecomRobot:
    return opened(WecomRobot, **({"key": Secret(KEY), "endpoint": wecom.endpoint} | settings))


def test_a_message_shows_what_it_is_about_in_the_colour_of_how_bad_it_is(wecom: FakeWecom) -> None:
    speaks = robot(wecom)
    for severity, state, colour in (
        (Severity.CRITICAL, State.FIRING, "warning"),
        (Severity.WARNING, State.FIRING, "warning"),
        (Severity.INFO, State.FIRING, "comment"),
        (Severity.CRITICAL, State.RESOLVED, "info"),
    ):
        ended = BEGIN if state is State.RESOLVED else None
        receipt = speaks.send(message(severity=severity, state=state, ended_at=ended, labels={"host": "db-1"}))
        assert receipt.detail == f"{wecom.endpoint} took it"
        first, *others = wecom.room[-1].split("\n")
        assert first.startswith(f'**<font color="{colour}">[')
        assert first.endswith("Disk full (A17)</font>**")
        assert "host: db-1" in others
        assert "97 %" in others


def test_plain_text_is_plain(wecom: FakeWecom) -> None:
    robot(wecom, format="text").send(message(text="a < b & *c*"))
    assert wecom.room[0].startswith("[CRITICAL] Disk full (A17)\na < b & *c*\n")


@pytest.mark.parametrize(("style", "most"), [("text", 2_048), ("markdown", 4_096)])
def test_the_limit_is_of_bytes_and_of_the_kind_of_message(wecom: FakeWecom, style: str, most: int) -> None:
    speaks = robot(wecom, format=style, mention=("lin",))
    for text in ("数据库磁盘空间不足*" * 1_000, "<&*" * 2_000, "x y" * 3_000):
        speaks.send(message(title="磁盘" * 70, text=text, labels={f"l{n}": "值" * 100 for n in range(40)}))
        assert most / 4 < len(wecom.room[-1].encode()) <= most
        assert "A17" in wecom.room[-1]
        assert wecom.called[-1] == {"lin"}


def test_whom_it_mentions_is_mentioned_in_both_kinds_of_message(wecom: FakeWecom) -> None:
    robot(wecom, mention=("lin", "wang")).send(message())
    robot(wecom, format="text", mention=("lin", "all"), mention_mobiles=("+86 138 0000 0001",)).send(message())
    assert wecom.called == [{"lin", "wang"}, {"lin", "@all", "13800000001"}]


def test_nobody_is_mentioned_for_what_is_over_getting_better_or_not_bad_enough(wecom: FakeWecom) -> None:
    for style in ("markdown", "text"):
        speaks = robot(wecom, format=style, mention=("lin",), mention_from=Severity.ERROR)
        speaks.send(message(state=State.RESOLVED, ended_at=BEGIN))
        speaks.send(message(severity=Severity.WARNING))
        speaks.send(message(reason=Reason.SOME_RESOLVED))
        speaks.send(message(severity=Severity.ERROR))
        assert wecom.called[-4:] == [set(), set(), set(), {"lin"}]


def test_an_alarms_own_words_mention_nobody_and_make_no_link(wecom: FakeWecom) -> None:
    evil = (
        '<@all> @all <@lin> [click](https://evil.example) <font color="info">fine</font> &lt;@lin&gt;\n# head\n> quote'
    )
    for style in ("markdown", "text"):
        robot(wecom, format=style).send(message(title=evil[:100], text=evil, labels={"<@wang>": "<@all>"}))
        assert wecom.called[-1] == set()
        assert "](" not in wecom.room[-1] or style == "text"
        assert "<font" not in wecom.room[-1].replace('<font color="warning">', "", 1)
        assert "@all" not in wecom.room[-1]
    assert not any(line.startswith(("#", ">")) for line in wecom.room[0].split("\n"))


def test_a_template_of_the_operators_own_may_use_wecoms_markup_and_still_mentions_nobody(wecom: FakeWecom) -> None:
    own = Template('<font color="comment">{{ alert.title | markdown }}</font> <@all> {{ alert.code }}')
    told = msgspec.structs.replace(message(title="a*b"), style=Style(kind="markdown", own={"markdown": own}))
    robot(wecom).send(told)
    assert wecom.room == ['<font color="comment">a∗b</font> ＜＠all> A17']
    assert wecom.called == [set()]


def test_the_twenty_first_message_of_a_minute_waits_and_so_does_the_channel(wecom: FakeWecom, clock: FakeClock) -> None:
    speaks = robot(wecom)
    for _ in range(20):
        speaks.send(message())
    with pytest.raises(SendWait) as caught:
        speaks.send(message())
    assert (caught.value.seconds, caught.value.scope, caught.value.code) == (60.0, Scope.CHANNEL, "45009")
    clock.advance(caught.value.seconds)
    speaks.send(message())
    assert len(wecom.room) == 21


def test_a_wrong_key_is_the_whole_channels_and_does_not_show(wecom: FakeWecom) -> None:
    with pytest.raises(SendRefused, match="93000: invalid webhook url") as caught:
        robot(wecom, key=Secret("not-this-one-000")).send(message())
    assert caught.value.scope is Scope.CHANNEL
    assert "not-this-one" not in str(caught.value)


# ---- settings


def test_the_pasted_webhook_says_all() -> None:
    assert opened(WecomRobot, url=Secret(WEBHOOK)).target() == "https://qyapi.weixin.qq.com"


def test_the_pasted_webhook_of_an_own_server_is_taken_with_its_endpoint(wecom: FakeWecom) -> None:
    pasted = Secret(f" {wecom.endpoint}/cgi-bin/webhook/send?debug=1&key={KEY}\n".strip())
    opened(WecomRobot, url=pasted, endpoint=wecom.endpoint).send(message())
    assert len(wecom.room) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "url or key is needed, and not both"),
        ({"url": Secret(WEBHOOK), "key": Secret(KEY)}, "url or key is needed, and not both"),
        ({"url": Secret(WEBHOOK.replace("qyapi.weixin.qq.com", f"{KEY}.example"))}, "url is not on https://qyapi"),
        ({"url": Secret(WEBHOOK.replace("https", "http"))}, "url is not on https://qyapi"),
        ({"url": Secret(WEBHOOK.replace("?key=", "?k="))}, "url is not the webhook of such a robot: https://qyapi"),
        ({"url": Secret(WEBHOOK.replace("webhook", "hook"))}, "url is not the webhook of such a robot: https://qyapi"),
        ({"url": Secret(WEBHOOK.partition("?")[0])}, "url is not the webhook of such a robot: https://qyapi"),
        ({"url": Secret(KEY)}, "url is not a URL"),
        ({"key": Secret(WEBHOOK)}, "key is not a robot's key; a whole webhook goes into url"),
        ({"key": Secret("")}, "key is not a robot's key"),
        ({"key": Secret(KEY), "endpoint": "ftp://x"}, "endpoint is not a URL"),
        ({"key": Secret(KEY), "mention": ("all",)}, "WeCom's Markdown mentions user ids only"),
        ({"key": Secret(KEY), "mention_mobiles": ("13800000001",)}, "WeCom's Markdown mentions user ids only"),
    ],
)
def test_what_cannot_be_used_is_told_without_the_key(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match="^" + said.replace("?", r"\?")) as caught:
        WecomRobot(**settings)  # type: ignore[arg-type]
    assert KEY not in str(caught.value)
