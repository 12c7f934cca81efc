"""One message as a mail: valid, private, threaded, and with no header that anybody smuggled in."""

import datetime as dt
import email
import email.policy
from email.message import EmailMessage

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.config.people import FORMS
from daemon.event import Severity, State
from daemon.notice import Message, Reason, Recipient
from daemon.senders.mail import MOST_THREADS, Mail, Writer, subject, thread
from daemon.senders.mail_address import Mailbox, mailbox, named_mailbox
from daemon.template import Template
from daemon.texts.style import Style
from fake_clock import BEGIN
from messages import message
from threads import conversations

WRITER = Writer(sender=Mailbox("alert@it.example", "tocsin"), envelope="alert@it.example", reply_to=None, html=True)
TO = mailbox("lin@example.com")
HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "X-Tocsin-State", "X-Tocsin-Severity",
    "Importance", "X-Priority", "Auto-Submitted", "X-Auto-Response-Suppress", "Precedence", "MIME-Version",
    "Content-Type",
]  # fmt: skip


def about(**facts: object) -> Message:
    return message(Recipient(name="lin", address="lin@example.com"), out_id="3f2a-D17", **facts)


def parsed(mail: Mail) -> EmailMessage:
    """What a mail program makes of it; whatever is not as the standards say is an error."""
    data = mail.data.replace(b"\r\n..", b"\r\n.")
    for line in mail.data.split(b"\r\n"):
        assert len(line) <= 998
        assert b"\r" not in line
        assert b"\n" not in line
        assert not (line.startswith(b".") and not line.startswith(b".."))
    assert mail.data.endswith(b"\r\n")
    read = email.message_from_bytes(data, policy=email.policy.SMTP)
    for part in read.walk():
        assert not part.defects
        for value in part.values():
            assert not value.defects, value
    return read


def read(**facts: object) -> EmailMessage:
    return parsed(WRITER.mail(about(**facts), TO))


def texts(mail: EmailMessage) -> tuple[str, str]:
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


def test_a_mail_says_the_same_as_text_and_as_html() -> None:
    mail = read(text="97 % used & <b>growing</b>", labels={"host": "db-1"})
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    plain, html = texts(mail)
    assert "[CRITICAL] Disk full (A17)\n97 % used & <b>growing</b>\n" in plain
    assert "97 % used &amp; &lt;b&gt;growing&lt;/b&gt;" in html
    for tag in ("<img", "<script", "src=", "@import", "url("):
        assert tag not in html, "nothing is loaded from anywhere"


def test_the_headers_of_a_mail() -> None:
    mail = read()
    assert mail.keys() == HEADERS
    assert mail["From"] == "tocsin <alert@it.example>"
    assert mail["To"] == "lin@example.com"
    assert mail["Date"].datetime == dt.datetime.fromtimestamp(BEGIN, dt.UTC)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["X-Tocsin-State"] == "firing"
    assert mail["Importance"] == "high"
    assert "List-Unsubscribe" not in mail, "what a scanner could trigger"


def test_only_what_is_critical_and_there_is_important() -> None:
    for facts in ({"severity": Severity.WARNING}, {"state": State.RESOLVED, "ended_at": BEGIN}):
        mail = read(**facts)
        assert "Importance" not in mail
        assert "X-Priority" not in mail
    assert mail["X-Tocsin-State"] == "resolved"


def test_a_mail_may_have_no_html() -> None:
    mail = parsed(writer(html=False).mail(about(), TO))
    assert mail.get_content_type() == "text/plain"
    assert "Disk full" in mail.get_content()


def writer(**more: object) -> Writer:
    fields = {"sender": WRITER.sender, "envelope": WRITER.envelope, "reply_to": None, "html": True}
    return Writer(**(fields | more))  # type: ignore[arg-type]


def test_a_page_of_the_operators_is_left_as_it_is() -> None:
    own = "<!DOCTYPE html><html><body>{{ alert.title | e }}</body></html>"
    said = msgspec.structs.replace(about(), style=Style(own={"html": Template(own)}))
    assert texts(parsed(WRITER.mail(said, TO)))[1].strip() == own.replace("{{ alert.title | e }}", "Disk full")


def test_chinese_comes_through_everywhere() -> None:
    said = msgspec.structs.replace(
        about(title="数据库磁盘空间不足" * 12, text="空间 97 %\n第二行"), style=Style(lang="zh")
    )
    mail = parsed(writer(sender=Mailbox("a@it.example", "托辛 报警"), reply_to=TO).mail(said, TO))
    assert mail["Subject"].startswith("[严重] 数据库磁盘空间不足")
    assert mail["Subject"].endswith(" (A17)")
    assert mail["From"] == "托辛 报警 <a@it.example>"
    assert mail["Reply-To"] == "lin@example.com"
    assert "空间 97 %\n第二行" in texts(mail)[0]
    assert '<html lang="zh">' in texts(mail)[1]


def test_a_try_that_is_repeated_has_the_id_of_the_first_so_that_mailboxes_can_tell() -> None:
    first = WRITER.mail(about(), TO)
    again = WRITER.mail(msgspec.structs.replace(about(repeat=True), sent_at=BEGIN + 60), TO)
    other = WRITER.mail(msgspec.structs.replace(about(), out_id="3f2a-D18"), TO)
    assert first.message_id == again.message_id == "<3f2a-D17.1795222800@it.example>"
    assert other.message_id != first.message_id


def test_the_link_to_acknowledge_stands_in_both_texts_and_is_the_readers_own() -> None:
    link = "https://alarm.example.com/ack/AbC_-9"
    plain, html = texts(parsed(WRITER.mail(msgspec.structs.replace(about(), acknowledge=link), TO)))
    assert f"acknowledge: {link}" in plain
    assert f'<a href="{link}">acknowledge</a>' in html


# ---- what no text can do

NASTY = st.text(
    st.one_of(st.characters(codec=None), st.sampled_from("\r\n\0\x1b\x0b\x85\u2028\u202e\ud83d.=?<>\"',;:@ ")),
    max_size=200,
)


@settings(max_examples=50)
@given(title=NASTY, text=NASTY, label=NASTY, source=NASTY)
def test_whatever_an_alarm_says_the_mail_is_valid_and_has_only_our_headers(
    title: str, text: str, label: str, source: str
) -> None:
    mail = read(title=title, text=text, labels={label or "x": text}, source=source, links={"a": title})
    assert mail.keys() == HEADERS
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert "(A17)" in mail["Subject"]
    assert "A17" in texts(mail)[0]


@pytest.mark.parametrize(
    "trap",
    [
        "a\r\nBcc: everybody@example.com\r\n\r\n<script>",
        "a\nSubject: b",
        "x" * 100_000,
        "报" * 50_000,
        "\r\n.\r\nMAIL FROM:<a@b.example>\r\n",
        ".",
        "half \ud83d a pair",
        "=?utf-8?B?QmNj?= =?utf-8?Q?a?=",
        "--=-tocsin-0-=\r\nContent-Type: text/html\r\n\r\n<b>",
        "\n" * 5_000,
        "\n.\n..\n.x",
        "",
        "\x00",
    ],
    ids=lambda trap: repr(trap)[:30],
)
def test_what_would_break_out_stays_a_text(trap: str) -> None:
    mail = read(title=trap, text=trap, labels={"trap": trap}, links={"go": trap})
    assert mail.keys() == HEADERS
    assert len(list(mail.walk())) == 3


def test_lines_that_begin_with_a_dot_arrive_as_they_were() -> None:
    assert ".\n..two\n.three" in texts(read(text=".\n..two\n.three"))[0]


@settings(max_examples=50)
@given(NASTY)
def test_a_subject_says_what_the_title_says(title: str) -> None:
    said = about(title=title)
    assert parsed(WRITER.mail(said, TO))["Subject"] == subject(said)


# ---- threads


def told(*ids: int, reason: Reason = Reason.FIRST, out_id: str = "3f2a-D1", **facts: object) -> Message:
    """A notice about these alarms."""
    one = about(**facts)
    alerts = [msgspec.structs.replace(one.alert, id=n, title=f"Disk {n}") for n in ids]
    over = one.alert.state is State.RESOLVED
    notice = msgspec.structs.replace(
        one.notice, alerts=alerts, reason=reason, firing=0 if over else len(ids), resolved=len(ids) if over else 0
    )
    return msgspec.structs.replace(one, notice=notice, out_id=out_id)


def test_all_mails_about_an_alarm_answer_the_same_id() -> None:
    story = [
        told(17, out_id="3f2a-D1"),
        told(17, reason=Reason.REPEAT, out_id="3f2a-D2"),
        told(17, reason=Reason.ESCALATED, out_id="3f2a-D3"),
        told(17, reason=Reason.ALL_RESOLVED, out_id="3f2a-D4", state=State.RESOLVED, ended_at=BEGIN),
    ]
    mails = [parsed(WRITER.mail(one, TO)) for one in story]
    assert {mail["In-Reply-To"] for mail in mails} == {"<alert-17.3f2a@it.example>"}
    assert {mail["References"] for mail in mails} == {"<alert-17.3f2a@it.example>"}
    assert len({mail["Message-ID"] for mail in mails}) == 4
    assert [mail["Subject"].partition("] ")[2] for mail in mails] == ["Disk 17 (A17)"] * 4
    assert mails[-1]["Subject"].startswith("[RESOLVED")
    assert mails[0]["Subject"].startswith("[CRITICAL]")


def test_a_group_is_one_conversation_while_its_members_come_and_go() -> None:
    mails = [
        told(17, out_id="3f2a-D1"),
        told(17, 18, 19, out_id="3f2a-D2"),
        told(18, 19, out_id="3f2a-D3"),
        told(19, 25, out_id="3f2a-D4"),
        told(25, out_id="3f2a-D5"),
        told(40, out_id="3f2a-D6"),
    ]
    read_mails = [parsed(WRITER.mail(one, TO)) for one in mails]
    assert conversations(read_mails) == [5, 1]


def test_a_large_group_loses_its_oldest_members_and_stays_one_conversation() -> None:
    mails = [told(*range(1, 101), out_id="3f2a-D1"), told(*range(60, 101), out_id="3f2a-D2")]
    read_mails = [parsed(WRITER.mail(one, TO)) for one in mails]
    assert len(read_mails[0]["References"].split()) == 2 * MOST_THREADS
    assert conversations(read_mails) == [2]


def test_another_store_and_another_alarm_are_other_conversations() -> None:
    mails = [told(17, out_id="3f2a-D1"), told(17, out_id="77aa-D1"), told(18, out_id="3f2a-D3")]
    assert conversations([parsed(WRITER.mail(one, TO)) for one in mails]) == [1, 1, 1]


@pytest.mark.parametrize("reason", [Reason.DIGEST, Reason.TEST])
def test_a_digest_and_a_test_stand_alone(reason: Reason) -> None:
    said = told(17, 18, reason=reason)
    assert thread(said, "it.example") == []
    assert "References" not in parsed(WRITER.mail(said, TO))
    assert subject(said) == said.title


def test_the_subject_of_a_group_counts_the_others_in_brackets() -> None:
    assert subject(told(18, 17, 19)) == "[CRITICAL] [+2] Disk 17 (A17)"


def test_an_operators_own_line_is_the_whole_subject() -> None:
    said = msgspec.structs.replace(about(), style=Style(own={"line": Template("[P1] {{ alert.title }}!")}))
    assert subject(said) == "[P1] Disk full!"


# ---- addresses


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("lin@example.com", True),
        ("l.i+n_o'x@mail-1.example.com", True),
        ("root@localhost", True),
        ("张伟@例子.example", True),
        ("a" * 64 + "@x.example", True),
        ("a" * 65 + "@x.example", False),
        ("lin@" + "x" * 64 + ".example", False),
        ("lin", False),
        ("@x.example", False),
        ("lin@", False),
        (".lin@x.example", False),
        ("l..in@x.example", False),
        ("lin@x..example", False),
        ("lin@-x.example", False),
        ("lin@x.example.", False),
        ("lin@x@y.example", False),
        ("l in@x.example", False),
        ("lin@x.example\n", False),
        ("l\x00in@x.example", False),
        ('"l"@x.example', False),
        ("<lin@x.example>", False),
        ("l\ud83d@x.example", False),
    ],
)
def test_what_is_an_address(address: str, good: bool) -> None:
    assert bool(FORMS["email"].pattern.fullmatch(address)) is good
    if good:
        assert mailbox(address).domain.isascii()
    else:
        with pytest.raises(ValueError, match="is no mail address"):
            mailbox(address)


PARTS = [
    "lin", ".", "@", "例", "é", "+", "-", "_", "'", "=", "?", "<", ">",
    '"', ",", ";", "\r\n", "\0", "x.example", "\ud83d",
]  # fmt: skip
PIECES = st.lists(st.sampled_from(PARTS), max_size=9)


@settings(max_examples=150)
@given(PIECES.map("".join), NASTY)
@example("lin@x.example", "a")
def test_whatever_passes_for_an_address_stays_within_its_command_and_header(text: str, name: str) -> None:
    try:
        box = named_mailbox(f"{name} <{text}>")
    except ValueError:
        return
    assert not set("\r\n\0 <>") & set(box.address)
    assert len(box.address) < 400
    for line in box.header().split("\r\n "):
        assert line.isprintable()
    back = email.message_from_bytes(f"From: {box.header()}\r\n\r\n".encode(), policy=email.policy.SMTP)
    assert back.keys() == ["From"]


@pytest.mark.parametrize(
    ("text", "name", "header"),
    [
        ("alert@it.example", "", "alert@it.example"),
        ("tocsin <alert@it.example>", "tocsin", '"tocsin" <alert@it.example>'),
        ('"To, Csin" <alert@it.example>', "To, Csin", '"To, Csin" <alert@it.example>'),
        ('a "b" c <alert@it.example>', 'a "b" c', r'"a \"b\" c" <alert@it.example>'),
        ("托辛 <alert@it.example>", "托辛", "=?utf-8?B?5omY6L6b?= <alert@it.example>"),
    ],
)
def test_a_name_beside_an_address(text: str, name: str, header: str) -> None:
    read_box = named_mailbox(text)
    assert (read_box.name, read_box.address, read_box.header()) == (name, "alert@it.example", header)
    back = email.message_from_string(f"From: {header}\n\n", policy=email.policy.SMTP)["From"].addresses[0]
    assert (back.display_name, back.addr_spec) == (name, "alert@it.example")
