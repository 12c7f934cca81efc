"""Quotas inside the store: what a claim takes from them, and what settling gives back."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

from daemon.clock import Clock
from daemon.delivery import ledger
from daemon.delivery.ledger import Limit, Over, Wish
from daemon.errors import Scope, SendError, SendRefused, StoreError
from daemon.event import Severity
from daemon.notice import Message, Notice, Reason
from daemon.store import leases, quotas
from daemon.store.attempts import OVER_QUOTA
from daemon.store.base import Store, Tx
from daemon.store.outbox import Claimed
from daemon.store.quotas import Account, Charges

log = logging.getLogger("tocsin.delivery")


def admit(
    tx: Tx, channel: str, limits: Sequence[Limit], claimed: Sequence[Claimed], now: float
) -> tuple[list[Claimed], dict[int, Over]]:
    """Count what may go, each with what it was counted on; tell of the rest, by its id, why not."""
    wishes = [
        Wish(
            id=one.delivery.id,
            address=one.delivery.recipient.address,
            chain=one.delivery.chain,
            critical=is_critical(one.notice),
            elsewhere=bool(one.delivery.then),
        )
        for one in claimed
    ]
    decision = decided(tx, channel, limits, wishes, now)
    nothing = quotas.NO_CHARGES
    counted = [msgspec.structs.replace(one, charges=decision.charges.get(one.delivery.id, nothing)) for one in claimed]
    return counted, decision.over


def take(tx: Tx, channel: str, limits: Sequence[Limit], address: str, now: float) -> Charges | Over:
    """Count one message that is no row of the outbox: a test or a canary. They are few and may use the reserve."""
    decision = decided(tx, channel, limits, [Wish(id=0, address=address, chain="", critical=True)], now, alone=True)
    return decision.over.get(0) or decision.charges[0]


@contextmanager
def counted(store: Store, clock: Clock, channel: str, limits: Sequence[Limit], message: Message) -> Iterator[None]:
    """Count what is sent meanwhile past the outbox, to one recipient. Raises SendRefused where a quota forbids it."""
    charges = _taken(store, clock, channel, limits, message.recipients[0].address)
    taken = True  # whatever happens, unless the sender knows better
    try:
        yield
    except SendError as error:
        taken = error.ambiguous
        raise
    finally:
        if charges.charges:
            _corrected(store, clock, channel, charges, taken=taken)


def _taken(store: Store, clock: Clock, channel: str, limits: Sequence[Limit], address: str) -> Charges:
    if not limits:
        return quotas.NO_CHARGES
    now = clock.now()
    try:
        found = store.write(lambda tx: take(tx, channel, limits, address, now))
    except StoreError as error:
        log.warning("%s: a test cannot be counted: %s", channel, error)
        return quotas.NO_CHARGES
    if isinstance(found, Over):
        raise SendRefused(found.reason, code=OVER_QUOTA, scope=Scope.RECIPIENT)
    return found


def _corrected(store: Store, clock: Clock, channel: str, charges: Charges, *, taken: bool) -> None:
    now = clock.now()
    try:
        store.write(lambda tx: quotas.settle(tx, channel, "", charges, now, taken=taken))
    except StoreError as error:
        log.warning("%s: a test stays counted: %s", channel, error)


def settle(tx: Tx, claimed: Claimed, now: float, *, taken: bool) -> None:
    """Correct what a row was counted on: what the provider took, or may have taken, stays counted."""
    quotas.settle(tx, claimed.delivery.channel, claimed.delivery.chain, claimed.charges, now, taken=taken)


def is_critical(notice: Notice) -> bool:
    """Whether a notice may use the reserve: something critical fires."""
    return notice.firing > 0 and notice.alert.severity is Severity.CRITICAL and notice.reason is not Reason.TEST


def decided(
    tx: Tx, channel: str, limits: Sequence[Limit], wishes: Sequence[Wish], now: float, *, alone: bool = False
) -> ledger.Decision:
    """Decide about messages in the order in which they would go, and count those that may.

    `alone`: they are no rows of the outbox, so nothing waits for them to be told in company.
    """
    periods = {
        limit.account(address): limit.period.name for limit in limits for address in {wish.address for wish in wishes}
    }
    used = {account: quotas.used(tx, channel, account, period) for account, period in periods.items()}
    chains = set() if alone else {wish.chain for wish in wishes}
    found = {chain: quotas.waits_until(tx, channel, chain) for chain in chains}
    waits = {chain: at for chain, at in found.items() if at is not None}
    under_way = {} if alone else _under_way(tx, channel, limits, wishes)
    decision = ledger.decide(limits, wishes, used, waits, now, under_way)
    for charges in decision.charges.values():
        quotas.charge(tx, channel, charges.charges, now)
    if not alone:
        quotas.postpone(tx, channel, decision.instants)
    return decision


def _under_way(tx: Tx, channel: str, limits: Sequence[Limit], wishes: Sequence[Wish]) -> dict[Account, int]:
    """How much of each account is under way; what was claimed just now is not."""
    sending = leases.sending(tx, channel)
    for wish in wishes:
        sending[wish.address] -= 1
    found: Counter[Account] = Counter()
    for limit in limits:
        for address, number in sending.items():
            found[limit.account(address)] += number
    return found
