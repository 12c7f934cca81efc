"""What people read, written out in full: every kind of notice in both languages."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from daemon.event import Severity, State
from daemon.fitting import Size, Unit
from daemon.notice import Message, Reason
from daemon.template.words import SEVERITIES, Lang
from daemon.texts.built_in import KINDS, LANGS, MOST
from readings import GROUP, ONE, OVER, alarm, told

ALL_OVER = tuple(alarm(number, ago=ago, over=True) for number, ago in ((17, 12), (18, 10)))
TEST = alarm(0, title="Test of channel sms", text="Sent by hand; nothing is wrong.", labels={}, links={})
ACK = "https://tocsin.example.com/ack/abc"


class Read(NamedTuple):
    """The title, the short text, and the long one below its first line, which is the title."""

    title: str
    short: str
    below: str


def read(message: Message) -> Read:
    first, _, below = message.text.partition("\n")
    assert first == message.title
    assert message.speech.warnings == []
    return Read(message.title, message.speech.say("short"), below)


SINCE = "Since 2026-11-21 14:03 CST, for 12 min\n"
LABELS = "alertname: DiskFull\nhost: db-1\nrunbook: https://wiki.example.com/disk"
SHARED = "alertname: DiskFull\nrunbook: https://wiki.example.com/disk"
USED = "97 % of /data is used.\n"

ENGLISH = {
    "one begins": (
        told(*ONE),
        "[CRITICAL] Disk full on db-1 (A17)",
        "[CRITICAL] Disk full on db-1, since 14:03 (A17)",
        USED + SINCE + LABELS,
    ),
    "it has just begun": (
        told(alarm(ago=0.5)),
        "[CRITICAL] Disk full on db-1 (A17)",
        "[CRITICAL] Disk full on db-1, since 14:14 (A17)",
        USED + "Since 2026-11-21 14:14 CST\n" + LABELS,
    ),
    "it began the day before": (
        told(alarm(ago=24 * 60)),
        "[CRITICAL] Disk full on db-1 (A17)",
        "[CRITICAL] Disk full on db-1, since 11-20 14:15 (A17)",
        USED + "Since 2026-11-20 14:15 CST, for 1 d\n" + LABELS,
    ),
    "one is over": (
        told(*OVER, reason=Reason.ALL_RESOLVED),
        "[RESOLVED after 10 min] Disk full on db-1 (A17)",
        "[RESOLVED after 10 min] Disk full on db-1 (A17)",
        USED + "From 2026-11-21 14:03 CST to 2026-11-21 14:13 CST\n" + LABELS,
    ),
    "some of a group are over": (
        told(*GROUP, reason=Reason.SOME_RESOLVED),
        "[CRITICAL] 2 firing, 1 resolved of alertname=DiskFull: Disk full on db-1 (A17)",
        "[CRITICAL] 2 firing, 1 resolved: Disk full on db-1, since 14:03 (A17)",
        USED + SINCE + "Some of it is over.\n"
        "- CRITICAL A17 Disk full on db-1, since 14:03\n"
        "- WARNING A18 Disk nearly full on db-2, since 14:05\n"
        "- resolved A15 Disk full on db-3, after 28 min\n" + SHARED,
    ),
    "one joins a group of many": (
        told(*[alarm(number) for number in range(40, 10, -1)], reason=Reason.NEW_MEMBER, more_firing=2),
        "[CRITICAL] 32 firing of alertname=DiskFull: Disk full on db-1 (A40)",
        "[CRITICAL] 32 firing: Disk full on db-1, since 14:03 (A40)",
        USED + SINCE + "A further problem has joined.\n"
        + "".join(f"- CRITICAL A{number} Disk full on db-1, since 14:03\n" for number in range(40, 20, -1))
        + "and 12 more\n" + LABELS,
    ),
    "all of a group are over": (
        told(*ALL_OVER, reason=Reason.ALL_RESOLVED),
        "[RESOLVED after 10 min] 2 alarms of alertname=DiskFull: Disk full on db-1 (A17)",
        "[RESOLVED after 10 min] 2 alarms: Disk full on db-1 (A17)",
        USED + "From 2026-11-21 14:03 CST to 2026-11-21 14:13 CST\n"
        "- resolved A17 Disk full on db-1, after 10 min\n"
        "- resolved A18 Disk full on db-1, after 8 min\n" + LABELS,
    ),
    "it is worse": (
        told(reason=Reason.WORSE),
        "[NOW CRITICAL] Disk full on db-1 (A17)",
        "[NOW CRITICAL] Disk full on db-1, since 14:03 (A17)",
        USED + SINCE + "Its severity rose.\n" + LABELS,
    ),
    "it is still there": (
        told(alarm(ago=240), reason=Reason.REPEAT),
        "[STILL CRITICAL after 4 h] Disk full on db-1 (A17)",
        "[STILL CRITICAL after 4 h] Disk full on db-1 (A17)",
        USED + "Since 2026-11-21 10:15 CST, for 4 h\nNothing has changed; this is a reminder.\n" + LABELS,
    ),
    "nobody acknowledged it": (
        told(reason=Reason.ESCALATED, note="not acknowledged for 5m"),
        "[CRITICAL, UNACKNOWLEDGED] Disk full on db-1 (A17)",
        "[CRITICAL, UNACKNOWLEDGED] Disk full on db-1, since 14:03 (A17)",
        USED + SINCE + "Not acknowledged for 5m.\n" + LABELS,
    ),
    "an acknowledgement ends soon": (
        told(reason=Reason.ACK_ENDING, note="the acknowledgement of wang ends in 10m"),
        "[CRITICAL, ACK ENDS SOON] Disk full on db-1 (A17)",
        "[CRITICAL, ACK ENDS SOON] Disk full on db-1, since 14:03 (A17)",
        USED + SINCE + "The acknowledgement of wang ends in 10m.\n" + LABELS,
    ),
    "an acknowledgement has ended": (
        told(reason=Reason.ACK_ENDED),
        "[CRITICAL, ACK ENDED] Disk full on db-1 (A17)",
        "[CRITICAL, ACK ENDED] Disk full on db-1, since 14:03 (A17)",
        USED + SINCE + "The acknowledgement has ended, and the problem is still there.\n" + LABELS,
    ),
    "it comes and goes": (
        told(reason=Reason.FLAPPING),
        "[CRITICAL, FLAPPING] Disk full on db-1 (A17)",
        "[CRITICAL, FLAPPING] Disk full on db-1, since 14:03 (A17)",
        USED + SINCE + "It comes and goes; you will hear of it again when it has settled.\n" + LABELS,
    ),
    "many at once": (
        told(*GROUP, reason=Reason.DIGEST, note="2m", more_firing=34),
        "[DIGEST] 37 alarms in 2 min, 36 still firing, worst: CRITICAL Disk full on db-1 (A17)",
        "[DIGEST] 37 alarms in 2 min, worst: CRITICAL Disk full on db-1 (A17)",
        USED + SINCE + "Many alarms at once, told in one message.\n"
        "- CRITICAL A17 Disk full on db-1, since 14:03\n"
        "- WARNING A18 Disk nearly full on db-2, since 14:05\n"
        "- resolved A15 Disk full on db-3, after 28 min\nand 34 more\n" + SHARED,
    ),
    "a test": (
        told(TEST, reason=Reason.TEST),
        "[TEST] Test of channel sms",
        "[TEST] Test of channel sms",
        "Sent by hand; nothing is wrong.",
    ),
    "late, perhaps for the second time, with a link": (
        told(late=720, repeat=True, acknowledge=ACK),
        "[CRITICAL] Disk full on db-1 (A17), 12 min late, may be a repeat",
        "[CRITICAL] Disk full on db-1 (A17), 12 min late, may be a repeat",
        USED + "Since 2026-11-21 14:03 CST, for 24 min\n" + LABELS + f"\nacknowledge: {ACK}",
    ),
}  # fmt: skip

SINCE_ZH = "开始时间：2026-11-21 14:03 CST，已持续12分钟\n"
LABELS_ZH = "alertname：DiskFull\nhost：db-1\nrunbook: https://wiki.example.com/disk"
SHARED_ZH = "alertname：DiskFull\nrunbook: https://wiki.example.com/disk"


def chinese(*alerts: object, **more: object) -> Message:
    return told(*alerts, lang="zh", **more)  # type: ignore[arg-type]


CHINESE = {
    "one begins": (
        chinese(*ONE),
        "[严重] Disk full on db-1（A17）",
        "[严重] Disk full on db-1（A17），14:03起",
        USED + SINCE_ZH + LABELS_ZH,
    ),
    "one is over": (
        chinese(*OVER, reason=Reason.ALL_RESOLVED),
        "[已恢复] Disk full on db-1（A17），持续10分钟",
        "[已恢复] Disk full on db-1（A17），持续10分钟",
        USED + "开始时间：2026-11-21 14:03 CST\n恢复时间：2026-11-21 14:13 CST\n" + LABELS_ZH,
    ),
    "some of a group are over": (
        chinese(*GROUP, reason=Reason.SOME_RESOLVED),
        "[严重] 2条告警，1条已恢复（alertname=DiskFull）：Disk full on db-1（A17）",
        "[严重] 2条告警，1条已恢复：Disk full on db-1（A17），14:03起",
        USED + SINCE_ZH + "部分告警已恢复。\n"
        "- [严重] A17 Disk full on db-1，14:03起\n"
        "- [警告] A18 Disk nearly full on db-2，14:05起\n"
        "- [已恢复] A15 Disk full on db-3，持续28分钟\n" + SHARED_ZH,
    ),
    "one joins": (
        chinese(*GROUP[:2], reason=Reason.NEW_MEMBER),
        "[严重] 2条告警（alertname=DiskFull）：Disk full on db-1（A17）",
        "[严重] 2条告警：Disk full on db-1（A17），14:03起",
        USED + SINCE_ZH + "有新增告警。\n"
        "- [严重] A17 Disk full on db-1，14:03起\n"
        "- [警告] A18 Disk nearly full on db-2，14:05起\n" + SHARED_ZH,
    ),
    "all of a group are over": (
        chinese(*ALL_OVER, reason=Reason.ALL_RESOLVED),
        "[已恢复] 共2条（alertname=DiskFull）：Disk full on db-1（A17），持续10分钟",
        "[已恢复] 共2条：Disk full on db-1（A17），持续10分钟",
        USED + "开始时间：2026-11-21 14:03 CST\n恢复时间：2026-11-21 14:13 CST\n"
        "- [已恢复] A17 Disk full on db-1，持续10分钟\n"
        "- [已恢复] A18 Disk full on db-1，持续8分钟\n" + LABELS_ZH,
    ),
    "it is worse": (
        chinese(reason=Reason.WORSE),
        "[升级为严重] Disk full on db-1（A17）",
        "[升级为严重] Disk full on db-1（A17），14:03起",
        USED + SINCE_ZH + "告警级别升高。\n" + LABELS_ZH,
    ),
    "it is still there": (
        chinese(alarm(ago=260), reason=Reason.REPEAT),
        "[严重，已持续4小时20分钟] Disk full on db-1（A17）",
        "[严重，已持续4小时20分钟] Disk full on db-1（A17）",
        USED + "开始时间：2026-11-21 09:55 CST，已持续4小时20分钟\n状态没有变化，再次提醒。\n" + LABELS_ZH,
    ),
    "nobody acknowledged it": (
        chinese(reason=Reason.ESCALATED),
        "[严重，无人确认] Disk full on db-1（A17）",
        "[严重，无人确认] Disk full on db-1（A17），14:03起",
        USED + SINCE_ZH + "一直无人确认，升级通知。\n" + LABELS_ZH,
    ),
    "an acknowledgement ends soon": (
        chinese(reason=Reason.ACK_ENDING),
        "[严重，确认即将到期] Disk full on db-1（A17）",
        "[严重，确认即将到期] Disk full on db-1（A17），14:03起",
        USED + SINCE_ZH + "确认即将到期，问题尚未恢复。\n" + LABELS_ZH,
    ),
    "an acknowledgement has ended": (
        chinese(reason=Reason.ACK_ENDED, note="张伟的确认"),
        "[严重，确认已到期] Disk full on db-1（A17）",
        "[严重，确认已到期] Disk full on db-1（A17），14:03起",
        USED + SINCE_ZH + "确认已到期，问题尚未恢复。\n张伟的确认\n" + LABELS_ZH,
    ),
    "it comes and goes": (
        chinese(reason=Reason.FLAPPING),
        "[严重，反复抖动] Disk full on db-1（A17）",
        "[严重，反复抖动] Disk full on db-1（A17），14:03起",
        USED + SINCE_ZH + "告警反复触发和恢复，稳定之前不再通知。\n" + LABELS_ZH,
    ),
    "many at once": (
        chinese(*GROUP, reason=Reason.DIGEST, note="2m", more_firing=34),
        "[告警汇总] 2分钟内共37条告警，36条未恢复，最严重：[严重] Disk full on db-1（A17）",
        "[告警汇总] 2分钟内共37条告警，最严重：[严重] Disk full on db-1（A17）",
        USED + SINCE_ZH + "短时间内告警较多，合并为一条发送。\n"
        "- [严重] A17 Disk full on db-1，14:03起\n"
        "- [警告] A18 Disk nearly full on db-2，14:05起\n"
        "- [已恢复] A15 Disk full on db-3，持续28分钟\n另有34条\n" + SHARED_ZH,
    ),
    "a test": (
        chinese(alarm(0, title="通道 sms 测试", text="", labels={}, links={}), reason=Reason.TEST),
        "[测试] 通道 sms 测试",
        "[测试] 通道 sms 测试",
        "",
    ),
    "late, perhaps for the second time, with a link": (
        chinese(late=720, repeat=True, acknowledge=ACK),
        "[严重] Disk full on db-1（A17），延迟12分钟送达，可能重复",
        "[严重] Disk full on db-1（A17），延迟12分钟送达，可能重复",
        USED + "开始时间：2026-11-21 14:03 CST，已持续24分钟\n" + LABELS_ZH + f"\n确认: {ACK}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ENGLISH)
def test_in_english_people_read(case: str) -> None:
    message, *expected = ENGLISH[case]
    assert read(message) == tuple(expected)


@pytest.mark.parametrize("case", CHINESE)
def test_in_chinese_people_read(case: str) -> None:
    message, *expected = CHINESE[case]
    assert read(message) == tuple(expected)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_text_in_every_kind_and_language(reason: Reason, lang: Lang) -> None:
    said = told(*GROUP, reason=reason, lang=lang)
    texts = [said.speech.say(kind) for kind in KINDS]
    assert all("A17" in text for text in texts)
    assert said.speech.warnings == []
    plain = told(*GROUP, lang=lang)
    alike = {Reason.FIRST, Reason.ALL_RESOLVED}  # the counts say it
    assert (said.text == plain.text) is (reason in alike)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("severity", Severity)
def test_every_severity_has_a_word_in_every_language(severity: Severity, lang: Lang) -> None:
    assert SEVERITIES[lang][severity].upper() in told(alarm(severity=severity), lang=lang).title


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("reason", Reason)
def test_a_usual_short_text_has_seventy_characters_at_most_and_keeps_its_code(reason: Reason, lang: Lang) -> None:
    title = "The filesystem /var/lib/postgresql/data on db-1.eu-central.example.com fills up within four hours"
    for alerts in ((alarm(12345, title=title),), (alarm(12345, title=title), *GROUP)):
        text = told(*alerts, reason=reason, lang=lang, note="2m").speech.say("short")
        assert len(text) <= 70, text
        assert "A12345" in text
        assert "The filesys" in text


def test_a_short_text_is_cut_between_what_people_see_as_characters() -> None:
    family = "👩‍👩‍👧"
    text = told(alarm(title=family * 40)).speech.say("short")
    assert len(text) <= 70
    assert text.removeprefix("[CRITICAL] ").partition("…")[0].replace(family, "") == ""


def test_an_alarms_words_are_never_taken_for_a_template() -> None:
    evil = "{{ 7 * 7 }}{% for x in range(9) %}x{% endfor %}{# gone #}"
    message = told(alarm(title=evil, text=evil + "!", labels={"{{ 1 }}": evil}, links={"{{ 2 }}": "https://x.example"}))
    assert message.title == f"[CRITICAL] {evil} (A17)"
    for kind in ("long", "html"):
        assert "49" not in message.speech.say(kind)  # type: ignore[arg-type] # they are kinds
        assert "gone" in message.speech.say(kind)  # type: ignore[arg-type] # they are kinds


def test_an_alarms_words_mean_nothing_in_html_and_markdown() -> None:
    evil = '<a href="https://evil.example">[click](https://evil.example) @all *x*\n# y'
    message = told(alarm(title=evil, text=evil + ".", links={"a]b": 'https://ok.example/(x)?a=1&b="2'}))
    html, markdown = message.speech.say("html"), message.speech.say("markdown")
    assert '<a href="https://evil' not in html
    assert '<a href="https://ok.example/(x)?a=1&amp;b=&#34;2">a]b</a>' in html
    assert "&lt;a href" in html
    assert "<br>\n# y" in html
    assert "[click](" not in markdown
    assert "\\[click\\]\\(https" in markdown
    assert "\\@all \\*x\\*" in markdown
    assert '[a\\]b](https://ok.example/%28x%29?a=1&b="2)' in markdown
    assert message.speech.warnings == []


def test_a_title_that_is_all_that_fits_means_nothing_in_markdown_either() -> None:
    message = told(alarm(title="[click](https://evil.example) *x*", links={"long": "https://x.example/" + "y" * 500}))
    for most in (30, 90, 200):
        size = Size(most, Unit.BYTES)
        said = message.fitted(size, "markdown")
        assert size.fits(said)
        assert "](" not in said
        assert " *" not in said


def test_a_text_cannot_make_lines_where_there_is_one() -> None:
    message = told(alarm(title="a\nb\r\n\x1b[2Jc"))
    assert message.title == "[CRITICAL] a b [2Jc (A17)"


@given(
    title=st.text(max_size=400), text=st.text(max_size=400), value=st.text(max_size=300), began=st.floats(-1e12, 1e12),
    ended=st.none() | st.floats(-1e12, 1e12), state=st.sampled_from(State), reason=st.sampled_from(Reason),
    note=st.text(max_size=20), late=st.floats(-1e9, 1e9),
)  # fmt: skip
@hypothesis(max_examples=40)
def test_whatever_is_told_has_a_text(
    title: str, text: str, value: str, began: float, ended: float | None, state: State, reason: Reason, note: str,
    late: float,
) -> None:  # fmt: skip
    one = alarm(title=title, text=text, labels={value: value}, started_at=began, ended_at=ended, state=state)
    for lang in LANGS:
        message = told(one, *GROUP, reason=reason, lang=lang, note=note, late=late)
        for kind in KINDS:
            assert 0 < len(message.speech.say(kind)) <= MOST[kind]
        assert message.speech.warnings == []


@pytest.mark.parametrize("character", ["x", "满", "&"])
def test_the_largest_notice_has_a_text_of_every_kind(character: str) -> None:
    largest = alarm(
        title=character * 300, text=character * 8_000,
        labels={f"{n:03}" + character * 125: character * 1_000 for n in range(64)},
        links={f"{n:03}" + character * 125: "https://x.example/" + character * 1_980 for n in range(16)},
    )  # fmt: skip
    message = told(*[largest] * 100, more_firing=9_000)
    for kind in KINDS:
        assert len(message.speech.say(kind)) <= MOST[kind]
        assert "A17" in message.speech.say(kind)
    # What only escapes would make longer than any message still has its one line.
    assert (message.speech.warnings == []) is (character != "&")
