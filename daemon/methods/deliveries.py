"""The outbox as an operator sees it: what goes where, and a second chance for what is dead."""

import msgspec

from daemon.errors import MethodError
from daemon.methods.codes import Id, Limit, found, number, page
from daemon.methods.parts import Parts
from daemon.methods.table import INVALID_PARAMS, REFUSED, Table
from daemon.notice import Delivery, Notice, Phase
from daemon.store import outbox
from daemon.store.base import Tx
from daemon.store.outbox import Claimed


class DeliveryLine(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery in a list."""

    id: int
    code: str
    alert: str
    title: str
    channel: str
    recipient: str
    address: str
    phase: Phase
    attempts: int
    created_at: float
    due_at: float
    settled_at: float | None
    provider_id: str
    reason: str


class DeliveryStory(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with what it was to say."""

    code: str
    alert: str
    delivery: Delivery
    notice: Notice


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """What was given a second chance."""

    retried: list[str]


def delivery_line(claimed: Claimed) -> DeliveryLine:
    """Take what a list shows."""
    delivery, alert = claimed.delivery, claimed.notice.alert
    return DeliveryLine(
        id=delivery.id,
        code=delivery.code,
        alert=alert.code,
        title=alert.title,
        channel=delivery.channel,
        recipient=delivery.recipient.name,
        address=delivery.recipient.address,
        phase=delivery.phase,
        attempts=delivery.attempts,
        created_at=delivery.created_at,
        due_at=delivery.due_at,
        settled_at=delivery.settled_at,
        provider_id=delivery.provider_id,
        reason=delivery.reason,
    )


def add(table: Table, parts: Parts) -> None:
    """Add `deliveries.*`."""

    @table.method("deliveries.list", "read")
    def _list(
        phase: Phase | None = None, channel: str = "", alert: Id = 0, limit: Limit = 100, before: Id = 0
    ) -> list[DeliveryLine]:
        """List deliveries, newest first.

        `phase`, `channel` and `alert` narrow it down; `before` is the last code of the page before.
        """
        about, last = page(alert, "A"), page(before, "D")
        rows = parts.store.read(
            lambda tx: outbox.newest(tx, phase=phase, channel=channel, alert_id=about, limit=limit, before=last)
        )
        return [delivery_line(row) for row in rows]

    @table.method("deliveries.get", "read")
    def _get(id: Id) -> DeliveryStory:  # noqa: A002 - the name that callers write
        """Tell all about one delivery, with what it was to say."""
        wanted = number(id, "D")
        row = found(parts.store.read(lambda tx: outbox.get(tx, wanted)), id, "D")
        return DeliveryStory(
            code=row.delivery.code, alert=row.notice.alert.code, delivery=row.delivery, notice=row.notice
        )

    @table.method("deliveries.retry", "act")
    def _retry(id: Id = 0, channel: str = "") -> Retried:  # noqa: A002 - the name that callers write
        """Send a dead delivery again, or up to 1000 dead ones of a channel."""
        if bool(id) == bool(channel):
            raise MethodError("deliveries.retry needs either id or channel", code=INVALID_PARAMS)
        now = parts.clock.now()
        if channel:
            return Retried(retried=parts.store.write(lambda tx: _retry_all(tx, channel, now)))
        wanted = number(id, "D")
        stands, done = parts.store.write(lambda tx: _retry_one(tx, wanted, now))
        if not done:
            phase = found(stands, id, "D").delivery.phase
            raise MethodError(f"D{wanted} is {phase.value}: only a dead delivery can be sent again", code=REFUSED)
        return Retried(retried=[f"D{wanted}"])


def _retry_one(tx: Tx, delivery_id: int, now: float) -> tuple[Claimed | None, bool]:
    return outbox.get(tx, delivery_id), outbox.retry(tx, delivery_id, now)


def _retry_all(tx: Tx, channel: str, now: float) -> list[str]:
    dead = outbox.newest(tx, phase=Phase.DEAD, channel=channel, limit=1_000)
    return [row.delivery.code for row in reversed(dead) if outbox.retry(tx, row.delivery.id, now)]
