"""The outbox: deliveries as rows, put, settled with the provider's answer, listed (`leases` hands them out)."""

from collections.abc import Sequence

import msgspec

from daemon.event import Severity
from daemon.notice import Delivery, Hop, Notice, Phase, Reason, Recipient
from daemon.store import folding, notices
from daemon.store.base import Row, Tx
from daemon.store.quotas import NO_CHARGES, Charges

_encode = msgspec.json.Encoder().encode
_hops = msgspec.json.Decoder(list[Hop]).decode

_FIELDS = (
    "d.id, d.notice_id, d.channel, d.recipient, d.address, d.urgency, d.phase, d.created_at, d.due_at, d.lease_until,"
    " d.attempts, d.first_try_at, d.settled_at, d.provider_id, d.reason, d.hops, d.alone, d.interrupted, d.chain"
)
_WIDTH = _FIELDS.count(",") + 1
BOTH = f"{_FIELDS}, {', '.join(notices.SELECTED)}"
SELECT_BOTH = f"SELECT {BOTH} FROM deliveries d JOIN notices n ON n.id = d.notice_id"
# Two indexes answer this, however many rows wait.
_GIVEN_UP = (
    f"SELECT {BOTH} FROM ("
    " SELECT id FROM (SELECT id FROM deliveries WHERE phase = 'waiting' AND hops <> '[]' AND channel = ?"
    "  ORDER BY urgency, id LIMIT ?)"
    " UNION SELECT id FROM (SELECT id FROM deliveries WHERE phase = 'waiting' AND channel = ? AND created_at <= ?"
    "  ORDER BY created_at LIMIT ?) LIMIT ?) AS gone"
    " JOIN deliveries d ON d.id = gone.id JOIN notices n ON n.id = d.notice_id ORDER BY d.urgency, d.id"
)
OVERTAKES = -1  # the urgency of what is told first of something critical
_NEWS = frozenset((Reason.FIRST, Reason.NEW_MEMBER, Reason.WORSE, Reason.ESCALATED))
FENCE = "id = ? AND phase = 'sending' AND attempts = ? AND created_at = ?"


def topic(channel: str) -> str:
    """What is announced when a channel has new work."""
    return f"outbox:{channel}"


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery under lease, with what is to be said, and the quotas that it was counted on."""

    delivery: Delivery
    notice: Notice
    charges: Charges = NO_CHARGES


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: the deliveries, and the codes of rows that cannot be read, which are dead letters now."""

    claimed: list[Claimed]
    unreadable: list[str]


def readable(tx: Tx, rows: list[Row], now: float) -> Taken:
    """Read rows of `SELECT_BOTH`; bury those that cannot be read, for they must not stop the others for ever."""
    taken = Taken(claimed=[], unreadable=[])
    known: dict[int, Notice] = {}
    for row in rows:
        try:
            delivery = _delivery(row[:_WIDTH])
            notice = known.get(delivery.notice_id) or notices.notice(row[_WIDTH:])
        except (msgspec.MsgspecError, ValueError) as error:
            tx.run(
                "UPDATE deliveries SET phase = 'dead', settled_at = ?, reason = ? WHERE id = ?",
                (now, f"the row cannot be read: {error}", row[0]),
            )
            taken.unreadable.append(f"D{row[0]}")
            continue
        known[notice.id] = notice
        taken.claimed.append(Claimed(delivery=delivery, notice=notice))
    return taken


def chain_of(recipient: str, hops: Sequence[Hop]) -> str:
    """Name what one recipient is told over one leg: by the leg's first channel."""
    return f"{recipient}@{hops[0].channel}"


def put(tx: Tx, notice: Notice, recipient: str, hops: list[Hop], now: float, why: str = "", chain: str = "") -> int:
    """Add one delivery over the first hop, due at once; return its id. `why` and `chain` tell what it continues."""
    first, *then = hops
    delivery_id = tx.insert(
        "INSERT INTO deliveries (notice_id, channel, recipient, address, urgency, phase, created_at, due_at, hops,"
        " reason, chain) VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?)",
        (
            notice.id, first.channel, recipient, first.address, _urgency(notice), now, now,
            _encode(then).decode(), why, chain or chain_of(recipient, hops),
        ),
    )  # fmt: skip
    tx.announce(topic(first.channel))
    return delivery_id


def sent(tx: Tx, delivery: Delivery, provider_id: str, detail: str, now: float) -> bool:
    """Settle: the provider took it. False when somebody else holds the row by now."""
    return _settle(tx, delivery, Phase.SENT, now, detail, provider_id=provider_id)


def later(
    tx: Tx, delivery: Delivery, due_at: float, reason: str, *, alone: bool = False, ambiguous: bool = False
) -> bool:
    """Put back until `due_at`; `alone` keeps it out of batches, `ambiguous` counts a try that may have arrived.

    When the end of what it tells waits behind it already, both are folded away instead.
    """
    interrupted = delivery.interrupted + ambiguous
    kept = tx.run(
        f"UPDATE deliveries SET phase = 'waiting', due_at = ?, reason = ?, alone = ?, interrupted = ? WHERE {FENCE}",
        (due_at, reason, alone or delivery.alone, interrupted, *fence(delivery)),
    )
    if kept:
        folding.overtaken(tx, delivery, due_at)
    return bool(kept)


def fail_over(tx: Tx, claimed: Claimed, reason: str, now: float) -> int | None:
    """Give up on this channel and go on with the next hop; return the new delivery's id."""
    delivery = claimed.delivery
    if not _settle(tx, delivery, Phase.FAILED_OVER, now, reason):
        return None
    new_id = hand_on(tx, claimed, reason, now)
    folding.overtaken(tx, delivery, now)
    return new_id


def dead(tx: Tx, delivery: Delivery, reason: str, now: float, *, ambiguous: bool = False) -> bool:
    """Give up for good and keep the reason. The end of what it was to tell is not told either, if it still waits."""
    kept = _settle(tx, delivery, Phase.DEAD, now, reason, ambiguous=ambiguous)
    if kept:
        folding.overtaken(tx, delivery, now)
    return kept


def give_up(tx: Tx, channel: str, now: float, reason: str, *, stale: float, limit: int) -> list[tuple[Claimed, Phase]]:
    """Take waiting deliveries off a channel that cannot send: over to their next hop, or to the dead letters.

    Without a next hop only those created up to `stale` go. Returns what went, at most `limit` at once.
    """
    rows = tx.all(_GIVEN_UP, (channel, limit, channel, stale, limit, limit))
    gone = []
    for claimed in readable(tx, rows, now).claimed:
        phase = Phase.FAILED_OVER if claimed.delivery.then else Phase.DEAD
        tx.run(
            "UPDATE deliveries SET phase = ?, settled_at = ?, reason = ? WHERE id = ?",
            (phase.value, now, reason, claimed.delivery.id),
        )
        if phase is Phase.FAILED_OVER:
            hand_on(tx, claimed, reason, now)
        gone.append((claimed, phase))
    return gone


def retry(tx: Tx, delivery_id: int, now: float) -> bool:
    """Revive a dead letter, due at once; False when it is not dead.

    It begins anew: deadline and back-off count from now (`created_at`; when it was first to be said stands in the
    notice). What may have arrived before is still reconciled first; once more it may then be repeated blindly.
    """
    row = tx.one("SELECT channel FROM deliveries WHERE id = ? AND phase = 'dead'", (delivery_id,))
    if row is None:
        return False
    tx.run(
        "UPDATE deliveries SET phase = 'waiting', created_at = ?, due_at = ?, attempts = 0, first_try_at = NULL,"
        " tried_at = NULL, settled_at = NULL, interrupted = min(interrupted, 1) WHERE id = ?",
        (now, now, delivery_id),
    )
    tx.announce(topic(row[0]))
    return True


def get(tx: Tx, delivery_id: int) -> Claimed | None:
    """Find one delivery with its notice."""
    row = tx.one(f"{SELECT_BOTH} WHERE d.id = ?", (delivery_id,))
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
        f"{SELECT_BOTH} WHERE (? = '' OR d.phase = ?) AND (? = '' OR d.channel = ?)"
        " AND (? = 0 OR n.id IN (SELECT notice_id FROM notice_alerts WHERE alert_id = ?))"
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


def _settle(
    tx: Tx, delivery: Delivery, phase: Phase, now: float, reason: str, provider_id: str = "", *, ambiguous: bool = False
) -> bool:
    return bool(
        tx.run(
            "UPDATE deliveries SET phase = ?, settled_at = ?, reason = ?, provider_id = ?, interrupted = ?"
            f" WHERE {FENCE}",
            (phase.value, now, reason, provider_id, delivery.interrupted + ambiguous, *fence(delivery)),
        )
    )


def fence(delivery: Delivery) -> tuple[int, int, float]:
    """The values of `FENCE`: which row, and the try that holds it.

    `created_at` is among them because a revived delivery counts its tries anew.
    """
    return delivery.id, delivery.attempts, delivery.created_at


def hand_on(tx: Tx, claimed: Claimed, reason: str, now: float) -> int:
    """Put a delivery over the next hop, of which there is one; return its id."""
    delivery = claimed.delivery
    why = f"after {delivery.code} over {delivery.channel}: {reason}"
    return put(tx, claimed.notice, delivery.recipient.name, delivery.then, now, why, delivery.chain)


def _urgency(notice: Notice) -> int:
    """What is new and critical goes before everything else that waits."""
    if notice.reason is Reason.TEST:
        return Severity.INFO.urgency
    if notice.firing and notice.reason in _NEWS and notice.alert.severity is Severity.CRITICAL:
        return OVERTAKES
    return notice.alert.severity.urgency


def _delivery(row: Row) -> Delivery:
    (
        delivery_id, notice_id, channel, recipient, address, urgency, phase, created_at, due_at, lease_until,
        attempts, first_try_at, settled_at, provider_id, reason, hops, alone, interrupted, chain,
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
        interrupted=interrupted,
        chain=chain,
    )
