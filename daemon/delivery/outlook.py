"""How the quotas stand: what is used, what is left, and when it will be gone at this rate."""

import datetime as dt
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from daemon.config.quota import Counted, Quota
from daemon.config.settings import Channel, Settings
from daemon.delivery import ledger
from daemon.delivery.ledger import Period
from daemon.store import quotas
from daemon.store.base import Tx
from daemon.store.quotas import FADE, Account, Use

MOST_SHOWN = 10  # accounts of a quota that counts each recipient, the fullest first

NOTHING = Use(key="", used=0, pace=0.0)


class Level(StrEnum):
    """How far a quota is used."""

    OK = "ok"
    SOON = "soon"  # past `warn_at`
    RESERVE = "reserve"  # only the reserve is left
    GONE = "gone"  # all of it is used


class QuotaLine(msgspec.Struct, frozen=True, kw_only=True):
    """One account of a quota. `key` is the address or template that it counts, empty for the channel.

    `gone_at` is when all but the reserve will be used at this rate, null when not in this period; `forecast` says it
    in words. `others` counts the accounts of the same quota that are past `warn_at` as well.
    """

    channel: str
    quota: str
    each: str
    per: str
    key: str
    begins_at: float
    ends_at: float
    used: int
    most: int
    reserve: int
    warn_at: int
    then: str
    level: Level
    gone_at: float | None
    forecast: str
    others: int = 0


def standing(tx: Tx, settings: Settings, now: float) -> list[QuotaLine]:
    """Every quota of every channel; one that counts each recipient shows the fullest."""
    return [
        line
        for channel in settings.channels.values()
        for quota in channel.quotas
        for line in _lines(tx, channel, quota, settings.texts.time_zone.info, now)
    ]


def gone_at(quota: Quota, period: Period, use: Use, now: float) -> float | None:
    """When all but the reserve is used at this rate: that of the period so far or of the last hour, the faster.

    None when it is used already, or is not in this period.
    """
    rate = max(use.used / max(FADE, now - period.begin), use.pace / FADE)
    left = quota.ordinary - use.used
    if left <= 0 or rate <= 0 or now + left / rate >= period.end:
        return None
    return now + left / rate


def level(quota: Quota, used: int) -> Level:
    """How far it is used."""
    if used >= quota.most:
        return Level.GONE
    if used >= quota.ordinary:
        return Level.RESERVE
    return Level.SOON if used >= quota.soft else Level.OK


def _lines(tx: Tx, channel: Channel, quota: Quota, zone: dt.tzinfo, now: float) -> Iterator[QuotaLine]:
    period = ledger.period(quota.per, quota.time_zone.info if quota.time_zone else zone, now)
    each, per = quota.each.value, quota.per.value
    if quota.each is Counted.RECIPIENT:
        uses = quotas.fullest(tx, channel.name, each, per, period.name, now, MOST_SHOWN)
        others = quotas.beyond(tx, channel.name, each, per, period.name, quota.soft) - 1
    else:
        key = channel.sender.approved_template if quota.each is Counted.TEMPLATE else ""
        account = Account(each=each, key=key, per=per)
        uses = [quotas.use(tx, channel.name, account, period.name, now)]
        others = 0
    for use in uses or [NOTHING]:
        found = level(quota, use.used)
        gone = gone_at(quota, period, use, now)
        yield QuotaLine(
            channel=channel.name,
            quota=quota.name,
            each=each,
            per=per,
            key=use.key,
            begins_at=period.begin,
            ends_at=period.end,
            used=use.used,
            most=quota.most,
            reserve=quota.kept,
            warn_at=quota.soft,
            then=quota.then.value,
            level=found,
            gone_at=gone,
            forecast=_forecast(found, gone, period, zone, now),
            others=max(0, others),
        )


def _forecast(found: Level, gone: float | None, period: Period, zone: dt.tzinfo, now: float) -> str:
    if gone is not None:
        return f"at this rate gone at {_clock(gone, zone, now)}"
    if found in (Level.RESERVE, Level.GONE):
        return f"new at {_clock(period.end, zone, now)}"
    return "enough at this rate"


def _clock(at: float, zone: dt.tzinfo, now: float) -> str:
    """The time of the day, with the date where it is another day."""
    when, today = dt.datetime.fromtimestamp(at, zone), dt.datetime.fromtimestamp(now, zone).date()
    return f"{when:%H:%M}" if when.date() == today else f"{when:%H:%M on %Y-%m-%d}"
