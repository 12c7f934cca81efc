"""What channels have used of their quotas: counted with the claim, taken off when a message certainly did not go."""

import math
from collections.abc import Iterable, Mapping

import msgspec

from daemon.store.base import Tx

FADE = 3600.0  # seconds in which the pace of use fades to a third: it is about that of the last hour
KEEP = {"day": 8 * 86_400.0, "month": 62 * 86_400.0}  # so long after its last use a row is forgotten

_ONE = "channel = ? AND each = ? AND key = ? AND per = ? AND period = ?"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted: one quota of a channel, and where it counts each recipient, whose."""

    each: str
    key: str
    per: str


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """One message on one account. It may still be under way in the `next` period, which begins at `ends`."""

    account: Account
    period: str
    next: str = ""
    ends: float = 0.0


class Charges(msgspec.Struct, frozen=True, kw_only=True):
    """All that one claimed message was counted on; `digest` when it goes beyond a quota, as a digest."""

    charges: tuple[Charge, ...] = ()
    digest: bool = False


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """How much of an account is used in a period, and about how much of it in the last hour."""

    key: str
    used: int
    pace: float


NO_CHARGES = Charges()


def used(tx: Tx, channel: str, account: Account, period: str) -> int:
    """How much is used of one account, with what is under way.

    What was counted on later periods went out before the clock was set back, so it counts now.
    """
    row = tx.one(
        "SELECT sum(CASE WHEN period = ? THEN used + ahead ELSE used END) FROM quota_used"
        " WHERE channel = ? AND each = ? AND key = ? AND per = ? AND period >= ?",
        (period, channel, account.each, account.key, account.per, period),
    )
    return (row[0] if row else None) or 0


def use(tx: Tx, channel: str, account: Account, period: str, now: float) -> Use:
    """The same with the pace, for people."""
    where = (channel, account.each, account.key, account.per, period)
    pace, at = tx.one(f"SELECT pace, paced_at FROM quota_used WHERE {_ONE}", where) or (0.0, now)
    return Use(key=account.key, used=used(tx, channel, account, period), pace=_faded(pace, at, now))


def fullest(tx: Tx, channel: str, each: str, per: str, period: str, now: float, limit: int) -> list[Use]:
    """The accounts of one quota of which most is used, that first."""
    rows = tx.all(
        "SELECT key, sum(CASE WHEN period = ? THEN used + ahead ELSE used END) AS all_used,"
        " max(CASE WHEN period = ? THEN pace ELSE 0 END), max(CASE WHEN period = ? THEN paced_at ELSE 0 END)"
        " FROM quota_used WHERE channel = ? AND each = ? AND per = ? AND period >= ?"
        " GROUP BY key ORDER BY all_used DESC, key LIMIT ?",
        (period, period, period, channel, each, per, period, limit),
    )
    return [Use(key=key, used=count, pace=_faded(pace, at, now)) for key, count, pace, at in rows]


def beyond(tx: Tx, channel: str, each: str, per: str, period: str, least: int) -> int:
    """On how many accounts of one quota at least so much is used."""
    row = tx.one(
        "SELECT count(*) FROM (SELECT key FROM quota_used WHERE channel = ? AND each = ? AND per = ? AND period >= ?"
        " GROUP BY key HAVING sum(CASE WHEN period = ? THEN used + ahead ELSE used END) >= ?)",
        (channel, each, per, period, period, least),
    )
    return row[0] if row else 0


def charge(tx: Tx, channel: str, charges: Iterable[Charge], now: float) -> None:
    """Count one message."""
    for one in charges:
        _move(tx, channel, one.account, one.period, now, used=1)
        if one.next:
            _move(tx, channel, one.account, one.next, now, ahead=1)


def settle(tx: Tx, channel: str, chain: str, charges: Charges, now: float, *, taken: bool) -> None:
    """Correct what was counted with the claim, now that it is known what became of the message.

    What the provider took, or may have taken, was taken before now; what it did not take is not counted.
    """
    for one in charges.charges:
        if not taken:
            _move(tx, channel, one.account, one.period, now, used=-1)
        if one.next and (not taken or now < one.ends):
            _move(tx, channel, one.account, one.next, now, ahead=-1)
    if charges.digest and not taken:  # it may go as soon as the provider takes it
        postpone(tx, channel, {chain: now})


def waits_until(tx: Tx, channel: str, chain: str) -> float | None:
    """When what waits of a chain is told in one message; None when it is told as it comes."""
    row = tx.one("SELECT at FROM quota_digests WHERE channel = ? AND chain = ?", (channel, chain))
    return row[0] if row else None


def in_company(tx: Tx, channel: str, now: float) -> frozenset[str]:
    """The chains of which that instant has come: what is due is told in one message."""
    rows = tx.all("SELECT chain FROM quota_digests WHERE channel = ? AND at <= ?", (channel, now))
    return frozenset(chain for (chain,) in rows)


def postpone(tx: Tx, channel: str, instants: Mapping[str, float | None]) -> None:
    """Set when each chain is told in company; None for those that are told as it comes again."""
    for chain, at in instants.items():
        if at is None:
            tx.run("DELETE FROM quota_digests WHERE channel = ? AND chain = ?", (channel, chain))
        else:
            tx.run(
                "INSERT INTO quota_digests (channel, chain, at) VALUES (?, ?, ?)"
                " ON CONFLICT (channel, chain) DO UPDATE SET at = excluded.at",
                (channel, chain, at),
            )


def forget(tx: Tx, now: float) -> int:
    """Delete what was used in periods long gone; return how many rows that were."""
    gone = sum(
        tx.run("DELETE FROM quota_used WHERE per = ? AND paced_at < ?", (per, now - kept)) for per, kept in KEEP.items()
    )
    return gone + tx.run("DELETE FROM quota_digests WHERE at < ?", (now - KEEP["day"],))


def _move(tx: Tx, channel: str, account: Account, period: str, now: float, *, used: int = 0, ahead: int = 0) -> None:
    where = (channel, account.each, account.key, account.per, period)
    row = tx.one(f"SELECT pace, paced_at FROM quota_used WHERE {_ONE}", where)
    pace, at = row or (0.0, now)
    tx.run(
        "INSERT INTO quota_used (channel, each, key, per, period, used, ahead, pace, paced_at)"
        " VALUES (?, ?, ?, ?, ?, max(0, ?), max(0, ?), ?, ?) ON CONFLICT (channel, each, key, per, period) DO UPDATE"
        " SET used = max(0, used + ?), ahead = max(0, ahead + ?), pace = excluded.pace, paced_at = excluded.paced_at",
        (*where, used, ahead, max(0.0, _faded(pace, at, now) + used), now, used, ahead),
    )


def _faded(pace: float, at: float, now: float) -> float:
    return float(pace * math.exp(-max(0.0, now - at) / FADE))
