"""Slack: what its reader sees, whom it calls, and what its words mean."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import Scope, SendFailed, SendRefused, SendWait
from daemon.event import Severity, State
from daemon.secret import Secret
from daemon.senders.slack import SECTION, Slack, check_mention, escaped
from fake_clock import FakeClock
from fake_provider import say
from fake_slack import PATH, FakeSlack, wrong
from messages import message


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        yield fake


def posting(slack: FakeSlack, **more: object) -> Slack:
    return slack.serves(Slack(**{"url": Secret(slack.url + PATH), **more}))  # type: ignore[arg-type]


def test_a_url_that_was_pasted_with_space_around_it_is_understood(slack: FakeSlack) -> None:
    posting(slack, url=Secret(f" {slack.url}{PATH} \n")).send(message())
    assert len(slack.messages) == 1


def test_a_message_is_a_header_with_the_title_and_a_section_with_the_rest(slack: FakeSlack) -> None:
    receipt = posting(slack).send(message(links={"runbook": "https://wiki.it/a?b=1&c=2"}))
    header, section, context = slack.messages[0]["blocks"]
    assert header["text"]["text"] == "[CRITICAL] Disk full (A17)"
    lines = section["text"]["text"].splitlines()
    assert lines[0] == "97 %"
    assert lines[-1] == "runbook: <https://wiki.it/a?b=1&amp;c=2>"
    assert context["elements"][0]["text"] == "ops · D1"
    assert slack.messages[0]["text"] == "[CRITICAL] Disk full (A17)"
    assert slack.messages[0]["unfurl_links"] is False
    assert receipt.detail.endswith("answered ok")


def test_a_title_that_is_no_header_begins_the_section(slack: FakeSlack) -> None:
    posting(slack).send(message(title="<" * 140))
    section, _ = slack.messages[0]["blocks"]
    assert section["text"]["text"].startswith("[CRITICAL] &lt;&lt;")


def test_an_alarm_cannot_mention_anybody_or_make_a_link(slack: FakeSlack) -> None:
    posting(slack).send(message(title="<!channel> & <@U024BE7LH>", text="<http://evil.it|ok> @here"))
    said = json.dumps(slack.messages[0])
    assert "<!channel>" not in said
    assert "<@U" not in said
    assert "&lt;<http://evil.it>|ok&gt; @here" in said
    sections = [block["text"] for block in slack.messages[0]["blocks"] if block["type"] == "section"]
    assert all(section["verbatim"] for section in sections), "else Slack looks for @here itself"


def test_those_named_are_mentioned_from_the_severity_that_is_named(slack: FakeSlack) -> None:
    sender = posting(slack, mention=("here", "U024BE7LH", "S0615G0KT"), mention_from=Severity.ERROR)
    sender.send(message())
    sender.send(message(severity=Severity.WARNING))
    first, second = (sent["blocks"][1]["text"]["text"] for sent in slack.messages)
    assert first.splitlines()[0] == "<!here> <@U024BE7LH> <!subteam^S0615G0KT>"
    assert "<!here>" not in second


def test_nobody_is_mentioned_when_all_is_over(slack: FakeSlack) -> None:
    posting(slack, mention=("channel",)).send(message(state=State.RESOLVED))
    assert "<!channel>" not in json.dumps(slack.messages[0])


@pytest.mark.parametrize("nobody", ["@here", "<!here>", "lin", "u024be7lh", "", "here channel"])
def test_who_cannot_be_mentioned_is_told_so(nobody: str) -> None:
    with pytest.raises(ValueError, match="is nobody"):
        check_mention(nobody)


def test_more_mentions_than_there_is_room_for_are_refused() -> None:
    with pytest.raises(ValueError, match="11 are more"):
        Slack(url=Secret("http://x/"), mention=tuple(f"U{n}AAA" for n in range(11)))


@given(
    title=st.text("<>&aé🔥 \n", max_size=400),
    text=st.text("<>&aé🔥 \n:/", max_size=4_000),
    url=st.sampled_from(["", "http://x/&", "https://wiki.it/<"]),
)
@settings(max_examples=40)
def test_whatever_stands_in_an_alarm_slack_would_take_it(title: str, text: str, url: str) -> None:
    sender = Slack(url=Secret("http://x/"), mention=("channel",) * 2 + ("U024BE7LH",))
    payload = sender._payload(message(title=title, text=text + url * 300))
    assert wrong(payload) == ""
    for block in payload["blocks"]:
        if block["type"] == "section":
            assert SECTION.fits(block["text"]["text"])


def test_the_three_signs_are_escaped_once() -> None:
    assert escaped("a & <b> &amp;") == "a &amp; &lt;b&gt; &amp;amp;"


def test_more_than_one_a_second_waits_as_long_as_slack_says() -> None:
    clock = FakeClock()
    with FakeSlack(now=clock.monotonic) as slack:
        sender = posting(slack)
        sender.send(message())
        with pytest.raises(SendWait) as caught:
            sender.send(message())
        assert (caught.value.seconds, caught.value.scope) == (1.0, Scope.CHANNEL)
        clock.advance(1.0)
        sender.send(message())
    assert len(slack.messages) == 2


def test_a_revoked_webhook_refuses_everything(slack: FakeSlack) -> None:
    with pytest.raises(SendRefused, match="answered no_service") as caught:
        posting(slack, url=Secret(slack.url + "/services/T000/B000/0ther")).send(message())
    assert caught.value.scope is Scope.CHANNEL


@pytest.mark.parametrize(
    ("status", "error"), [(400, SendRefused), (404, SendRefused), (500, SendFailed), (200, SendFailed)]
)
def test_a_word_that_nobody_knows_counts_by_its_status(slack: FakeSlack, status: int, error: type) -> None:
    slack.then(say(status, b"brand_new_word", content_type="text/plain"))
    with pytest.raises(error) as caught:
        posting(slack).send(message())
    assert caught.value.ambiguous == (status in {200, 500})
