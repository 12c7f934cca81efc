"""Why somebody was or was not told of an alert, in one sentence; and instants as such sentences write them."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from daemon.notice import TOLD, Phase

MOST = 3  # people named in one sentence; the others are counted


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Where one recipient's chain of deliveries stands: the one that was sent first, else the last one."""

    code: str
    channel: str
    recipient: str
    phase: Phase
    at: float  # when it was sent, or is to be sent
    provider_id: str = ""
    reason: str = ""


class Hindrance(msgspec.Struct, frozen=True, kw_only=True):
    """Why a receiver was not told at all. With `yet` it may still be."""

    receiver: str
    why: str
    yet: bool = False


def sentence(ways: Sequence[Way], hindrances: Sequence[Hindrance], now: float) -> str:
    """Say who was told, then what became of the others."""
    told = [_told(way, now) for way in ways if way.phase in TOLD]
    others = [_not_told(way, now) for way in ways if way.phase not in TOLD]
    if told:
        kept = [f"{one.receiver} was not told{' yet' if one.yet else ''}: {one.why}" for one in hindrances]
        return "; ".join([*_few(told), *_few(others), *_few(kept)])
    whys = list(dict.fromkeys([*others, *(one.why for one in hindrances)]))
    if not whys:
        return "nobody was told, and nothing says why"
    open_ways = (Phase.WAITING, Phase.SENDING)
    may_be = any(way.phase in open_ways for way in ways) or any(one.yet for one in hindrances)
    return f"nobody was told{' yet' if may_be else ''}: {'; '.join(_few(whys))}"


def moment(at: float, now: float) -> str:
    """An instant by the clock of this machine, with its date unless that is the day of `now`."""
    then, today = (datetime.fromtimestamp(one, UTC).astimezone() for one in (at, now))
    return then.strftime("%H:%M:%S" if then.date() == today.date() else "%Y-%m-%d %H:%M:%S")


def _told(way: Way, now: float) -> str:
    who = f"{way.recipient} was told by {way.channel}" if way.recipient else f"the room {way.channel} was told"
    theirs = f", provider's id {way.provider_id}" if way.provider_id else ""
    arrived = ", on the handset" if way.phase is Phase.DELIVERED else ""
    return f"{who} at {moment(way.at, now)} ({way.code}{theirs}{arrived})"


def _not_told(way: Way, now: float) -> str:
    it = f"its delivery {way.code}{f' to {way.recipient}' if way.recipient else ''} over {way.channel}"
    because = f": {way.reason}" if way.reason else ""
    match way.phase:
        case Phase.WAITING:
            return f"{it} waits until {moment(way.at, now)}{because}" if way.at > now else f"{it} is about to be sent"
        case Phase.SENDING:
            return f"{it} is being sent"
        case Phase.FOLDED:
            return f"{it} was not sent{because}"
    return f"{it} is dead{because}"


def _few(parts: Sequence[str]) -> list[str]:
    return [*parts[:MOST], f"and {len(parts) - MOST} more"] if len(parts) > MOST else list(parts)
