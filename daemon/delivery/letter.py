"""From claimed deliveries to the messages that carry them."""

from collections.abc import Iterable

import msgspec

from daemon.notice import Message
from daemon.store.leases import joinable
from daemon.store.outbox import Claimed


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One message, and the outbox rows it settles."""

    rows: list[Claimed]
    message: Message


def letters(claimed: Iterable[Claimed], batch: int, store: str) -> list[Letter]:
    """Put rows of the same notice into one message, up to `batch` of them, in the order given.

    A row that was refused in company, or may have arrived already, goes by itself. The name of the `store` makes
    the messages' ids unique.
    """
    together: list[list[Claimed]] = []
    filling: dict[int, list[Claimed]] = {}
    for one in claimed:
        if batch > 1 and joinable(one.delivery):
            rows = filling.get(one.notice.id)
            if rows is None or len(rows) >= batch:
                rows = filling[one.notice.id] = []
                together.append(rows)
            rows.append(one)
        else:
            together.append([one])
    return [_letter(rows, batch, store) for rows in together]


def _letter(rows: list[Claimed], batch: int, store: str) -> Letter:
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
        ),
    )
