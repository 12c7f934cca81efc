"""From claimed deliveries to the messages that carry them."""

from collections.abc import Collection, Iterable
from typing import Protocol

import msgspec

from daemon.alert import Alert
from daemon.notice import Message, Recipient
from daemon.store.leases import joinable
from daemon.store.outbox import Claimed
from daemon.template.words import Lang
from daemon.texts.style import OF_ONE_LINE, Style


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One message, and the outbox rows it settles."""

    rows: list[Claimed]
    message: Message

    @property
    def addresses(self) -> list[str]:
        """Where it goes; empty ones are rooms."""
        return [recipient.address for recipient in self.message.recipients]


class Manner(Protocol):
    """How a channel speaks to whom."""

    def style(self, recipient: Recipient) -> Style:
        """In which language and kind of text."""

    def link(self, alert: Alert, recipient: Recipient, now: float) -> str:
        """By which link they acknowledge; empty where there is none."""


def letters(claimed: Iterable[Claimed], manner: Manner, batch: int, store: str, now: float) -> list[Letter]:
    """Put rows of the same notice into one message, up to `batch` of them, in the order given.

    Whoever reads another language gets another message. A row that was refused in company, or may have arrived
    already, goes by itself, and so does one whose text has a link to acknowledge: it is one person's. The name of
    the `store` makes the messages' ids unique.
    """
    together: list[tuple[Style, list[Claimed]]] = []
    filling: dict[tuple[int, Lang], list[Claimed]] = {}
    for one in claimed:
        said = manner.style(one.delivery.recipient)
        if batch > 1 and joinable(one.delivery) and not _has_link(one, said, manner, now):
            rows = filling.get((one.notice.id, said.lang))
            if rows is None or len(rows) >= batch:
                rows = filling[one.notice.id, said.lang] = []
                together.append((said, rows))
            rows.append(one)
        else:
            together.append((said, [one]))
    return [_letter(rows, said, manner, batch, store, now) for said, rows in together]


def _has_link(one: Claimed, said: Style, manner: Manner, now: float) -> bool:
    """One line has no room for links."""
    if said.kind in OF_ONE_LINE or not one.notice.firing:
        return False
    return bool(manner.link(one.notice.alert, one.delivery.recipient, now))


def without(letter: Letter, addresses: Collection[str]) -> Letter | None:
    """The same to everybody but these; None when nobody is left."""
    rows = [row for row in letter.rows if row.delivery.recipient.address not in addresses]
    if not rows:
        return None
    recipients = tuple(one for one in letter.message.recipients if one.address not in addresses)
    return Letter(rows=rows, message=msgspec.structs.replace(letter.message, recipients=recipients))


def _letter(rows: list[Claimed], style: Style, manner: Manner, batch: int, store: str, now: float) -> Letter:
    """Two rows with one address are one recipient: a number must not stand twice in a request.

    A sender that batches is asked about a message by notice and number, for after a crash nobody knows who
    else was in the request. A link to acknowledge is one person's, so a message to several has none.
    """
    first = rows[0]
    code = first.delivery.code if batch == 1 else f"N{first.notice.id}"
    recipients = {row.delivery.recipient.address: row.delivery.recipient for row in rows}
    alone = first.notice.firing and len(recipients) == 1
    return Letter(
        rows=rows,
        message=Message(
            notice=first.notice,
            recipients=tuple(recipients.values()),
            out_id=f"{store}-{code}",
            repeat=first.delivery.interrupted > 0,
            style=style,
            sent_at=now,
            acknowledge=manner.link(first.notice.alert, first.delivery.recipient, now) if alone else "",
        ),
    )
