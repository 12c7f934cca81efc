"""The outbox: deliveries as rows, claimed under a lease and settled with the provider's answer."""

import msgspec

from daemon.event import Severity
from daemon.notice import Delivery, Hop, Notice, Phase, Reason, Receipt, Recipient
from daemon.store import notices
from daemon.store.base import Row, Tx

_encode = msgspec.json.Encoder().encode
_hops = msgspec.json.Decoder(list[Hop]).decode

_FIELDS = (
    "d.id, d.notice_id, d.channel, d.recipient, d.address, d.urgency, d.phase, d.created_at, d.due_at, d.lease_until,"
    " d.attempts, d.first_try_at, d.settled_at, d.provider_id, d.reason, d.hops, d.alone, d.interrupted"
)
_WIDTH = _FIELDS.count(",") + 1
_SELECT = f"SELECT {_FIELDS} FROM deliveries d"
_SELECT_BOTH = (
    f"SELECT {_FIELDS}, n.id, n.alert, n.receiver, n.reason, n.at"
    " FROM deliveries d JOIN notices n ON n.id = d.notice_id"
)


def topic(channel: str) -> str:
    """What is announced when a channel has new work."""
    return f"outbox:{channel}"


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery under lease, with what is to be said."""

    delivery: Delivery
    notice: Notice


def put(tx: Tx, notice: Notice, recipient: str, hops: list[Hop], now: float, why: str = "") -> int:
    """Add one delivery over the first hop, due at once; return its id. `why` tells what it continues."""
    first, *then = hops
    delivery_id = tx.insert(
        "INSERT INTO deliveries (notice_id, channel, recipient, address, urgency, phase, created_at, due_at, hops,"
        " reason) VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?)",
        (
            notice.id, first.channel, recipient, first.address, _urgency(notice), now, now,
            _encode(then).decode(), why,
        ),
    )  # fmt: skip
    tx.announce(topic(first.channel))
    return delivery_id


def claim(tx: Tx, channel: str, now: float, lease: float, limit: int) -> list[Claimed]:
    """Take up to `limit` due deliveries, most urgent first, for `lease` seconds.

    A row whose lease ran out is taken again and marked as interrupted. `attempts` counts up with each claim and
    is the fence: who settles with an older number changes nothing.
    """
    tx.run(
        "UPDATE deliveries SET phase = 'waiting', interrupted = 1 WHERE phase = 'sending' AND lease_until <= ?"
        " AND channel = ?",
        (now, channel),
    )
    rows = tx.all(
        f"{_SELECT_BOTH} WHERE d.phase = 'waiting' AND d.channel = ? AND d.due_at <= ?"
        " ORDER BY d.urgency, d.id LIMIT ?",
        (channel, now, limit),
    )
    claimed = []
    for row in rows:
        delivery = msgspec.structs.replace(
            _delivery(row[:_WIDTH]),
            phase=Phase.SENDING,
            lease_until=now + lease,
        )
        delivery = msgspec.structs.replace(
            delivery, attempts=delivery.attempts + 1, first_try_at=delivery.first_try_at or now
        )
        tx.run(
            "UPDATE deliveries SET phase = 'sending', lease_until = ?, attempts = ?, first_try_at = ? WHERE id = ?",
            (delivery.lease_until, delivery.attempts, delivery.first_try_at, delivery.id),
        )
        claimed.append(Claimed(delivery=delivery, notice=notices.notice(row[_WIDTH:])))
    return claimed


def next_due(tx: Tx, channel: str) -> float | None:
    """When the channel next has something to do: the earliest due time or end of a lease."""
    row = tx.one(
        "SELECT min(at) FROM (SELECT min(due_at) AS at FROM deliveries WHERE phase = 'waiting' AND channel = ?"
        " UNION ALL SELECT min(lease_until) FROM deliveries WHERE phase = 'sending' AND channel = ?)",
        (channel, channel),
    )
    return row[0] if row else None


def sent(tx: Tx, delivery: Delivery, receipt: Receipt, now: float) -> bool:
    """Settle: the provider took it. False when somebody else holds the row by now."""
    return _settle(tx, delivery, Phase.SENT, now, receipt.detail, provider_id=receipt.provider_id)


def later(
    tx: Tx, delivery: Delivery, due_at: float, reason: str, *, alone: bool = False, ambiguous: bool = False
) -> bool:
    """Put back until `due_at`; `alone` keeps it out of batches, `ambiguous` marks that it may have arrived."""
    return bool(
        tx.run(
            "UPDATE deliveries SET phase = 'waiting', due_at = ?, reason = ?, alone = ?, interrupted = ?"
            " WHERE id = ? AND phase = 'sending' AND attempts = ?",
            (
                due_at, reason, alone or delivery.alone, ambiguous or delivery.interrupted,
                delivery.id, delivery.attempts,
            ),
        )
    )  # fmt: skip


def fail_over(tx: Tx, claimed: Claimed, reason: str, now: float) -> int | None:
    """Give up on this channel and go on with the next hop; return the new delivery's id."""
    delivery = claimed.delivery
    if not _settle(tx, delivery, Phase.FAILED_OVER, now, reason):
        return None
    why = f"after {delivery.code} over {delivery.channel}: {reason}"
    return put(tx, claimed.notice, delivery.recipient.name, delivery.then, now, why)


def dead(tx: Tx, delivery: Delivery, reason: str, now: float) -> bool:
    """Give up for good and keep the reason."""
    return _settle(tx, delivery, Phase.DEAD, now, reason)


def retry(tx: Tx, delivery_id: int, now: float) -> bool:
    """Revive a dead letter, due at once, with a fresh deadline; False when it is not dead."""
    row = tx.one("SELECT channel FROM deliveries WHERE id = ? AND phase = 'dead'", (delivery_id,))
    if row is None:
        return False
    tx.run(
        "UPDATE deliveries SET phase = 'waiting', due_at = ?, first_try_at = NULL, settled_at = NULL WHERE id = ?",
        (now, delivery_id),
    )
    tx.announce(topic(row[0]))
    return True


def recover(tx: Tx) -> int:
    """At start, before anything sends: whatever was under lease belonged to a dead process. Returns how many."""
    return tx.run("UPDATE deliveries SET phase = 'waiting', interrupted = 1 WHERE phase = 'sending'")


def get(tx: Tx, delivery_id: int) -> Claimed | None:
    """Find one delivery with its notice."""
    row = tx.one(f"{_SELECT_BOTH} WHERE d.id = ?", (delivery_id,))
    return Claimed(delivery=_delivery(row[:_WIDTH]), notice=notices.notice(row[_WIDTH:])) if row else None


def newest(
    tx: Tx,
    *,
    phase: Phase | None = None,
    channel: str = "",
    alert_id: int = 0,
    limit: int = 100,
    before: int = 0,
) -> list[Claimed]:
    """List deliveries with their notices, newest first; `before` is an id to page on from."""
    rows = tx.all(
        f"{_SELECT_BOTH} WHERE (? = '' OR d.phase = ?) AND (? = '' OR d.channel = ?) AND (? = 0 OR n.alert_id = ?)"
        " AND (? = 0 OR d.id < ?) ORDER BY d.id DESC LIMIT ?",
        (phase or "", phase or "", channel, channel, alert_id, alert_id, before, before, limit),
    )
    return [Claimed(delivery=_delivery(row[:_WIDTH]), notice=notices.notice(row[_WIDTH:])) for row in rows]


def counts(tx: Tx) -> dict[tuple[str, str], int]:
    """Count open and dead deliveries by (channel, phase)."""
    rows = tx.all(
        "SELECT channel, phase, count(*) FROM deliveries WHERE phase = 'waiting' GROUP BY channel"
        " UNION ALL SELECT channel, phase, count(*) FROM deliveries WHERE phase = 'sending' GROUP BY channel"
        " UNION ALL SELECT channel, phase, count(*) FROM deliveries WHERE phase = 'dead' GROUP BY channel"
    )
    return {(channel, phase): number for channel, phase, number in rows}


def waiting_channels(tx: Tx) -> list[str]:
    """Name every channel with open rows, those that are no longer configured among them."""
    return [
        row[0]
        for row in tx.all(
            "SELECT channel FROM deliveries WHERE phase = 'waiting'"
            " UNION SELECT channel FROM deliveries WHERE phase = 'sending'"
        )
    ]


def _settle(tx: Tx, delivery: Delivery, phase: Phase, now: float, reason: str, provider_id: str = "") -> bool:
    return bool(
        tx.run(
            "UPDATE deliveries SET phase = ?, settled_at = ?, reason = ?, provider_id = ?"
            " WHERE id = ? AND phase = 'sending' AND attempts = ?",
            (phase.value, now, reason, provider_id, delivery.id, delivery.attempts),
        )
    )


def _urgency(notice: Notice) -> int:
    return Severity.INFO.urgency if notice.reason is Reason.TEST else notice.alert.severity.urgency


def _delivery(row: Row) -> Delivery:
    (
        delivery_id, notice_id, channel, recipient, address, urgency, phase, created_at, due_at, lease_until,
        attempts, first_try_at, settled_at, provider_id, reason, hops, alone, interrupted,
    ) = row  # fmt: skip
    return Delivery(
        id=delivery_id,
        notice_id=notice_id,
        channel=channel,
        recipient=Recipient(name=recipient, address=address),
        urgency=urgency,
        phase=Phase(phase),
        created_at=created_at,
        due_at=due_at,
        lease_until=lease_until,
        attempts=attempts,
        first_try_at=first_try_at,
        settled_at=settled_at,
        provider_id=provider_id,
        reason=reason,
        then=_hops(hops),
        alone=bool(alone),
        interrupted=bool(interrupted),
    )
