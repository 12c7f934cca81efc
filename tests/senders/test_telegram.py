"""Telegram: its HTML, its counting, and the two cures of one try."""

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import Scope, SendFailed, SendRefused, SendWait
from daemon.fitting import Size
from daemon.notice import Message, Recipient
from daemon.secret import Secret
from daemon.senders.telegram import MOST, Telegram, TelegramPerson, check_chat, fitted
from daemon.senders.telegram_html import telegram_html
from daemon.template import Template
from daemon.texts.style import Style
from fake_clock import FakeClock
from fake_telegram import TOKEN, FakeTelegram, error, parsed
from messages import message


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        yield fake


def room(telegram: FakeTelegram, **more: object) -> Telegram:
    settings: dict[str, object] = {"token": Secret(TOKEN), "endpoint": telegram.url, "chat_id": "-1001"}
    return telegram.serves(Telegram(**(settings | more)))  # type: ignore[arg-type]


def person(telegram: FakeTelegram) -> TelegramPerson:
    return telegram.serves(TelegramPerson(token=Secret(TOKEN), endpoint=telegram.url))


def in_html(template: str = "", **alert: object) -> Message:
    """A message as the courier makes it for a channel whose kind of text is HTML."""
    own = {"html": Template(template)} if template else {}
    return msgspec.structs.replace(message(**alert), style=Style(kind="html", own=own))  # type: ignore[arg-type]


def test_a_message_is_html_that_telegram_reads_without_a_preview(telegram: FakeTelegram) -> None:
    receipt = room(telegram, message_thread_id=7).send(
        in_html(text="a < b & c", links={"wiki": "https://wiki.it/?a=1&b=2"})
    )
    sent = telegram.messages[0]
    assert sent["text"].startswith("<b>[CRITICAL] Disk full (A17)</b>\na &lt; b &amp; c\n")
    assert '<a href="https://wiki.it/?a=1&amp;b=2">wiki</a>' in sent["text"]
    assert (sent["chat_id"], sent["message_thread_id"], sent["disable_web_page_preview"]) == (-1001, 7, True)
    assert receipt.provider_id == "1"


def test_a_person_is_told_in_the_chat_of_their_own(telegram: FakeTelegram) -> None:
    to = (Recipient(name="lin", address="42"),)
    person(telegram).send(msgspec.structs.replace(in_html(), recipients=to))
    assert telegram.messages[0]["chat_id"] == 42


def test_a_public_chat_goes_by_its_name(telegram: FakeTelegram) -> None:
    room(telegram, chat_id="@ops_room").send(in_html())
    assert telegram.messages[0]["chat_id"] == "@ops_room"


def test_html_that_telegram_does_not_read_goes_once_more_as_plain_text(telegram: FakeTelegram) -> None:
    telegram.script.append(error(400, "Bad Request: can't parse entities: Unsupported start tag at byte offset 3"))
    receipt = room(telegram).send(in_html(text="a < b"))
    assert "parse_mode" not in telegram.messages[0]
    assert telegram.messages[0]["text"].startswith("[CRITICAL] Disk full (A17)\na < b\n")
    assert "mend the template" in receipt.warnings[0]
    telegram.script.extend([error(400, "Bad Request: can't parse entities: again")] * 2)
    with pytest.raises(SendRefused, match="can't parse entities"):
        room(telegram).send(in_html())
    assert len(telegram.requests) == 4


def test_a_group_that_became_a_supergroup_is_followed_and_told_of(telegram: FakeTelegram) -> None:
    telegram.moved[-5] = -1001
    receipt = room(telegram, chat_id="-5").send(in_html())
    assert telegram.messages[0]["chat_id"] == -1001
    assert receipt.warnings == ("the group -5 has become the supergroup -1001: that is its chat_id now",)


def test_a_group_that_moves_on_and_on_is_followed_once(telegram: FakeTelegram) -> None:
    telegram.moved |= {-5: -6, -6: -5}
    with pytest.raises(SendRefused, match="supergroup"):
        room(telegram, chat_id="-5").send(in_html())
    assert len(telegram.requests) == 2


def test_both_cures_can_be_wanted_at_once(telegram: FakeTelegram) -> None:
    telegram.moved[-5] = -1001
    telegram.script.append(error(400, "Bad Request: can't parse entities: no"))
    assert len(room(telegram, chat_id="-5").send(in_html()).warnings) == 2


def test_who_sends_too_much_waits_as_long_as_telegram_says() -> None:
    clock = FakeClock()
    with FakeTelegram(now=clock.monotonic) as telegram:
        sender, gone, scopes = room(telegram), 0, set()
        for _ in range(40):
            try:
                sender.send(in_html())
                gone += 1
                clock.advance(1.0)
            except SendWait as asked:
                scopes.add(asked.scope)
                clock.advance(asked.seconds)
        assert scopes == {Scope.CHANNEL}
        assert clock.monotonic() > 60.0, "no more than 20 a minute"
        assert gone == len(telegram.messages) > 30


@pytest.mark.parametrize(
    ("answer", "wanted", "scopes"),
    [
        (error(403, "Forbidden: bot was blocked by the user"), SendRefused, (Scope.CHANNEL, Scope.RECIPIENT)),
        (error(400, "Bad Request: chat not found"), SendRefused, (Scope.CHANNEL, Scope.RECIPIENT)),
        (error(401, "Unauthorized"), SendRefused, (Scope.CHANNEL, Scope.CHANNEL)),
        (error(404, "Not Found"), SendRefused, (Scope.CHANNEL, Scope.CHANNEL)),
        (error(400, "Bad Request: message is too long"), SendRefused, (Scope.MESSAGE, Scope.MESSAGE)),
        (error(500, "Internal Server Error: restart"), SendFailed, None),
    ],
)
def test_a_no_reaches_as_far_as_it_must(
    telegram: FakeTelegram, answer: object, wanted: type, scopes: tuple[Scope, Scope] | None
) -> None:
    found = []
    to_lin = msgspec.structs.replace(in_html(), recipients=(Recipient(name="lin", address="42"),))
    for sender, about in ((room(telegram), in_html()), (person(telegram), to_lin)):
        telegram.script.append(answer)  # type: ignore[arg-type]
        with pytest.raises(wanted) as caught:
            sender.send(about)
        found.append(getattr(caught.value, "scope", None))
    assert scopes is None or tuple(found) == scopes


def test_an_address_that_is_no_chat_is_that_persons_alone(telegram: FakeTelegram) -> None:
    with pytest.raises(SendRefused, match="lin's telegram address") as caught:
        person(telegram).send(message(Recipient(name="lin", address="lin at home")))
    assert caught.value.scope is Scope.RECIPIENT
    assert not telegram.requests


@pytest.mark.parametrize("chat", ["", "ops", "@x", "-", "1" * 19, "https://t.me/ops"])
def test_what_is_no_chat_is_refused_when_the_configuration_is_read(chat: str) -> None:
    with pytest.raises(ValueError, match="is no chat"):
        check_chat(chat)


@pytest.mark.parametrize("token", ["", "12:a b", "12:a/../x", "12:a\r\n"])
def test_a_token_that_would_break_the_url_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match=r"^token is none") as caught:
        Telegram(token=Secret(token), chat_id="1")
    assert not token or token not in str(caught.value)


def test_the_limit_counts_what_is_left_when_the_html_is_read(telegram: FakeTelegram) -> None:
    """4,000 signs that are written with five each fit; 5,000 do not, and are shortened."""
    room(telegram).send(in_html("{{ '&amp;' * 4000 }}A17"))
    assert parsed(telegram.messages[0]["text"]) == "&" * 4_000 + "A17"
    room(telegram).send(in_html("<p>{{ 'x' * 5000 }}</p>", title="Short"))
    assert parsed(telegram.messages[1]["text"]) == "[CRITICAL] Short (A17)"


def test_a_template_that_says_nothing_is_told_by_the_title(telegram: FakeTelegram) -> None:
    room(telegram).send(in_html("<p> </p>", title="a < b"))
    assert telegram.messages[0]["text"] == "[CRITICAL] a &lt; b (A17)"


@pytest.mark.parametrize(
    ("html", "marked", "plain"),
    [
        ("a<br>\nb<br/>c", "a\nb\nc", "a\nb\nc"),
        ("<p>a</p>\n<p>b</p>", "a\nb", "a\nb"),
        ("<h1>T</h1><ul><li>x<li>y</ul>", "<b>T</b>\nx\ny", "T\nx\ny"),
        ("<strong>a <em>b</strong> c", "<b>a <i>b</i></b> c", "a b c"),
        (
            '<a href="javascript:x()">a</a> <a href="https://x/&quot;">b</a>',
            'a <a href="https://x/&quot;">b</a>',
            "a b",
        ),
        ("<script>alert(1)</script>ok<font color=red>!</font>", "ok!", "ok!"),
        ("&nbsp;&eacute;&lt;b&gt;&amp;amp;", "é&lt;b&gt;&amp;amp;", "é<b>&amp;"),
        ("a < b > c & d", "a &lt; b &gt; c &amp; d", "a < b > c & d"),
        ("<pre>a\n  b</pre>c", "<pre>a\n  b</pre>\nc", "a\n  b\nc"),
        ("<b>open", "<b>open</b>", "open"),
        ("</b></i>x", "x", "x"),
    ],
)
def test_html_becomes_what_telegram_knows(html: str, marked: str, plain: str) -> None:
    assert telegram_html(html) == (marked, plain)


PIECES = [
    "<b>",
    "</b>",
    "<i>",
    "</i>",
    '<a href="https://x/?a&b">',
    "</a>",
    "<br>",
    "<p>",
    "</p>",
    "<pre>",
    "</pre>",
    "<x",
    ">",
]
PIECES += [
    "&",
    "&lt;",
    "&amp",
    "<",
    "🔥",
    "word",
    " ",
    "\n",
    "</",
    "<!--",
    "<li>",
    "<script>",
    "<code>",
    "</code>",
    "<blockquote>",
]


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=40))
@settings(max_examples=200)
def test_whatever_html_there_is_telegram_can_read_what_becomes_of_it(pieces: list[str]) -> None:
    html = "".join(pieces)
    marked, plain = telegram_html(html)
    assert parsed(marked).strip() == plain
    assert len(plain) <= len(html)


@given(text=st.text("<>&🔥é\n a", max_size=400), many=st.integers(1, 40))
@settings(max_examples=30)
def test_whatever_an_alarm_says_it_fits(text: str, many: int) -> None:
    marked, plain = fitted(in_html(title=text, text=text * many))
    assert MOST.fits(plain)
    assert MOST.fits(parsed(marked))
    assert Size(200_000).fits(marked)
