"""The robot of a DingTalk group chat, against one that checks signatures and falls silent as the real one does."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from daemon.errors import Scope, SendRefused, SendWait
from daemon.event import State
from daemon.secret import Secret
from daemon.senders.dingtalk_robot import DingTalkRobot, signature
from fake_clock import BEGIN, FakeClock
from fake_dingtalk import SECRET, TOKEN, FakeDingTalk
from messages import message
from opened import opened

WEBHOOK = f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def dingtalk(clock: FakeClock) -> Iterator[FakeDingTalk]:
    with FakeDingTalk(now=clock.now) as started:
        yield started


def robot(dingtalk: FakeDingTalk, clock: FakeClock, **settings: object) -> DingTalkRobot:
    given = {"access_token": Secret(TOKEN), "secret": Secret(SECRET), "endpoint": dingtalk.endpoint} | settings
    return opened(DingTalkRobot, clock, **given)


def test_the_signature_is_the_documented_one() -> None:
    assert signature(Secret("SECabc"), "1795222800000") == "xGkWidTo2tKFQtf9keXXl0ZHNAcTaJDxiqBhhl8htBw="


def test_each_request_is_signed_anew_and_quoted_once(dingtalk: FakeDingTalk, clock: FakeClock) -> None:
    speaks = robot(dingtalk, clock)
    for _ in range(12):  # a signature with + and / in it is among them
        speaks.send(message())
        clock.advance(7_200)
    targets = [asked.target for asked in dingtalk.asked]
    assert len(dingtalk.room) == 12
    assert any("%2B" in target or "%2F" in target for target in targets)
    assert not any("%25" in target for target in targets)
    assert {len(parse_qs(urlsplit(target).query)["sign"]) for target in targets} == {1}
    assert max(map(len, targets)) < 300, "the URL does not grow from message to message"


def test_a_clock_that_is_wrong_is_the_whole_channels(dingtalk: FakeDingTalk) -> None:
    with pytest.raises(SendRefused, match="310000: invalid timestamp") as caught:
        robot(dingtalk, FakeClock(BEGIN - 4_000)).send(message())
    assert caught.value.scope is Scope.CHANNEL


def test_without_a_secret_nothing_is_signed(clock: FakeClock) -> None:
    with FakeDingTalk(secret="", now=clock.now) as dingtalk:
        robot(dingtalk, clock, secret=None).send(message())
        assert "sign" not in dingtalk.asked[0].target


def test_a_message_has_the_title_and_line_breaks_that_dingtalk_shows(dingtalk: FakeDingTalk, clock: FakeClock) -> None:
    robot(dingtalk, clock).send(message(text="one\ntwo"))
    (told,) = dingtalk.room
    assert told["title"] == "[CRITICAL] Disk full (A17)"
    assert told["text"].startswith("**[CRITICAL] Disk full (A17)**  \none  \ntwo  \nSince ")


def test_plain_text_is_plain(dingtalk: FakeDingTalk, clock: FakeClock) -> None:
    robot(dingtalk, clock, format="text", mention=("lin",)).send(message(text="a < b & *c*"))
    assert dingtalk.room[0]["content"].startswith("[CRITICAL] Disk full (A17)\na < b & *c*\n")
    assert dingtalk.called == [{"lin"}]


def test_whom_it_mentions_stands_in_the_text_too(dingtalk: FakeDingTalk, clock: FakeClock) -> None:
    speaks = robot(dingtalk, clock, mention=("manager4220", "all"), mention_mobiles=("+86 138-0000-0001",))
    speaks.send(message())
    speaks.send(message(state=State.RESOLVED, ended_at=BEGIN))
    assert dingtalk.called == [{"manager4220", "all", "13800000001"}, set()]
    assert dingtalk.room[0]["text"].endswith("\n\n@13800000001 @manager4220")


def test_an_alarms_own_words_mention_nobody_and_mean_nothing(dingtalk: FakeDingTalk, clock: FakeClock) -> None:
    evil = "@all <@all> ![x](https://evil.example/pixel.png) **b**\n# head\n> quote\n- item\n- - -"
    robot(dingtalk, clock).send(message(title=evil[:60], text=evil))
    (told,) = dingtalk.room
    assert dingtalk.called == [set()]
    assert "](" not in told["text"]
    assert told["text"].count("**") == 2
    assert not any(line.startswith(("#", ">", "-")) for line in told["text"].split("\n"))
    assert "@all" not in told["text"] + told["title"]


def test_the_whole_body_is_within_its_bytes(dingtalk: FakeDingTalk, clock: FakeClock) -> None:
    speaks = robot(dingtalk, clock, mention_mobiles=("13800000001",), keyword="告警")
    for text in ("磁盘\n" * 9_000, '"' * 9_000, "\\" * 9_000):
        speaks.send(message(title="磁盘" * 100, text=text, labels={f"l{n}": '"值' * 300 for n in range(60)}))
        assert 1_000 < len(dingtalk.asked[-1].body) <= 20_000
        assert json.loads(dingtalk.asked[-1].body)["at"]["atMobiles"] == ["13800000001"]
        assert "告警" in dingtalk.room[-1]["text"]
    assert len(dingtalk.room) == 3


def test_a_keyword_that_is_missing_is_added_once(clock: FakeClock) -> None:
    with FakeDingTalk(keyword="tocsin", now=clock.now) as dingtalk:
        with pytest.raises(SendRefused, match="310000: keywords not in content"):
            robot(dingtalk, clock).send(message())
        speaks = robot(dingtalk, clock, keyword="tocsin")
        speaks.send(message())
        speaks.send(message(text="tocsin itself"))
        assert [told["text"].count("tocsin") for told in dingtalk.room] == [1, 1]


def test_a_robot_that_spoke_too_often_is_left_alone_for_ten_minutes(dingtalk: FakeDingTalk, clock: FakeClock) -> None:
    speaks = robot(dingtalk, clock)
    for _ in range(20):
        speaks.send(message())
    with pytest.raises(SendWait, match="130101: send too fast") as caught:
        speaks.send(message())
    assert (caught.value.seconds, caught.value.scope) == (600.0, Scope.CHANNEL)
    clock.advance(caught.value.seconds)
    speaks.send(message())
    assert len(dingtalk.room) == 21


@pytest.mark.parametrize(("named", "waits"), [(5, 600.0), (900, 900.0), (1e9, 3_600.0), (-1, 600.0)])
def test_a_longer_wait_is_believed_up_to_an_hour(
    dingtalk: FakeDingTalk, clock: FakeClock, named: float, waits: float
) -> None:
    dingtalk.then({"errcode": 130_101, "errmsg": "send too fast", "wait": named})
    with pytest.raises(SendWait) as caught:
        robot(dingtalk, clock).send(message())
    assert caught.value.seconds == waits


def test_a_wait_in_another_answer_is_not_taken_for_one(dingtalk: FakeDingTalk, clock: FakeClock) -> None:
    dingtalk.then({"errcode": 460_101, "errmsg": "message too long", "wait": 5})
    with pytest.raises(SendRefused) as caught:
        robot(dingtalk, clock).send(message())
    assert caught.value.scope is Scope.MESSAGE


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "url or access_token is needed"),
        ({"url": Secret(WEBHOOK.replace("oapi", "evil"))}, "url is not on https://oapi.dingtalk.com"),
        ({"url": Secret(WEBHOOK.replace("access_token", "token"))}, "url is not the webhook of such a robot"),
        ({"url": Secret(WEBHOOK), "secret": Secret("")}, "secret is empty"),
        ({"access_token": Secret(f"{TOKEN}&x=1")}, "access_token is not a robot's key"),
    ],
)
def test_what_cannot_be_used_is_told_without_the_token(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}") as caught:
        DingTalkRobot(**settings)  # type: ignore[arg-type]
    assert TOKEN not in str(caught.value)


def test_the_pasted_webhook_says_where_and_with_what(dingtalk: FakeDingTalk, clock: FakeClock) -> None:
    pasted = Secret(WEBHOOK.replace("https://oapi.dingtalk.com", dingtalk.endpoint))
    robot(dingtalk, clock, access_token=None, url=pasted).send(message())
    assert len(dingtalk.room) == 1
    assert opened(DingTalkRobot, url=Secret(WEBHOOK)).target() == "https://oapi.dingtalk.com"
