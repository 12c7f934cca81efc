"""From claimed deliveries to the messages that carry them."""

from collections.abc import Callable, Iterable

import msgspec

from daemon.notice import Message, Recipient
from daemon.store.leases import joinable
from daemon.store.outbox import Claimed
from daemon.template.words import Lang
from daemon.texts.style import Style


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One message, and the outbox rows it settles."""

    rows: list[Claimed]
    message: Message


def letters(
    claimed: Iterable[Claimed], style: Callable[[Recipient], Style], batch: int, store: str, now: float
) -> list[Letter]:
    """Put rows of the same notice into one message, up to `batch` of them, in the order given.

    Whoever reads another language gets another message. A row that was refused in company, or may have arrived
    already, goes by itself. The name of the `store` makes the messages' ids unique.
    """
    together: list[tuple[Style, list[Claimed]]] = []
    filling: dict[tuple[int, Lang], list[Claimed]] = {}
    for one in claimed:
        said = style(one.delivery.recipient)
        if batch > 1 and joinable(one.delivery):
            rows = filling.get((one.notice.id, said.lang))
            if rows is None or len(rows) >= batch:
                rows = filling[one.notice.id, said.lang] = []
                together.append((said, rows))
            rows.append(one)
        else:
            together.append((said, [one]))
    return [_letter(rows, said, batch, store, now) for said, rows in together]


def _letter(rows: list[Claimed], style: Style, batch: int, store: str, now: float) -> Letter:
    """Two rows with one address are one recipient: a number must not stand twice in a request.

    A sender that batches is asked about a message by notice and number, for after a crash nobody knows who
    else was in the request.
    """
    first = rows[0]
    code = first.delivery.code if batch == 1 else f"N{first.notice.id}"
    recipients = {row.delivery.recipient.address: row.delivery.recipient for row in rows}
    return Letter(
        rows=rows,
        message=Message(
            notice=first.notice,
            recipients=tuple(recipients.values()),
            out_id=f"{store}-{code}",
            repeat=first.delivery.interrupted > 0,
            style=style,
            sent_at=now,
        ),
    )
