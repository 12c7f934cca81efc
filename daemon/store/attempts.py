"""Every try of a delivery that came to an end: the first ones and the last ones of each."""

import itertools

import msgspec

from daemon.declared import Outcome
from daemon.store.base import Tx

PUT_OFF = "rate"  # the code of a try that was none: the channel's own limit kept it back
OVER_QUOTA = "quota"  # the same of one that a quota kept back
FIRST, LAST = 5, 15  # of the tries of one delivery that are kept

_COLUMNS = "delivery_id, n, at, seconds, outcome, step, code, words"


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One try: when it ended, how long it took, what the provider answered."""

    at: float
    seconds: float
    outcome: Outcome
    code: str = ""  # the provider's own word for what went wrong
    words: str = ""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """The `n`th try of a delivery; `step` is what was done with the delivery because of it."""

    delivery_id: int
    n: int
    at: float
    seconds: float
    outcome: Outcome
    step: str
    code: str
    words: str


def add(tx: Tx, delivery_id: int, tried: Try, step: str) -> None:
    """Write a try down. The counter goes on when a dead delivery is revived, unlike the delivery's own."""
    ((n,),) = tx.all(
        f"INSERT INTO attempts ({_COLUMNS}) SELECT ?, coalesce(max(n), 0) + 1, ?, ?, ?, ?, ?, ? FROM attempts"
        " WHERE delivery_id = ? RETURNING n",
        (delivery_id, tried.at, tried.seconds, tried.outcome.value, step, tried.code, tried.words, delivery_id),
    )
    if n > FIRST + LAST:
        tx.run("DELETE FROM attempts WHERE delivery_id = ? AND n > ? AND n <= ?", (delivery_id, FIRST, n - LAST))


def recent(
    tx: Tx, channel: str, since: float, *, longest: float = 0.0, batched: bool = False
) -> list[tuple[float, list[str]]]:
    """What went out over a channel since then, oldest first: when each request ended, and to whom.

    One that was broken off ended at most `longest` seconds after it began. Where a channel is `batched`, tries of one
    notice that ended in the same instant were one request.
    """
    rows = tx.all(
        "SELECT a.at AS at, d.notice_id AS notice, d.address FROM attempts a JOIN deliveries d ON d.id = a.delivery_id"
        " WHERE d.channel = ? AND a.at > ? AND a.code NOT IN (?, ?)"
        " UNION ALL SELECT tried_at + ?, notice_id, address FROM deliveries"
        " WHERE channel = ? AND phase = 'waiting' AND interrupted > 0 AND tried_at + ? > ? AND NOT EXISTS"
        "  (SELECT 1 FROM attempts l WHERE l.delivery_id = deliveries.id AND l.at >= tried_at)"
        " UNION ALL SELECT sent_at + ?, 0, address FROM canaries WHERE channel = ? AND sent_at + ? > ?"
        " ORDER BY at, notice",
        (channel, since, PUT_OFF, OVER_QUOTA, *([longest, channel, longest, since] * 2)),
    )
    if not batched:
        return [(at, [address]) for at, _, address in rows]
    together = itertools.groupby(rows, key=lambda row: (row[0], row[1]))
    return [(at, [address for _, _, address in request]) for (at, _), request in together]


def of_delivery(tx: Tx, delivery_id: int) -> list[Attempt]:
    """List what is kept, in order; a gap in `n` is what was left out."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM attempts WHERE delivery_id = ? ORDER BY n", (delivery_id,))
    return [
        Attempt(
            delivery_id=delivery_id,
            n=n,
            at=at,
            seconds=seconds,
            outcome=Outcome(outcome),
            step=step,
            code=code,
            words=words,
        )
        for _, n, at, seconds, outcome, step, code, words in rows
    ]
