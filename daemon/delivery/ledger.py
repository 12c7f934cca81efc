"""Quotas: which messages may go, which wait to be told in company, and which go no further this day or month.

What is not critical may use all but the reserve. Beyond that it takes the next channel, or is told in one message to
each recipient every `digest_every`; those digests live on one half of the reserve. What is critical may use all of it.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from daemon.config.quota import Counted, Per, Quota, Then
from daemon.config.settings import Channel
from daemon.store.quotas import Account, Charge, Charges

NOTHING: Mapping[Account, int] = MappingProxyType({})
LOOK_AGAIN = 5.0  # seconds after which a message without another way asks again, while what is under way may fail


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """One day or month of the calendar; `name` sorts as time goes."""

    name: str
    begin: float
    end: float


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A quota in force. A message claimed now may still be under way in `next`, where that is not None."""

    quota: Quota
    period: Period
    next: Period | None = None
    template: str = ""

    def account(self, address: str) -> Account:
        """Where a message to this address is counted."""
        key = {Counted.RECIPIENT: address, Counted.TEMPLATE: self.template}.get(self.quota.each, "")
        return Account(each=self.quota.each.value, key=key, per=self.quota.per.value)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could go now."""

    id: int
    address: str
    chain: str
    critical: bool
    elsewhere: bool = True  # there is another way for it


class Over(msgspec.Struct, frozen=True, kw_only=True):
    """A message that may not go: why, and when it may. `in_company`: it waits for that rather than take another way."""

    reason: str
    at: float
    in_company: bool


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of each message by its id, and when each chain is told in company (None: as it comes again)."""

    charges: dict[int, Charges]
    over: dict[int, Over]
    instants: dict[str, float | None]


class _Book:
    """What is used and who waits, as it changes while messages are looked at one by one."""

    def __init__(self, used: Mapping[Account, int], waits: Mapping[str, float], now: float) -> None:
        self.used = dict(used)
        self.waits: dict[str, float | None] = dict(waits)
        self.now = now
        self.decision = Decision(charges={}, over={}, instants={})

    def is_due(self, chain: str) -> bool:
        at = self.waits.get(chain)
        return at is not None and at <= self.now

    def set(self, chain: str, at: float | None) -> None:
        self.waits[chain] = self.decision.instants[chain] = at

    def go(self, wish: Wish, limits: Sequence[Limit], *, digest: bool) -> None:
        charges = [_charge(limit, limit.account(wish.address)) for limit in limits]
        for one in charges:
            self.used[one.account] = self.used.get(one.account, 0) + 1
        self.decision.charges[wish.id] = Charges(charges=tuple(charges), digest=digest)

    def keep(self, wish: Wish, shut: Sequence[Limit], at: float, *, in_company: bool) -> None:
        self.set(wish.chain, at)
        reason = said(shut[0], critical=wish.critical) + (", so it is told in company" if in_company else "")
        self.decision.over[wish.id] = Over(reason=reason, at=at, in_company=in_company)

    def look_again(self, wish: Wish, shut: Sequence[Limit]) -> None:
        reason = said(shut[0], critical=wish.critical) + ", with what is under way"
        self.decision.over[wish.id] = Over(reason=reason, at=self.now + LOOK_AGAIN, in_company=True)


def limits(channel: Channel, zone: dt.tzinfo, now: float, lease: float) -> tuple[Limit, ...]:
    """The channel's quotas as they are in force now; a message may be under way for `lease` seconds."""
    template = channel.sender.approved_template
    return tuple(_limit(quota, zone, template, now, lease) for quota in channel.quotas)


def decide(
    limits: Sequence[Limit],
    wishes: Iterable[Wish],
    used: Mapping[Account, int],
    waits: Mapping[str, float],
    now: float,
    under_way: Mapping[Account, int] = NOTHING,
) -> Decision:
    """Look at messages in the order in which they would go.

    `used` says how much of each account is, with what is `under_way`; `waits` when chains are told in company.
    """
    book = _Book(used, waits, now)
    for wish in wishes:
        shut = [one for one in limits if book.used.get(one.account(wish.address), 0) >= _bound(one, wish)]
        if not shut:
            if book.is_due(wish.chain):
                book.set(wish.chain, None)
            book.go(wish, limits, digest=False)
        elif not wish.elsewhere and _may_come_back(shut, wish, used, under_way, book.used):
            book.look_again(wish, shut)
        elif not _may_digest(shut, wish, book.used):
            book.keep(wish, shut, max(one.period.end for one in shut), in_company=False)
        elif book.is_due(wish.chain):
            book.set(wish.chain, _next_digest(shut, None, now))
            book.go(wish, limits, digest=True)
        else:
            book.keep(wish, shut, _next_digest(shut, book.waits.get(wish.chain), now), in_company=True)
    return book.decision


def period(per: Per, zone: dt.tzinfo, now: float) -> Period:
    """The day or month in which that instant lies."""
    here = dt.datetime.fromtimestamp(now, zone).date()
    first = here if per is Per.DAY else here.replace(day=1)
    after = first + dt.timedelta(days=1 if per is Per.DAY else 31)
    last = after if per is Per.DAY else after.replace(day=1)
    name = first.isoformat() if per is Per.DAY else f"{first:%Y-%m}"
    return Period(name=name, begin=_midnight(first, zone), end=_midnight(last, zone))


def said(limit: Limit, *, critical: bool) -> str:
    """Why a message did not go."""
    quota = limit.quota
    of = {Counted.RECIPIENT: " to each recipient", Counted.TEMPLATE: " of the template"}.get(quota.each, "")
    all_of_it = f"the quota of {quota.most:,} messages a {quota.per}{of}"
    if critical or not quota.kept:
        return f"not sent: {all_of_it} is used up"
    return f"not sent: of {all_of_it} all is used but the {quota.kept:,} reserved for what is critical"


def _limit(quota: Quota, zone: dt.tzinfo, template: str, now: float, lease: float) -> Limit:
    info = quota.time_zone.info if quota.time_zone else zone
    current = period(quota.per, info, now)
    crosses = now + lease >= current.end
    following = period(quota.per, info, current.end) if crosses else None
    return Limit(quota=quota, period=current, next=following, template=template)


def _bound(limit: Limit, wish: Wish) -> int:
    return limit.quota.most if wish.critical else limit.quota.ordinary


def _may_digest(shut: Iterable[Limit], wish: Wish, used: Mapping[Account, int]) -> bool:
    return not wish.critical and all(
        limit.quota.then is Then.DIGEST and used.get(limit.account(wish.address), 0) < limit.quota.digests_up_to
        for limit in shut
    )


def _may_come_back(
    shut: Iterable[Limit],
    wish: Wish,
    used: Mapping[Account, int],
    under_way: Mapping[Account, int],
    with_these: Mapping[Account, int],
) -> bool:
    """Whether the quota is used up only if everything that is under way arrives; digests wait anyway."""
    if _may_digest(shut, wish, with_these):
        return False
    accounts = [(limit.account(wish.address), _bound(limit, wish)) for limit in shut]
    return all(used.get(one, 0) - under_way.get(one, 0) < bound for one, bound in accounts)


def _next_digest(shut: Iterable[Limit], agreed: float | None, now: float) -> float:
    """The instant that was agreed on already, if it still makes sense; not later than new messages may be sent."""
    every = max(limit.quota.digest_every for limit in shut)
    at = agreed if agreed is not None and now < agreed <= now + every else now + every
    return min(at, max(limit.period.end for limit in shut))


def _charge(limit: Limit, account: Account) -> Charge:
    following = limit.next.name if limit.next else ""
    return Charge(account=account, period=limit.period.name, next=following, ends=limit.period.end)


def _midnight(day: dt.date, zone: dt.tzinfo) -> float:
    return dt.datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
