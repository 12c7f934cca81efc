"""A queue that is longer than its channel's rate allows: what waits is told in one message to each recipient."""

from collections.abc import Collection, Sequence

import msgspec

from daemon.event import State
from daemon.notice import Hop, Notice, Reason
from daemon.store import alerts, flaps, notices, outbox
from daemon.store.base import Row, Tx
from daemon.units import spoken

NO_LIMIT = 1_000_000_000
MOST_AT_ONCE = 10_000  # rows of one recipient that are folded in one round

_DUE = "phase = 'waiting' AND channel = ? AND due_at <= ? AND interrupted = 0"
_UNTOLD = "phase = 'folded' AND told_in IS NULL AND channel = ?"
_SAME = "recipient = ? AND address = ? AND chain = ? AND hops = ?"

_hops = msgspec.json.Decoder(list[Hop]).decode
_encode = msgspec.json.Encoder().encode


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages can go before they are too long in coming: over the channel, and to each recipient."""

    channel: int
    recipient: int


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for one recipient on one way: how many, and how many stories were over before they could be told."""

    recipient: str
    address: str
    chain: str
    hops: str
    waiting: int
    untold: int

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The values of `_SAME`."""
        return self.recipient, self.address, self.chain, self.hops


def fold(tx: Tx, channel: str, now: float, room: Room, company: Collection[str] = ()) -> int:
    """Tell in one message what is more than there is room for; return how many messages became part of one.

    What tells first of something new and critical goes by itself as long as there is room for it. What may have arrived
    already goes by itself, too. Stories that were over before they could be told are one line of the message.
    What is due of a chain in `company` becomes one message, however much room there is.
    """
    least = min(room.channel, room.recipient)
    if not company and tx.one(f"SELECT 1 FROM deliveries WHERE {_UNTOLD} LIMIT 1", (channel,)) is None:
        if least >= NO_LIMIT:
            return 0
        waiting = f"SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE {_DUE} LIMIT ?)"
        if (tx.one(waiting, (channel, now, least + 1)) or (0,))[0] <= least:
            return 0
    queues = _queues(tx, channel, now)
    too_many = sum(queue.waiting for queue in queues) > room.channel
    share = max(1, room.channel // len(queues)) if too_many and queues else room.channel
    made: dict[tuple[int, ...], Notice | None] = {}  # whoever waits for the same is told the same, in one request
    alone = min(share, room.recipient)
    rooms = [1 if queue.chain in company else alone for queue in queues]
    return sum(_shorten(tx, channel, queue, one, now, made) for queue, one in zip(queues, rooms, strict=True))


def _queues(tx: Tx, channel: str, now: float) -> list[Queue]:
    rows = tx.all(
        "SELECT recipient, address, chain, hops, sum(phase = 'waiting'), sum(phase = 'folded') FROM ("
        f"SELECT recipient, address, chain, hops, phase FROM deliveries WHERE {_DUE}"
        f" UNION ALL SELECT recipient, address, chain, hops, phase FROM deliveries WHERE {_UNTOLD})"
        " GROUP BY recipient, address, chain, hops",
        (channel, now, channel),
    )
    return [
        Queue(recipient=recipient, address=address, chain=chain, hops=hops, waiting=waiting, untold=untold)
        for recipient, address, chain, hops, waiting, untold in rows
    ]


def _shorten(
    tx: Tx, channel: str, queue: Queue, room: int, now: float, made: dict[tuple[int, ...], Notice | None]
) -> int:
    """Make one message of what one recipient is not to be told by itself."""
    waiting = _too_many(tx, channel, queue, room, now) if queue.waiting > room else []
    if len(waiting) < 2 and not queue.untold:  # noqa: PLR2004 - one message instead of one is no gain
        return 0
    over = tx.all(
        f"SELECT id, notice_id, first_try_at FROM deliveries WHERE {_UNTOLD} AND {_SAME} ORDER BY id LIMIT ?",
        (channel, *queue.key, MOST_AT_ONCE),
    )
    ids = (bool(waiting), *sorted(notice_id for _, notice_id, _ in (*waiting, *over)))
    if ids not in made:
        made[ids] = _notice(tx, ids[1:], now, with_firing=bool(waiting))
    notice, reason = made[ids], "nothing of it is left to tell"
    if notice is not None:
        hops = [Hop(channel=channel, address=queue.address), *_hops(queue.hops)]
        why = f"instead of {len(waiting) + len(over)} that waited"
        put = outbox.put(tx, notice, queue.recipient, hops, now, why, queue.chain)
        if tried := [first_try_at for _, _, first_try_at in waiting if first_try_at is not None]:
            # Else a way that works now and then would be tried for ever, each time with something new.
            tx.run("UPDATE deliveries SET first_try_at = ? WHERE id = ?", (min(tried), put))
        reason = f"told in D{put}"
    told_in = notice.id if notice else 0
    _folded(tx, waiting, now, reason, told_in)
    _mark(tx, queue.chain, over, told_in)
    return len(waiting) + len(over)


def _too_many(tx: Tx, channel: str, queue: Queue, room: int, now: float) -> list[Row]:
    """The rows that have no room, as (id, notice, first try): all but the first new critical ones."""
    rows = tx.all(
        f"SELECT id, notice_id, first_try_at, urgency FROM deliveries WHERE {_DUE} AND {_SAME}"
        " ORDER BY urgency, id LIMIT ?",
        (channel, now, *queue.key, MOST_AT_ONCE),
    )
    alone = sum(row[-1] == outbox.OVERTAKES for row in rows[: room - 1])
    return [row[:-1] for row in rows[alone:]]


def _notice(tx: Tx, notice_ids: Sequence[int], now: float, *, with_firing: bool) -> Notice | None:
    """One notice instead of these, about their alerts as they stand now: what is over is one line with its beginning.

    What flaps is told as firing: whether it comes again is not told before it has settled. Without `with_firing`, what
    fires again has a message of its own. None when nothing is left to tell.
    """
    unsettled = flaps.flapping(tx)
    latest = [
        msgspec.structs.replace(alert, state=State.FIRING, ended_at=None) if alert.fingerprint in unsettled else alert
        for alert in {alert.fingerprint: alert for alert in alerts.of_notices(tx, notice_ids)}.values()
    ]
    firing = [alert for alert in latest if with_firing and alert.state is State.FIRING]
    resolved = [alert for alert in latest if alert.state is State.RESOLVED]
    first = tx.one("SELECT receiver, at FROM notices WHERE id = ?", (notice_ids[0],))
    if first is None or not (firing or resolved):
        return None
    receiver, since = first
    if len(firing) + len(resolved) == 1:
        reason = Reason.FIRST if firing else Reason.ALL_RESOLVED
        return notices.add(tx, firing, resolved, receiver, reason, now)
    return notices.add(tx, firing, resolved, receiver, Reason.DIGEST, now, note=spoken(max(1.0, now - since)))


def _folded(tx: Tx, rows: Sequence[Row], now: float, reason: str, told_in: int) -> None:
    tx.run(
        "UPDATE deliveries SET phase = 'folded', settled_at = ?, reason = ?, told_in = ?"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (now, reason, told_in, _encode([row[0] for row in rows]).decode()),
    )


def _mark(tx: Tx, chain: str, rows: Sequence[Row], told_in: int) -> None:
    """These stories are told. Where one had gone on to another channel of its chain, it is not told there again."""
    if not rows:
        return
    tx.run(
        "UPDATE deliveries SET told_in = ? WHERE phase = 'folded' AND told_in IS NULL AND chain = ? AND notice_id IN"
        " (SELECT other.notice_id FROM deliveries d JOIN notice_alerts own ON own.notice_id = d.notice_id"
        "  JOIN notice_alerts other ON other.alert_id = own.alert_id WHERE d.id IN (SELECT value FROM json_each(?)))",
        (told_in, chain, _encode([row[0] for row in rows]).decode()),
    )
