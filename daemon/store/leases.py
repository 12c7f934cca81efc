"""Leases on deliveries: claimed for a while, renewed, given back, taken over from the dead."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

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

_INTERRUPTED = "phase = 'waiting', interrupted = interrupted + 1"


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
            tx.run(f"UPDATE deliveries SET {_INTERRUPTED} WHERE id = ?", (delivery_id,))


def next_due(tx: Tx, channel: str) -> float | None:
    """When the channel next has something to do: the earliest due time or end of a lease."""
    row = tx.one(
        "SELECT min(at) FROM (SELECT min(due_at) AS at FROM deliveries WHERE phase = 'waiting' AND channel = ?"
        " UNION ALL SELECT min(lease_until) FROM deliveries WHERE phase = 'sending' AND channel = ?)",
        (channel, channel),
    )
    return row[0] if row else None


def sending(tx: Tx, channel: str) -> Counter[str]:
    """How many deliveries of a channel are under lease, by address."""
    rows = tx.all(
        "SELECT address, count(*) FROM deliveries WHERE phase = 'sending' AND channel = ? GROUP BY address", (channel,)
    )
    return Counter(dict(rows))


def set_back(tx: Tx, now: float) -> int:
    """After the clock was set back: move with it what was made or tried in what is the future now.

    Each row tells by itself how far: its last try, or its making, is taken to be now. So whatever was to be waited
    for is waited for once more at most, and since when patience counts keeps its distance. The age of what is under
    lease is part of its fence and stays. Returns how many waiting rows were moved.
    """
    tx.run(
        "UPDATE deliveries SET first_try_at = first_try_at - (tried_at - ?), tried_at = ?"
        " WHERE phase = 'sending' AND tried_at > ?",
        (now, now, now),
    )
    return tx.run(
        "UPDATE deliveries SET due_at = max(?, due_at - ahead), created_at = created_at - ahead,"
        " first_try_at = first_try_at - ahead, tried_at = tried_at - ahead"
        " FROM (SELECT id AS row, max(created_at, coalesce(tried_at, created_at)) - ? AS ahead FROM deliveries"
        "  WHERE phase = 'waiting') WHERE id = row AND ahead > 0",
        (now, now),
    )


def release(tx: Tx, deliveries: Iterable[Delivery], due_at: float) -> int:
    """Give leases back: these tries were broken off and may have arrived. Returns how many."""
    return sum(
        tx.run(f"UPDATE deliveries SET {_INTERRUPTED}, due_at = ? WHERE {FENCE}", (due_at, *fence(delivery)))
        for delivery in deliveries
    )


def recover(tx: Tx, knows_after: Mapping[str, float]) -> int:
    """At start, before anything sends: whatever was under lease belonged to a dead process. Returns how many.

    Each is due as soon as the provider of its channel can know of the try that was broken off.
    """
    for channel, seconds in knows_after.items():
        tx.run(
            "UPDATE deliveries SET due_at = tried_at + ?"
            " WHERE phase = 'sending' AND channel = ? AND tried_at + ? > due_at",
            (seconds, channel, seconds),
        )
    return tx.run(f"UPDATE deliveries SET {_INTERRUPTED} WHERE phase = 'sending'")


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
            "UPDATE deliveries SET phase = 'sending', lease_until = ?, attempts = ?, first_try_at = ?, tried_at = ?"
            " WHERE id = ?",
            (delivery.lease_until, delivery.attempts, delivery.first_try_at, now, delivery.id),
        )
        taken.claimed.append(Claimed(delivery=delivery, notice=claimed.notice))
    return taken
