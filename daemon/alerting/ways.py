"""What was said about an alert, and which way each delivery went: every try with the provider's own code."""

from collections.abc import Iterable, Sequence

import msgspec

from daemon.alerting.said import Way
from daemon.notice import TOLD, Delivery, Notice, Phase, Reason
from daemon.store import attempts
from daemon.store.attempts import Attempt
from daemon.store.base import Tx
from daemon.store.outbox import Claimed


class DeliveryLook(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery with the tries that are kept of it; a gap in their numbers is what was left out."""

    code: str
    channel: str
    recipient: str
    address: str
    chain: str
    phase: Phase
    created_at: float
    due_at: float
    settled_at: float | None
    provider_id: str
    reason: str
    interrupted: int  # tries that were broken off, and may have arrived
    tries: int
    attempts: list[Attempt]


class NoticeLook(msgspec.Struct, frozen=True, kw_only=True):
    """One notice about it: to whom, why, and what was sent."""

    code: str
    at: float
    receiver: str
    reason: Reason
    firing: int
    resolved: int
    deliveries: list[DeliveryLook]


def looks(tx: Tx, about: Iterable[Notice], rows: Iterable[Claimed]) -> list[NoticeLook]:
    """Put the deliveries under their notices, each with its tries, in order."""
    by_notice: dict[int, list[Delivery]] = {}
    for row in rows:
        by_notice.setdefault(row.delivery.notice_id, []).append(row.delivery)
    return [
        NoticeLook(
            code=f"N{notice.id}",
            at=notice.at,
            receiver=notice.receiver,
            reason=notice.reason,
            firing=notice.firing,
            resolved=notice.resolved,
            deliveries=[_delivery(tx, one) for one in sorted(by_notice.get(notice.id, []), key=lambda one: one.id)],
        )
        for notice in about
    ]


def of(said: Sequence[NoticeLook]) -> list[Way]:
    """Where each chain of deliveries stands: what was sent first counts, else what came last.

    The end of a problem counts only for those of whose telling nothing else is known, or who were told of both in one.
    """
    told = {one.chain: one for notice in said for one in notice.deliveries if one.phase in TOLD}
    beginnings = [one for notice in said if notice.firing for one in notice.deliveries]
    chains: dict[tuple[str, str], list[DeliveryLook]] = {}
    for one in beginnings or [one for notice in said for one in notice.deliveries]:
        chains.setdefault((one.recipient, one.chain), []).append(one)
    stands = [
        next((one for one in chain if one.phase in TOLD), None) or max(chain, key=_number) for chain in chains.values()
    ]
    return [_way(told.get(one.chain, one) if one.phase is Phase.FOLDED else one) for one in stands]


def _number(one: DeliveryLook) -> int:
    return int(one.code[1:])


def _way(one: DeliveryLook) -> Way:
    settled = one.due_at if one.settled_at is None else one.settled_at
    return Way(
        code=one.code,
        channel=one.channel,
        recipient=one.recipient,
        phase=one.phase,
        at=settled,
        provider_id=one.provider_id,
        reason="" if one.phase in TOLD else one.reason,
    )


def _delivery(tx: Tx, delivery: Delivery) -> DeliveryLook:
    return DeliveryLook(
        code=delivery.code,
        channel=delivery.channel,
        recipient=delivery.recipient.name,
        address=delivery.recipient.address,
        chain=delivery.chain,
        phase=delivery.phase,
        created_at=delivery.created_at,
        due_at=delivery.due_at,
        settled_at=delivery.settled_at,
        provider_id=delivery.provider_id,
        reason=delivery.reason,
        interrupted=delivery.interrupted,
        tries=delivery.attempts,
        attempts=attempts.of_delivery(tx, delivery.id),
    )
