"""One round of a lane inside the store: settle what came back, claim what may go, give up what cannot."""

from collections.abc import Sequence

import msgspec

from daemon.delivery import spending
from daemon.delivery.ledger import Limit, Over
from daemon.delivery.verdict import Awaits, Step, Verdict
from daemon.notice import Delivery, Phase
from daemon.store import attempts, backlog, leases, outbox, quotas, receipts
from daemon.store.attempts import Try
from daemon.store.backlog import Room
from daemon.store.base import Tx
from daemon.store.outbox import Claimed, Taken
from daemon.store.receipts import Word

GIVE_UP_AT_ONCE = 200


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with the verdict about its try, not yet on disk. `tried` is None where nothing was tried."""

    claimed: Claimed
    verdict: Verdict
    tried: Try | None = None


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What the lane wants of this round."""

    channel: str
    now: float
    held: frozenset[int]  # rows this lane is still at
    lease: float = 60.0
    slots: int = 0  # messages that may be sent now
    batch: int = 1
    room: Room | None = None  # for how many messages there is soon a place; None while nothing is to be folded
    limits: tuple[Limit, ...] = ()  # its quotas
    shut: str = ""  # why nothing can be sent for long; empty when that is not so
    stale: float = float("-inf")  # while shut, rows without a next hop that were created up to then are dead


class Haul(msgspec.Struct, frozen=True, kw_only=True):
    """What the round brought. `settled` says for each answer whether the row was still ours."""

    settled: list[bool]
    taken: Taken
    gone: list[tuple[Claimed, Phase]]
    more: bool  # every slot found work: there may be more of it
    next_due: float | None
    folded: int = 0  # messages that became part of another
    words: list[Word] = []  # what receipts said of those that were taken just now
    over: dict[int, Over] = {}  # what was claimed and may not go, by the delivery's id


def turn(tx: Tx, orders: Orders, answers: Sequence[Answer]) -> Haul:
    """Everything in one transaction: what is settled first cannot be claimed again."""
    words: list[Word] = []
    settled = [settle(tx, answer, orders.now, words) for answer in answers]
    taken = Taken(claimed=[], unreadable=[])
    folded = _folded(tx, orders) if orders.slots else 0
    if orders.slots:
        taken = leases.claim(
            tx, orders.channel, orders.now, orders.lease, orders.slots, batch=orders.batch, held=orders.held
        )
    over: dict[int, Over] = {}
    if orders.limits and taken.claimed:
        counted, over = spending.admit(tx, orders.channel, orders.limits, taken.claimed, orders.now)
        taken = Taken(claimed=counted, unreadable=taken.unreadable)
    gone = []
    if orders.shut:
        leases.lapse(tx, orders.channel, orders.now, orders.lease, orders.held)
        gone = outbox.give_up(tx, orders.channel, orders.now, orders.shut, stale=orders.stale, limit=GIVE_UP_AT_ONCE)
    full = bool(orders.slots) and len(taken.claimed) + len(taken.unreadable) >= orders.slots
    return Haul(
        settled=settled,
        taken=taken,
        gone=gone,
        folded=folded,
        words=words,
        over=over,
        more=full,
        next_due=leases.next_due(tx, orders.channel) if orders.slots and not full else None,
    )


def _folded(tx: Tx, orders: Orders) -> int:
    if orders.room is None:
        return 0
    company = quotas.in_company(tx, orders.channel, orders.now) if orders.limits else ()
    return backlog.fold(tx, orders.channel, orders.now, orders.room, company)


def settle(tx: Tx, answer: Answer, now: float, words: list[Word] | None = None) -> bool:
    """Write one verdict and the try that led to it; False when somebody else holds the row by now.

    What a receipt said that came before the answer is added to `words`.
    """
    if answer.claimed.charges.charges:
        spending.settle(tx, answer.claimed, now, taken=answer.verdict.step is Step.SENT or answer.verdict.ambiguous)
    ours = _settle(tx, answer.claimed, answer.verdict, now, [] if words is None else words)
    if ours and answer.tried is not None:
        attempts.add(tx, answer.claimed.delivery.id, answer.tried, answer.verdict.step)
    return ours


def _settle(tx: Tx, claimed: Claimed, verdict: Verdict, now: float, words: list[Word]) -> bool:
    delivery = claimed.delivery
    match verdict.step:
        case Step.SENT:
            provider_id = verdict.acceptance.provider_id if verdict.acceptance else ""
            ours = outbox.sent(tx, delivery, provider_id, verdict.reason, now)
            if ours and verdict.awaits is not None and provider_id:
                words += _expect(tx, claimed, provider_id, verdict.awaits, now)
            return ours
        case Step.LATER:
            return outbox.later(tx, delivery, verdict.due_at, verdict.reason, ambiguous=verdict.ambiguous)
        case Step.ALONE:
            return outbox.later(tx, delivery, verdict.due_at, verdict.reason, alone=True)
        case Step.FAIL_OVER:
            return outbox.fail_over(tx, claimed, verdict.reason, now) is not None
    return outbox.dead(tx, delivery, verdict.reason, now, ambiguous=verdict.ambiguous)


def _expect(tx: Tx, claimed: Claimed, provider_id: str, awaits: Awaits, now: float) -> list[Word]:
    by = awaits.handset_by if claimed.delivery.then else None
    word = receipts.expect(tx, claimed, provider_id, awaits.known_as, now, handset_by=by, poll_at=awaits.poll_at)
    return [word] if word else []


def close(tx: Tx, answers: Sequence[Answer], broken_off: Sequence[Delivery], now: float, knows_after: float) -> int:
    """The last round: settle what came back, give back what did not; return how many were given back."""
    for answer in answers:
        settle(tx, answer, now)
    return leases.release(tx, broken_off, now + knows_after)
