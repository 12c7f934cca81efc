"""Which rows of which tiers make up a stretch of time: the largest that lie in it, smaller ones at its edges."""

from collections.abc import Iterator, Mapping, Sequence

from daemon.history.tiers import DAY, HOUR, MINUTE

Pick = tuple[int, range]  # a tier, and where its rows start; of single readings (tier 0) the seconds between

TIERS = (DAY, HOUR, MINUTE)


def pick(
    begin: int, end: int, made: Mapping[int, int], kept: Mapping[int, int], tiers: Sequence[int] = TIERS
) -> Iterator[Pick]:
    """`made` says up to where each tier is made, `kept` from where on it still is, all in seconds.

    Where what lies at the edge is not kept any more in smaller pieces, a larger one belongs to the time in which it
    begins.
    """
    if begin >= end:
        return
    if not tiers:
        yield 0, range(begin, end)
        return
    span, below = tiers[0], tiers[1:]
    first = -(-begin // span) * span
    last = min(end, made.get(span, 0)) // span * span
    if below and last < min(end, kept.get(below[0], 0)):
        last = min(-(-end // span) * span, made.get(span, 0) // span * span)
    if first >= last:
        yield from pick(begin, end, made, kept, below)
        return
    yield from pick(begin, first, made, kept, below)
    yield span, range(first, last, span)
    yield from pick(last, end, made, kept, below)
