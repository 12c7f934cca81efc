"""Leases on deliveries: claimed for a while, renewed, given back, taken over from the dead."""

from collections import Counter
from collections.abc import Collection, Iterable

import msgspec

from daemon.notice import Delivery, Phase
from daemon.store.base import Row, Tx
from daemon.store.outbox import BOTH, FENCE, SELECT_BOTH, Claimed, Taken, fence, readable

# The index alone answers who is next; only those rows are then read.
_NEXT = (
    f"SELECT {BOTH} FROM"
    " (SELECT id FROM deliveries WHERE phase = 'waiting' AND channel = ? AND due_at <= ?"
    "  ORDER BY urgency, id LIMIT ?) AS next"
    " JOIN deliveries d ON d.id = next.id JOIN notices n ON n.id = d.notice_id ORDER BY d.urgency, d.id"
)
_COMPANIONS = (
    f"{SELECT_BOTH} WHERE d.notice_id = ? AND d.phase = 'waiting' AND d.channel = ? AND d.due_at <= ?"
    " AND d.alone = 0 AND d.interrupted = 0 AND d.address <> '' ORDER BY d.id LIMIT ?"
)


def claim(
    tx: Tx,
    channel: str,
    now: float,
    lease: float,
    limit: int,
    *,
    batch: int = 1,
    held: Collection[int] = frozenset(),
) -> Taken:
    """Take up to `limit` due deliveries, most urgent first, for `lease` seconds.

    Where `batch` recipients fit into one message, others that are due with the same notice come along. A row whose
    lease ran out is taken again and marked as interrupted, unless it is `held` by the caller, who is still at it.
    `attempts` counts up with each claim and is the fence: who settles with an older number changes nothing.
    """
    lapse(tx, channel, now, lease, held)
    taken = _take(tx, tx.all(_NEXT, (channel, now, limit)), now, lease)
    if batch > 1:
        heads = Counter(c.notice.id for c in taken.claimed if joinable(c.delivery))
        for notice_id, already in heads.items():
            rows = tx.all(_COMPANIONS, (notice_id, channel, now, batch - already)) if already < batch else []
            more = _take(tx, rows, now, lease)
            taken.claimed.extend(more.claimed)
            taken.unreadable.extend(more.unreadable)
    return taken


def joinable(delivery: Delivery) -> bool:
    """Whether it may share one message with others: it has an address and no history that is its own."""
    return bool(delivery.recipient.address) and not delivery.alone and not delivery.interrupted


def lapse(tx: Tx, channel: str, now: float, lease: float, held: Collection[int]) -> None:
    """Let go of leases that ran out; those of rows the caller still holds are renewed (somebody set the clock)."""
    for (delivery_id,) in tx.all(
        "SELECT id FROM deliveries WHERE phase = 'sending' AND lease_until <= ? AND channel = ?", (now, channel)
    ):
        if delivery_id in held:
            tx.run("UPDATE deliveries SET lease_until = ? WHERE id = ?", (now + lease, delivery_id))
        else:
            tx.run("UPDATE deliveries SET phase = 'waiting', interrupted = 1 WHERE id = ?", (delivery_id,))


def next_due(tx: Tx, channel: str) -> float | None:
    """When the channel next has something to do: the earliest due time or end of a lease."""
    row = tx.one(
        "SELECT min(at) FROM (SELECT min(due_at) AS at FROM deliveries WHERE phase = 'waiting' AND channel = ?"
        " UNION ALL SELECT min(lease_until) FROM deliveries WHERE phase = 'sending' AND channel = ?)",
        (channel, channel),
    )
    return row[0] if row else None


def set_back(tx: Tx, now: float, by: float) -> int:
    """Move with the clock what lies ahead now: due times, and since when patience counts; return how many were due."""
    tx.run("UPDATE deliveries SET created_at = created_at - ? WHERE phase = 'waiting' AND created_at > ?", (by, now))
    tx.run(
        "UPDATE deliveries SET first_try_at = first_try_at - ?"
        " WHERE phase IN ('waiting', 'sending') AND first_try_at > ?",
        (by, now),
    )
    return tx.run(
        "UPDATE deliveries SET due_at = max(?, due_at - ?) WHERE phase = 'waiting' AND due_at > ?", (now, by, now)
    )


def release(tx: Tx, deliveries: Iterable[Delivery], now: float) -> int:
    """Give leases back at once: these tries were broken off and may have arrived. Returns how many."""
    return sum(
        tx.run(
            f"UPDATE deliveries SET phase = 'waiting', interrupted = 1, due_at = ? WHERE {FENCE}",
            (now, *fence(delivery)),
        )
        for delivery in deliveries
    )


def recover(tx: Tx) -> int:
    """At start, before anything sends: whatever was under lease belonged to a dead process. Returns how many."""
    return tx.run("UPDATE deliveries SET phase = 'waiting', interrupted = 1 WHERE phase = 'sending'")


def _take(tx: Tx, rows: list[Row], now: float, lease: float) -> Taken:
    """Put the lease on rows that can be read."""
    found = readable(tx, rows, now)
    taken = Taken(claimed=[], unreadable=found.unreadable)
    for claimed in found.claimed:
        delivery = msgspec.structs.replace(
            claimed.delivery,
            phase=Phase.SENDING,
            lease_until=now + lease,
            attempts=claimed.delivery.attempts + 1,
            first_try_at=now if claimed.delivery.first_try_at is None else claimed.delivery.first_try_at,
        )
        tx.run(
            "UPDATE deliveries SET phase = 'sending', lease_until = ?, attempts = ?, first_try_at = ? WHERE id = ?",
            (delivery.lease_until, delivery.attempts, delivery.first_try_at, delivery.id),
        )
        taken.claimed.append(Claimed(delivery=delivery, notice=claimed.notice))
    return taken
