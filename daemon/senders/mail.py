"""One message as a mail: its headers, its place in a thread, its text twice.

RFC 5322 (headers), 2046 (multipart/alternative), 3834 (what no machine is to answer). Written by hand, for the
standard library's `email` takes milliseconds for one; its parser reads every mail of the tests.
"""

import datetime as dt
import email.utils
import re
from dataclasses import dataclass
from itertools import count

import msgspec

from daemon import fitting
from daemon.event import Severity, State
from daemon.fitting import Size, Unit
from daemon.notice import Message, Notice, Reason
from daemon.senders.mail_address import Mailbox
from daemon.senders.mail_words import folded, header, part

MOST_THREADS = 15  # of the oldest alarms of a mail, and as many of the newest, that it is threaded by
MAX_TITLE = 150
_OVERHEAD = 4_096  # bytes of headers and frames around a text that has to be shortened
_IN_BASE64 = 0.7  # so much of a room in base64 is text

_MARK = re.compile(r"\[[^\]]{1,80}\]")
_ODD = re.compile(r"[^A-Za-z0-9._-]")
_TO_NO_MACHINE = (
    "Auto-Submitted: auto-generated\r\n"
    "X-Auto-Response-Suppress: All\r\n"
    "Precedence: bulk\r\n"
    "MIME-Version: 1.0\r\n"
)  # fmt: skip


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """What goes over the wire: `data` has CRLF line ends and doubled dots, the final dot is not in it."""

    sender: str
    recipient: str
    message_id: str
    data: bytes

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server with SMTPUTF8 can take it."""
        return not (self.sender + self.recipient).isascii()


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Writes the mails of one channel."""

    sender: Mailbox  # who it is from
    envelope: str  # where mail that cannot be delivered goes back to
    reply_to: Mailbox | None
    html: bool

    def mail(self, message: Message, to: Mailbox, most: int = 0) -> Mail:
        """Write it to one person; with `most` within so many bytes: the text alone, and shortened."""
        domain = self.sender.domain
        message_id = f"<{_ODD.sub('-', message.out_id)}.{int(message.notice.at)}@{domain}>"
        head = [
            f"From: {self.sender.header()}\r\nTo: {to.header()}\r\n",
            f"Reply-To: {self.reply_to.header()}\r\n" if self.reply_to else "",
            header("Subject", subject(message)),
            f"Date: {_date(message.now)}\r\nMessage-ID: {message_id}\r\n",
            _threaded(thread(message, domain)),
            _for_rules(message.notice),
            _TO_NO_MACHINE,
        ]
        body = self._both(message) if not most else part("plain", _shortened(message, most))
        data = "".join(head).encode() + body
        return Mail(sender=self.envelope, recipient=to.address, message_id=message_id, data=data)

    def _both(self, message: Message) -> bytes:
        plain = part("plain", message.text)
        if not self.html:
            return plain
        rich = part("html", _page(message))
        # A line that no part has: their base64 has no dashes, and what else begins like this is looked for.
        boundary = next(mark for n in count() if (mark := f"=-tocsin-{n}-=").encode() not in plain + rich)
        frame = f"--{boundary}\r\n".encode()
        head = f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode()
        return head + frame + plain + frame + rich + f"--{boundary}--\r\n".encode()


def subject(message: Message) -> str:
    """The state in brackets, then what stays the same while the story goes on, so that mail programs keep it together.

    Those that compare subjects (Gmail among them, and RFC 5256, 2.1) pass over what stands in brackets. The story is
    called after the oldest alarm that is told of. A template of the operator's is the whole subject.
    """
    notice = message.notice
    mark = _MARK.match(message.title)
    if mark is None or "line" in message.style.own or notice.reason in {Reason.DIGEST, Reason.TEST}:
        return message.title
    oldest = min(notice.alerts, key=lambda alert: alert.id)
    others = notice.firing + notice.resolved - 1
    more = f"[+{others}] " if others > 0 else ""
    code = f" ({oldest.code})" if oldest.id else ""
    return fitting.line(f"{mark[0]} {more}{fitting.cut(fitting.line(oldest.title), MAX_TITLE)}{code}")


def thread(message: Message, domain: str) -> list[str]:
    """The ids by which mail programs put it beside what was told before: one for each alarm, the oldest first.

    No mail has such an id itself. They are made of the alarm alone, so that it does not matter which mail about it
    came first, to whom, or whether it arrived; and of two mails about a group, those that share an alarm share an id.
    """
    notice = message.notice
    if notice.reason in {Reason.DIGEST, Reason.TEST}:  # a digest would tie the stories that it tells of together
        return []
    store = _ODD.sub("-", message.out_id.rpartition("-")[0]) or "tocsin"
    ids = sorted({alert.id for alert in notice.alerts if alert.id})
    if len(ids) > 2 * MOST_THREADS:
        ids = ids[:MOST_THREADS] + ids[-MOST_THREADS:]
    return [f"<alert-{one}.{store}@{domain}>" for one in ids]


def _date(instant: float) -> str:
    return email.utils.format_datetime(dt.datetime.fromtimestamp(instant, dt.UTC))


def _threaded(ids: list[str]) -> str:
    return f"In-Reply-To: {ids[0]}\r\n{folded('References', ids)}" if ids else ""


def _for_rules(notice: Notice) -> str:
    """What a mailbox can be sorted by."""
    worst = notice.alert
    said = f"X-Tocsin-State: {notice.state.value}\r\nX-Tocsin-Severity: {worst.severity.value}\r\n"
    if notice.state is State.FIRING and worst.severity is Severity.CRITICAL:
        said += "Importance: high\r\nX-Priority: 1\r\n"
    return said


def _page(message: Message) -> str:
    said = message.speech.say("html")
    if said[:64].lstrip().lower().startswith(("<!doctype", "<html")):  # a template of the operator's: a page already
        return said
    return (
        f'<!DOCTYPE html>\n<html lang="{message.lang}"><head><meta charset="utf-8"></head>\n'
        f'<body style="font:15px/1.5 system-ui,sans-serif">\n{said}\n</body></html>'
    )


def _shortened(message: Message, most: int) -> str:
    room = int((most - _OVERHEAD) * _IN_BASE64)
    return message.fitted(Size(max(room, MAX_TITLE), Unit.BYTES))
