"""Percentiles that can be added up: how many values lie in each of many ranges that grow with what they hold.

Range number i reaches from GAMMA**(i-1) to GAMMA**i, so whatever lies in it is at most ERROR from the value that stands
for it, and two sketches are added by adding their counts: nothing is lost by it. Zero has a range of its own, below it
lie those of what is negative: numbers are in the order of values. C. Masson, J. E. Rim, H. K. Lee: DDSketch, a fast and
fully-mergeable quantile sketch with relative-error guarantees, PVLDB 12 (12), 2019.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, repeat
from operator import mul

ERROR = 0.02
GAMMA = (1 + ERROR) / (1 - ERROR)
LAST = 1_100  # the last range holds whatever is more than 10**19
ZERO = -1_000
MOST_RANGES = 2 * (LAST - ZERO)

_FIRST = -700  # the first above zero holds whatever is less than 10**-12
_MIRROR = 2 * ZERO  # range i of what is negative has the number _MIRROR - i
_LEAST = _MIRROR - LAST
_PER_RANGE = 1 / math.log2(GAMMA)
_TINY, _HUGE = GAMMA**_FIRST, GAMMA ** (LAST - 1)  # what lies between has a range by the formula alone
_MOST = 2**53  # values in one range

Counts = dict[int, int]  # how many values lie in each range


def place(value: float) -> int:
    """The range in which a finite value lies."""
    if value > 0:
        return min(max(math.ceil(math.log2(value) * _PER_RANGE), _FIRST), LAST)
    return _MIRROR - place(-value) if value < 0 else ZERO


def counted(values: Sequence[float]) -> Counts:
    """Sketch these finite values, of which there is at least one."""
    if min(values) > _TINY and max(values) < _HUGE:  # as `place`, with no step of it in Python
        ranges = Counter(map(math.ceil, map(mul, map(math.log2, values), repeat(_PER_RANGE))))
    else:
        ranges = Counter(map(place, values))
    # Of the pairs, and not of the counter itself: the collector of garbage would look through what is made of that.
    return dict(ranges.items())


def middle(number: int) -> float:
    """The value that stands for a range: as far, in proportion, from one end as from the other."""
    if number == ZERO:
        return 0.0
    return 2 * GAMMA**number / (GAMMA + 1) if number > ZERO else -middle(_MIRROR - number)


def merge(into: Counts, other: Mapping[int, int]) -> None:
    """Add another sketch."""
    for number, count in other.items():
        into[number] = into.get(number, 0) + count


def quantile(counts: Mapping[int, int], part: float) -> float | None:
    """The value that so much of all values is at most, 0.5 being the median; None where there are none."""
    wanted = round(part * sum(counts.values()), 6)  # 0.07 of 100 is 7, and not a little more
    passed = 0
    for number in sorted(counts):
        passed += counts[number]
        if passed >= wanted:
            return middle(number)
    return None


def packed(counts: Mapping[int, int]) -> list[int]:
    """Write it as small numbers: each range as its distance from the one before, then how many values lie in it."""
    return list(_packed(counts))


def unpacked(numbers: Sequence[int]) -> Counts:
    """Read what `packed` wrote; ValueError for anything else."""
    steps, sizes = numbers[::2], numbers[1::2]
    if len(steps) != len(sizes) or any(step < 1 for step in steps[1:]) or (steps and steps[0] < _LEAST):
        raise ValueError("not the ranges of a sketch")
    if any(not 0 < size <= _MOST for size in sizes) or sum(steps) > LAST:
        raise ValueError("not the counts of a sketch")
    return dict(zip(accumulate(steps), sizes, strict=True))


def _packed(counts: Mapping[int, int]) -> Iterator[int]:
    before = 0
    for number in sorted(counts):
        yield number - before
        yield min(counts[number], _MOST)
        before = number
