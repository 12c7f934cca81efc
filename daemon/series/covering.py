"""Which tiers a stretch of time is read from: as coarse as the steps allow, as fine as is still kept."""

from collections.abc import Iterator, Mapping

import msgspec

from daemon.config.series import Series
from daemon.series.table import SLOT
from daemon.series.writing import DAY, HOUR, MINUTE, TIERS

ABOVE = {SLOT: MINUTE, MINUTE: HOUR, HOUR: DAY}


class Piece(msgspec.Struct, frozen=True, order=True):
    """Rows of one tier that start from `begin` up to `end` (s)."""

    begin: int
    end: int
    span: int


def pieces(begin: int, end: int, step: int, kept: Mapping[int, int], upto: Mapping[int, int]) -> list[Piece]:
    """In the order of time. `kept` says from when on each tier is there, `upto` up to when it is made.

    No time is in two of them. A row counts where it starts: so what is asked for in parts adds up to the whole.
    """
    allowed = [span for span in reversed(TIERS) if not step or span == SLOT or step % span == 0]
    found: list[Piece] = []
    left = [(begin, end)]
    for span in allowed:
        left = [part for one in left for part in _cover(found, one, span, kept[span], upto.get(span))]
    for span in TIERS[1:]:  # where nothing that fine is kept any more
        left = [part for one in left for part in _cover(found, one, span, kept[span], None)]
    return sorted(found)


def kept_since(settings: Series, now: float) -> dict[int, int]:
    """From when on each tier is still there, at whole rows of the one above."""
    ages = {SLOT: settings.slots, MINUTE: settings.minutes, HOUR: settings.hours}
    since = {span: _up(int(now - age), ABOVE[span]) for span, age in ages.items()}
    return since | {DAY: 0}


def _cover(
    found: list[Piece], part: tuple[int, int], span: int, since: int, upto: int | None
) -> Iterator[tuple[int, int]]:
    """Take the rows of a tier that lie in it, only whole ones up to where it is made; yield what is left."""
    begin, end = part
    low = max(_up(begin, span), since)
    high = end if upto is None else min(end // span * span, upto)
    if low >= high:
        yield part
        return
    found.append(Piece(low, high, span))
    if begin < low:
        yield begin, low
    if high < end:
        yield high, end


def _up(at: int, span: int) -> int:
    return -(-at // span) * span
